"""Reaching definitions along structured control flow, in one pass.

A *value* says where a variable's content comes from: ``0`` nothing in this unit, a
positive number the definition at that node, a negative number a *phi*: one of several
values. The environment maps a variable's key to its value. Branches do not copy it:
every change is logged, so that a branch is undone by walking back its part of the log
and its effect is the set of keys it changed. A loop puts a phi under each variable the
first time it is touched inside, to be completed with the value at the back edge. This
is the on-the-fly construction of SSA form (Braun et al., "Simple and Efficient
Construction of Static Single Assignment Form", CC 2013, section 2), specialised to
structured control flow: one pass, whatever the nesting. What each jump and branch hands
on grows with what was changed before it; :mod:`.limits` bounds the sum.
"""

from dataclasses import dataclass, field

from tidemill.source.dataflow.limits import MAX_CHANGES, too_large

__all__ = ["Effect", "FlowState", "LoopFrame", "TryFrame"]

Effect = dict[int, int] | None
"""What a stretch of code did: changed keys and their values; ``None`` if it never ends."""


@dataclass(slots=True, kw_only=True, eq=False)
class LoopFrame:
    """An open loop or switch: where its jumps are collected.

    A label's frame does not take jumps that name no label (``takes_plain``).
    ``tries`` is the number of protected regions around it, ``raised`` how often the
    innermost of them could raise before it.
    ``crossing`` holds the jumps out through this loop to frames around it: their effect,
    the keys they changed inside, and the keys that some loop has completed.
    """

    mark: int
    label: bytes = b""
    dead: bool = False
    raised: int = 0
    tries: int = 0
    is_loop: bool = True
    takes_plain: bool = True
    phis: dict[int, tuple[int, int]] = field(default_factory=dict)
    breaks: list[Effect] = field(default_factory=list)
    continues: list[Effect] = field(default_factory=list)
    crossing: list[tuple[dict[int, int], set[int], set[int]]] = field(default_factory=list)


@dataclass(slots=True, kw_only=True, eq=False)
class TryFrame:
    """An open protected region: what its handler may see.

    ``may_raise`` counts the points that may raise.
    ``pending`` holds the jumps that leave through it (kind, label, effect) when it is
    the frame of a final part.
    """

    mark: int
    is_final: bool = False
    dead: bool = False
    may_raise: int = 0
    seen: dict[int, list[int]] = field(default_factory=dict)
    fresh: set[int] = field(default_factory=set)
    pending: list[tuple[str, bytes, Effect]] = field(default_factory=list)


