"""Full names: the file, and the functions and classes around, joined with colons."""

from dataclasses import dataclass, field

__all__ = ["Method", "Outline", "Segment"]

PROGRAM = "::program"
DEEPEST = 64
LONGEST_NAME = 200


@dataclass(slots=True)
class Segment:
    """A function, class or namespace whose name what is inside continues.

    Attributes:
        full_name: The whole name.
        depth: How many segments are around it.
        holder: The segment whose name what is inside continues; None for this one.
        taken: How often each name was given inside.
        receiver: The segment of the class whose method this is; -1 for none.
        is_class: Whether it is a class.
    """

    full_name: str
    depth: int
    receiver: int = -1
    is_class: bool = False
    holder: "Segment | None" = None
    taken: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Method:
    """A function, or the file itself.

    Attributes:
        node: Its node.
        segment: Its full name, as a segment.
        body: Its body; 0 for the file.
    """

    node: int
    segment: int
    body: int = 0


class Outline:
    """The full names of one file; each is given once.

    Args:
        path: The file, as its names begin.

    Attributes:
        segments: What names continue; the first is the file.
        methods: The functions; the first is the file.
    """

    def __init__(self, path: str) -> None:
        self.segments: list[Segment] = [Segment(full_name=path + PROGRAM, depth=0)]
        self.methods: list[Method] = [Method(node=0, segment=0)]

    def segment(self, name: str, around: int, *, is_class: bool = False) -> int:
        """Return a new segment; names that are taken get a number.

        Below 64 segments names no longer grow: their length would do so with the square
        of the text.
        """
        outer = self.segments[around]
        holder = outer.holder or outer
        given = self._untaken(name[:LONGEST_NAME], holder)
        inner = Segment(
            full_name=f"{holder.full_name}:{given}", depth=outer.depth + 1, is_class=is_class
        )
        inner.holder = holder if inner.depth > DEEPEST else None
        inner.receiver = around if outer.is_class and not is_class else outer.receiver
        self.segments.append(inner)
        return len(self.segments) - 1

    def _untaken(self, name: str, holder: Segment) -> str:
        """Return a name that nothing else in a segment has, with a number where needed."""
        times = holder.taken.get(name, 0)
        suffix = f"{name}{times}" if times else name
        while suffix != name and suffix in holder.taken:
            times += 1
            suffix = f"{name}{times}"
        holder.taken[suffix] = 1
        holder.taken[name] = times + 1
        return suffix

    def method(self, node: int, name: str, around: int, body: int) -> int:
        """Return a new method."""
        segment = self.segment(name, around)
        self.methods.append(Method(node=node, segment=segment, body=body))
        return len(self.methods) - 1

    def full_name(self, method: int) -> str:
        """Return the full name of a method."""
        return self.segments[self.methods[method].segment].full_name
