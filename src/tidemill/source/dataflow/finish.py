"""From a finished walk to a graph: reads become edges, captures are linked, nodes sorted."""

from collections import defaultdict

from tidemill.source.dataflow.graph import DataFlowGraph
from tidemill.source.dataflow.limits import MAX_EDGES, MAX_STEPS, too_large
from tidemill.source.dataflow.walk import (
    COMES_FROM,
    COMPUTED_FROM,
    LITERAL,
    PathKeys,
    Walk,
)

__all__ = ["finish"]


def finish(walk: Walk, text: bytes, offset: int) -> DataFlowGraph:
    """Make the graph of a finished walk.

    Args:
        walk: The walk.
        text: What spans shall point into.
        offset: Byte of the walked text at which ``text`` begins.

    Raises:
        InputError: If the graph is over one of the :mod:`.limits`.
    """
    resolve = _Resolver(walk.state.phis)
    edges = _direct_edges(walk, resolve)
    _add_path_edges(walk, resolve, edges)
    owners = _owners(walk)
    if owners:
        _add_captures(walk, owners, edges)
    return _graph(walk, edges, owners, (text, offset))


class _Resolver:
    """Expands values to the definitions they may be; each phi once."""

    __slots__ = ("_known", "_phis", "_steps")

    def __init__(self, phis: list[list[int]]) -> None:
        self._phis = phis
        self._steps = 0
        self._known: dict[int, tuple[int, ...]] = {}

    def __call__(self, value: int) -> tuple[int, ...]:
        if value > 0:
            return (value,)
        if value == 0:
            return ()
        found = self._known.get(value)
        if found is None:
            found = self._known[value] = self._expand(value)
        return found

    def _expand(self, phi: int) -> tuple[int, ...]:
        definitions: set[int] = set()
        seen, stack = {phi}, [phi]
        while stack:
            for operand in self._phis[-stack.pop()]:
                if operand > 0:
                    definitions.add(operand)
                elif operand < 0 and operand not in seen:
                    seen.add(operand)
                    known = self._known.get(operand)
                    if known is None:
                        stack.append(operand)
                    else:
                        definitions.update(known)
        self._steps += len(definitions)
        if self._steps > MAX_STEPS:
            raise too_large(f"more than {MAX_STEPS:,} steps to resolve")
        return tuple(definitions)


def _direct_edges(walk: Walk, resolve: _Resolver) -> set[tuple[int, int, int]]:
    edges = set(walk.edges)
    for node, value, _, kind in walk.reads:
        if value > 0:
            edges.add((node, value, kind))
        elif value:
            edges.update([(node, source, kind) for source in resolve(value)])
            if len(edges) > MAX_EDGES:
                raise too_large(f"more than {MAX_EDGES:,} edges")
    return edges


def _add_path_edges(walk: Walk, resolve: _Resolver, edges: set[tuple[int, int, int]]) -> None:
    for node, value, _, keys in walk.path_reads:
        kind = COMPUTED_FROM if node in walk.path_updates else COMES_FROM
        for source in resolve(value):
            if _covers(walk.path_definitions[source][1], keys):
                edges.add((node, source, kind))


def _covers(written: PathKeys, read: PathKeys) -> bool:
    """Whether a write to ``written`` can change what reading ``read`` gives."""
    if len(written) > len(read):
        return False
    return all(
        one == other or (one[:1] == b"[" == other[:1] and b"[*]" in (one, other))
        for one, other in zip(written, read, strict=False)
    )


def _owners(walk: Walk) -> dict[int, int]:
    """Map each tentative key to the key of the enclosing function's variable it means."""
    functions = walk.scopes.functions
    outside = functions[0]
    if walk.plain_arguments and len(outside.names) == len(outside.tentative):
        return {}  # no function inside that could capture, nothing outside to be captured
    owners: dict[int, int] = {}
    for scope in functions:
        for name, key in list(scope.names.items()):
            if key in scope.tentative:
                owner = walk.scopes.owner_of(scope, name)
                if owner is not None and owner != key:
                    owners[key] = owner
    return owners