class FlowState:
    """The environment and its open branches, loops and protected regions."""

    __slots__ = ("changes", "dead", "env", "frames", "log", "loops", "phis", "tries")

    def __init__(self) -> None:
        self.env: list[int] = []
        self.log: list[int] = []
        self.phis: list[list[int]] = [[]]
        self.loops: list[LoopFrame] = []
        self.tries: list[TryFrame] = []
        self.frames: list[LoopFrame | TryFrame] = []
        self.dead: bool = False
        self.changes: int = 0

    def _count(self, changes: int) -> None:
        self.changes += changes
        if self.changes > MAX_CHANGES:
            raise too_large(f"more than {MAX_CHANGES:,} changes to hand on")

    def phi(self, values: list[int]) -> int:
        """Return a new phi over ``values``."""
        self.phis.append(values)
        return 1 - len(self.phis)

    def read(self, key: int) -> int:
        """Return the value that ``key`` holds here."""
        if self.dead:
            return 0
        if self.loops and key not in self.loops[-1].phis:
            self._touch(key)
        return self.env[key]

    def assign(self, key: int, value: int) -> None:
        """Let ``key`` hold ``value`` from here on."""
        if self.dead:
            return
        if self.loops and key not in self.loops[-1].phis:
            self._touch(key)
        self.set(key, value)

    def set(self, key: int, value: int) -> None:
        """Change the environment, in the log and for the innermost handler."""
        old = self.env[key]
        if self.tries:
            frame = self.tries[-1]
            if frame.may_raise and key not in frame.seen:
                frame.seen[key] = [old]
            frame.fresh.add(key)
        self.log += (key, old)
        self.env[key] = value

    def _touch(self, key: int) -> None:
        # The phi becomes the header's value in place, without a log entry: until now
        # nothing inside the loop has changed this key, so every effect recorded
        # relative to the header that does not name the key rightly defaults to it.
        self._count(len(self.loops))
        for loop in self.loops:
            if key not in loop.phis:
                outer = self.env[key]
                phi = self.phi([outer])
                if loop.tries:
                    frame = self.tries[loop.tries - 1]
                    if frame.may_raise and key not in frame.seen:
                        frame.seen[key] = [outer]
                    if frame.may_raise > loop.raised:
                        # What raised in this turn before this point does so in the next.
                        frame.seen[key].append(phi)
                    frame.fresh.add(key)
                loop.phis[key] = (phi, outer)
                self.env[key] = phi

    def may_raise(self) -> None:
        """Let the innermost handler see the state at this point."""
        if not self.tries or self.dead:
            return
        frame = self.tries[-1]
        frame.may_raise += 1
        if frame.fresh:
            env, seen = self.env, frame.seen
            for key in frame.fresh:
                seen.setdefault(key, []).append(env[key])
            frame.fresh.clear()

    def effect(self, mark: int) -> Effect:
        """Return what changed since ``mark``, or ``None`` if control does not get here."""
        if self.dead:
            return None
        env = self.env
        changed = self.log[mark::2]
        self._count(len(changed))
        return {key: env[key] for key in changed}

    def undo(self, mark: int) -> None:
        """Go back to the state at ``mark``."""
        log, env = self.log, self.env
        if self.tries:
            self.tries[-1].fresh.update(log[mark::2])
        for place in range(len(log) - 2, mark - 2, -2):
            env[log[place]] = log[place + 1]
        del log[mark:]

    def merge(self, effects: list[Effect]) -> Effect:
        """Return the effect of going through one of ``effects``."""
        alive = [effect for effect in effects if effect is not None]
        if len(alive) < 2:
            return alive[0] if alive else None
        env = self.env
        merged: dict[int, int] = {}
        for key in dict.fromkeys(key for effect in alive for key in effect):
            values = list(dict.fromkeys(effect.get(key, env[key]) for effect in alive))
            merged[key] = values[0] if len(values) == 1 else self.phi(values)
        self._count(len(merged))
        return merged

    def renewed(self, value: int, old: int, new: int, since: int) -> int:
        """Return ``value`` with ``new`` for ``old`` among what it may be.

        Only phis that were made when there were ``since`` or more are looked into.
        """
        seen: dict[int, None] = {}
        todo = [value]
        while todo:
            one = todo.pop()
            if one not in seen:
                seen[one] = None
                if one != old and -one >= since:
                    todo += self.phis[-one]
        self._count(len(seen))
        leaves = [new if one == old else one for one in seen if one == old or -one < since]
        return leaves[0] if len(leaves) == 1 else self.phi(list(dict.fromkeys(leaves)))

    def apply(self, effect: Effect) -> None:
        """Continue with ``effect`` on top of the present state."""
        self.dead = effect is None
        if effect:
            for key, value in effect.items():
                if self.env[key] != value:
                    self.assign(key, value)

    def join(self, mark: int, effects: list[Effect]) -> None:
        """Undo to ``mark`` and continue with any one of ``effects``."""
        self.undo(mark)
        self.apply(self.merge(effects))

    def jump(self, kind: str, label: bytes) -> None:
        """Leave for the target of a ``break``, ``continue`` or ``return``."""
        if self.dead:
            return
        crossed: list[LoopFrame] = []
        for frame in reversed(self.frames):
            if isinstance(frame, TryFrame):
                effect = self._crossing(frame.mark, crossed)
                frame.pending.append((kind, label, effect))
                break
            if self._catches(frame, kind, label):
                target = frame.continues if kind == "continue" else frame.breaks
                target.append(self._crossing(frame.mark, crossed))
                break
            if frame.is_loop:
                crossed.append(frame)
        self.dead = True

    def _crossing(self, mark: int, crossed: list[LoopFrame]) -> Effect:
        # What a loop on the way has not changed may have changed in an earlier turn:
        # its effect is completed with the loop's phis when those are all known.
        effect = self.effect(mark)
        if effect is not None and crossed:
            completed: set[int] = set()
            for loop in crossed:
                loop.crossing.append((effect, set(self.log[loop.mark :: 2]), completed))
        return effect

    @staticmethod
    def _catches(frame: LoopFrame, kind: str, label: bytes) -> bool:
        if kind == "yield":
            return frame.takes_plain and not frame.is_loop
        if kind not in ("break", "continue"):
            return False
        if label:
            return frame.label == label
        return frame.takes_plain and (frame.is_loop or kind == "break")

    def open_loop(self, label: bytes = b"", *, is_loop: bool = True) -> LoopFrame:
        """Open a loop (or a switch, which has no back edge) at this point."""
        frame = LoopFrame(mark=len(self.log), label=label, dead=self.dead, is_loop=is_loop)
        frame.tries = len(self.tries)
        frame.raised = self.tries[-1].may_raise if self.tries else 0
        if is_loop:
            self.loops.append(frame)
        self.frames.append(frame)
        return frame

    def close_body(self, frame: LoopFrame) -> None:
        """Join the end of the body with every ``continue``."""
        self.join(frame.mark, [self.effect(frame.mark), *frame.continues])

    def close_back_edge(self, frame: LoopFrame, *, again: bool = True) -> Effect:
        """Feed the present state to the header; return it and undo to the header.

        Args:
            frame: The loop.
            again: Whether there is another turn; none follows ``do ... while (0)``.
        """
        effect = self.effect(frame.mark)
        if effect is not None and again:
            for key, (phi, _) in frame.phis.items():
                value = effect.get(key, phi)
                if value != phi:
                    self.phis[-phi].append(value)
        for out, changed, completed in frame.crossing:
            new = frame.phis.keys() - changed - completed
            out.update((key, frame.phis[key][0]) for key in new)
            completed.update(new)
        self.undo(frame.mark)
        self.loops.pop()
        self.frames.pop()
        return effect

    def leave_loop(self, frame: LoopFrame, exits: list[Effect]) -> None:
        """Continue after the loop with any one of ``exits`` (relative to its header)."""
        merged = self.merge(exits)
        merged = None if merged is None else dict(merged)
        self.undo(frame.mark)
        for key, (_, outer) in frame.phis.items():
            self.env[key] = outer
        self.dead = merged is None
        if merged is None:
            return
        for key, (phi, outer) in frame.phis.items():
            value = merged.pop(key, phi)
            if value == phi and all(operand in (phi, outer) for operand in self.phis[-phi]):
                continue
            self.assign(key, value)
        self.apply(merged)

    def open_try(self, *, is_final: bool = False) -> TryFrame:
        """Open a protected region at this point."""
        frame = TryFrame(mark=len(self.log), is_final=is_final, dead=self.dead)
        self.tries.append(frame)
        if is_final:
            self.frames.append(frame)
        return frame

    def close_try(self, frame: TryFrame) -> Effect:
        """Close the region: return its effect and go back to its beginning."""
        effect = self.effect(frame.mark)
        self.tries.pop()
        if frame.is_final:
            self.frames.pop()
        self.undo(frame.mark)
        self.dead = frame.dead
        return effect

    def handler_effect(self, frame: TryFrame) -> Effect:
        """Return the state in which a handler of ``frame`` is entered."""
        if frame.dead:
            return None
        effect: dict[int, int] = {}
        self._count(len(frame.seen))
        for key, values in frame.seen.items():
            distinct = list(dict.fromkeys(values))
            effect[key] = distinct[0] if len(distinct) == 1 else self.phi(distinct)
        return effect
