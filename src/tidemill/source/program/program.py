"""A whole program: its files, their values, and what goes from one file to another."""

import posixpath
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tidemill.source.program.functions import Class, Definitions, Function, definitions_of
from tidemill.source.program.imports import (
    ALL,
    DEFAULT,
    Export,
    Import,
    exports_of,
    imports_of,
)
from tidemill.source.program.lowering.file import values_of
from tidemill.source.program.modules import Modules, package_of
from tidemill.source.program.scopes import Names, names_of
from tidemill.source.program.syntax import Syntax
from tidemill.source.program.values import CAPTURE, COPY, INIT, LOAD, STORE, FileValues, Label

__all__ = ["File", "Program", "Way", "again", "program_of"]

OF_ONE_FILE = frozenset({"exports", "module", "require"})

Way = tuple[int, int, Label, int]
"""The other end of an edge, what it does, its label, and the call that it belongs to."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class File:
    """One file of a program.

    Attributes:
        path: Its path in the program.
        first: Its first node in the program's graph.
        syntax: Its syntax.
        names: Its names.
        definitions: Its functions and classes.
        imports: What it imports.
        exports: What it exports.
        values: Its values.
    """

    path: str
    first: int
    syntax: Syntax
    names: Names
    definitions: Definitions
    imports: tuple[Import, ...]
    exports: tuple[Export, ...]
    values: FileValues

    @property
    def size(self) -> int:
        """How many nodes of the graph are its own."""
        return len(self.syntax.kinds) + len(self.values.anchors)

    def anchor(self, node: int) -> int:
        """Return the node of the syntax at which a node of the graph is."""
        local = node - self.first
        count = len(self.syntax.kinds)
        return local if local < count else self.values.anchors[local - count]


class Program:
    """The files of a program and one graph over all of them.

    Nodes of the graph are numbers: those of a file begin at its ``first``, in the order of
    its syntax; what stands for foreign modules comes after all files.

    Args:
        files: In the order of their nodes.
        modules: Resolves specifiers.

    Attributes:
        files: As given.
        by_path: The same by path.
        modules: As given.
        out: Where the value of each node goes.
        into: Where it comes from.
        foreign: The name of every foreign module by its node.
        functions: Every function by its node.
        classes: Every class by its node.
    """

    def __init__(self, files: tuple[File, ...], modules: Modules) -> None:
        self.files: tuple[File, ...] = files
        self.modules: Modules = modules
        self.by_path: dict[str, File] = {file.path: file for file in files}
        self.out: dict[int, list[Way]] = {}
        self.into: dict[int, list[Way]] = {}
        self.foreign: dict[int, str] = {}
        self.functions: dict[int, Function] = {}
        self.classes: dict[int, Class] = {}
        self._anchors: dict[int, int] = {}
        self._firsts = [file.first for file in files]
        self._ends = [file.first + file.size for file in files]
        self._modules: dict[str, int] = {}
        self._count = files[-1].first + files[-1].size if files else 0
        for file in files:
            self._enter(file)
        for file in files:
            _Linking(self, file).link()
        self._share_globals()

    def file_of(self, node: int) -> File | None:
        """Return the file of a node; a foreign module has none."""
        found = self.at(node)
        return None if found is None else found[0]

    def at(self, node: int) -> tuple[File, int] | None:
        """Return the file of a node and its place in the syntax."""
        node = self._anchors.get(node, node)
        place = bisect_right(self._firsts, node) - 1
        if place < 0 or node >= self._ends[place]:
            return None
        file = self.files[place]
        return file, file.anchor(node)

    def node(self, anchor: int = -1) -> int:
        """Return a new node, at the place of another one."""
        self._count += 1
        if anchor >= 0:
            self._anchors[self._count - 1] = anchor
        return self._count - 1

    def edge(
        self, source: int, target: int, op: int = COPY, *, label: Label = (), call: int = -1
    ) -> None:
        """Say that a value goes from one node to another; see ``Way``."""
        self.out.setdefault(source, []).append((target, op, label, call))
        self.into.setdefault(target, []).append((source, op, label, call))

    def module(self, importer: File, specifier: str) -> int:
        """Return the node of a module: what a file exports, or a foreign one."""
        path = self.modules.resolve(importer.path, specifier)
        if path is not None:
            file = self.by_path[path]
            return file.first + file.values.exports
        name = package_of(specifier)
        found = self._modules.get(name)
        if found is None:
            found = self._modules[name] = self.node()
            self.foreign[found] = name
        return found

    def _enter(self, file: File) -> None:
        first = file.first
        for source, target, op, label in file.values.edges:
            self.out.setdefault(source + first, []).append((target + first, op, label, -1))
            self.into.setdefault(target + first, []).append((source + first, op, label, -1))
        for at, function in file.definitions.functions.items():
            self.functions[at + first] = function
            if function.owner in file.definitions.classes and not function.is_static:
                instance = file.values.instances[function.owner]
                self.edge(instance + first, file.values.receivers[at] + first, INIT)
        for at, found in file.definitions.classes.items():
            self.classes[at + first] = found

    def _share_globals(self) -> None:
        """Let a name that no file declares be one variable, where a file writes it."""
        written = {name for file in self.files for name in file.values.global_writes}
        for name in sorted(written - OF_ONE_FILE):
            shared = self.node()
            for file in self.files:
                for at in file.values.global_writes.get(name, ()):
                    self.edge(at + file.first, shared, CAPTURE)
                for at in file.values.globals.get(name, ()):
                    self.edge(shared, at + file.first, CAPTURE)


class _Linking:
    """Links the imports and exports of one file to other modules."""

    def __init__(self, program: Program, file: File) -> None:
        self._program = program
        self._file = file

    def link(self) -> None:
        """Add the edges."""
        for taken in self._file.imports:
            module = self._program.module(self._file, taken.specifier)
            self._take(module, taken.name, taken.at + self._file.first)
        for export in self._file.exports:
            if export.specifier:
                self._hand_on(export)

    def _take(self, module: int, name: str, target: int) -> None:
        """Let a node hold what a module exports under a name."""
        program = self._program
        is_foreign = module in program.foreign
        if name == ALL or (name == DEFAULT and is_foreign):
            program.edge(module, target)
            return
        program.edge(module, target, LOAD, label=(name,))
        if name == DEFAULT and not self._has_default(module):
            program.edge(module, target)

    def _has_default(self, module: int) -> bool:
        file = self._program.file_of(module)
        return file is not None and any(export.name == DEFAULT for export in file.exports)

    def _hand_on(self, export: Export) -> None:
        """Export what comes from another module."""
        program = self._program
        own = self._file.first + self._file.values.exports
        module = program.module(self._file, export.specifier)
        if export.imported == ALL:
            if export.name == ALL:
                program.edge(module, own, COPY, label=(DEFAULT,))
            else:
                program.edge(module, own, STORE, label=(export.name,))
            return
        between = program.node(export.at + self._file.first)
        self._take(module, export.imported, between)
        program.edge(between, own, STORE, label=(export.name,))


def program_of(sources: Iterable[Syntax], manifests: Mapping[str, bytes] | None = None) -> Program:
    """Put a program together.

    Args:
        sources: Its files; paths are relative to one folder, with ``/``.
        manifests: The text of every ``package.json`` of its own, by path.
    """
    ordered = {posixpath.normpath(syntax.path): syntax for syntax in sources}
    files: list[File] = []
    first = 0
    for path in sorted(ordered):
        file = _file(path, ordered[path], first)
        files.append(file)
        first += file.size
    return Program(tuple(files), Modules(ordered, manifests or {}))


def again(program: Program) -> Program:
    """Return the same program without what was put into its graph since."""
    return Program(program.files, program.modules)


def _file(path: str, syntax: Syntax, first: int) -> File:
    names, definitions = names_of(syntax), definitions_of(syntax)
    imports, exports = imports_of(syntax, names), exports_of(syntax, names)
    return File(
        path=path,
        first=first,
        syntax=syntax,
        names=names,
        definitions=definitions,
        imports=imports,
        exports=exports,
        values=values_of(syntax, names, definitions, imports=imports, exports=exports),
    )
