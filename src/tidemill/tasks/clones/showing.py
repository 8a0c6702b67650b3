"""Groups of fragments become classes of members, as people know them."""

from collections.abc import Iterable, Sequence
from pathlib import Path, PurePath

from tidemill.core.hashing import content_hash
from tidemill.tasks.clones.forms import Fragment
from tidemill.tasks.clones.grouping import Group, Member
from tidemill.tasks.clones.report import CloneClass, CloneMember
from tidemill.tasks.clones.rules import TYPES

__all__ = ["shown"]


def shown(groups: Iterable[Group], fragments: Sequence[Fragment], root: Path) -> list[CloneClass]:
    """Return the classes of groups, those with the most duplicated lines first.

    Args:
        groups: At least two members each.
        fragments: In order of path and place.
        root: Folder that paths count from, free of links.
    """
    classes = [_class_of(members, fragments, root) for members in groups]
    classes.sort(key=lambda one: (-one.duplicated_lines, one.members[0].path, one.members[0].line))
    return classes


def _class_of(members: Group, fragments: Sequence[Fragment], root: Path) -> CloneClass:
    """Return the class of a group: the first stays first, the others go by path."""
    first, *others = members
    others.sort(key=lambda member: member.fragment)
    return CloneClass(
        type=max((member.type for member in members), key=TYPES.index),
        members=tuple(_member_of(member, fragments, root) for member in (first, *others)),
    )


def _member_of(member: Member, fragments: Sequence[Fragment], root: Path) -> CloneMember:
    fragment = fragments[member.fragment]
    path = _below(fragment.path, root)
    identity = f"{path}\0{fragment.name}\0{fragment.namesake}"
    return CloneMember(
        path=path,
        line=fragment.line,
        end_line=fragment.end_line,
        kind=fragment.kind,
        name=fragment.name,
        language=fragment.language,
        tokens=fragment.tokens,
        type=member.type,
        similarity=member.similarity,
        fingerprint=content_hash(identity.encode("utf-8", "surrogatepass")),
    )


def _below(path: str, root: Path) -> str:
    """Return a path relative to a folder where it lies below it, else as it is."""
    whole = PurePath(path)
    return whole.relative_to(root).as_posix() if whole.is_relative_to(root) else path