def _add_captures(walk: Walk, owners: dict[int, int], edges: set[tuple[int, int, int]]) -> None:
    """Link captured variables: the time of a call is unknown, so every definition counts."""
    definitions: dict[int, list[int]] = defaultdict(list)
    written_inside: dict[int, list[int]] = defaultdict(list)
    for key, node in walk.definitions:
        owner = owners.get(key, key)
        definitions[owner].append(node)
        if key in owners:
            written_inside[owner].append(node)
    for node, _, key, kind in walk.reads:
        around = owners.get(key)
        if around is not None:
            edges.update((node, source, kind) for source in definitions[around])
        elif key in written_inside:
            edges.update((node, source, kind) for source in written_inside[key])
    _add_captured_paths(walk, owners, edges)


def _add_captured_paths(
    walk: Walk, owners: dict[int, int], edges: set[tuple[int, int, int]]
) -> None:
    meaning = _captured_groups(walk, owners)
    if not meaning:
        return
    shared = set(meaning.values())
    writes: dict[tuple[int, bytes], list[tuple[int, int, PathKeys]]] = defaultdict(list)
    for source, (path, written) in walk.path_definitions.items():
        group = meaning.get(path)
        if group is None:
            group = (path, b"")
        writes[group].append((source, path, written))
    for node, _, key, keys in walk.path_reads:
        owner = meaning.get(key, (key, b""))
        if owner not in shared:
            continue
        kind = COMPUTED_FROM if node in walk.path_updates else COMES_FROM
        for source, path, written in writes[owner]:
            # What the owner itself wrote reaches its own reads along its control flow.
            if ((key, b"") != owner or path != key) and _covers(written, keys):
                edges.add((node, source, kind))


def _captured_groups(walk: Walk, owners: dict[int, int]) -> dict[int, tuple[int, bytes]]:
    """Map the path keys of captured roots to the owner's, or to a name for what it lacks."""
    meaning: dict[int, tuple[int, bytes]] = {}
    for root, groups in walk.path_keys.items():
        if root in owners:
            around = walk.path_keys.get(owners[root], {})
            for group, key in groups.items():
                found = around.get(group)
                meaning[key] = (~owners[root], group) if found is None else (found, b"")
    return meaning


def _graph(
    walk: Walk,
    edges: set[tuple[int, int, int]],
    owners: dict[int, int],
    place: tuple[bytes, int],
) -> DataFlowGraph:
    text, offset = place
    kinds = walk.node_kinds
    used = {edge[1] for edge in edges}
    nodes = [node for node in range(1, len(kinds)) if kinds[node] != LITERAL or node in used]
    nodes.sort(key=walk.spans.__getitem__)
    number = dict(zip(nodes, range(len(nodes)), strict=True))
    ordered = sorted([(number[target], number[source], kind) for target, source, kind in edges])
    targets, sources, relations = zip(*ordered, strict=True) if ordered else ((), (), ())
    starts, ends = zip(*[walk.spans[node] for node in nodes], strict=True) if nodes else ((), ())
    if offset:
        starts = tuple([start - offset for start in starts])
        ends = tuple([end - offset for end in ends])
    return DataFlowGraph(
        text=text,
        starts=starts,
        ends=ends,
        marks=bytes([kinds[node] for node in nodes]),
        targets=targets,
        sources=sources,
        relations=bytes(relations),
        free=_free_names(walk, owners),
    )


def _free_names(walk: Walk, owners: dict[int, int]) -> tuple[str, ...]:
    """Names that are read, never defined here, and bound by no function around."""
    read = {read[2] for read in walk.reads}
    unbound = [key for scope in walk.scopes.functions for key in scope.tentative if key in read]
    if not unbound:
        return ()
    defined = {key for key, _ in walk.definitions}
    if owners:
        defined = {owners.get(key, key) for key in defined}
    names = walk.scopes.names
    free = {names[key] for key in unbound if owners.get(key, key) not in defined}
    return tuple(sorted([name.decode("utf-8", "ignore") for name in free]))
