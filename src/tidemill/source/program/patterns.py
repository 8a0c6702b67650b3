"""How sources, sinks and sanitizers are named.

==========================  ============================================================
``exec``                    a call of this name, or the global of this name
``child_process.exec``      a member of a module, however it was imported
``Connection:query``        a member of whatever has this type; the type's own name is
                            enough, its module may stand before it
``Request.body``            the same, as one would write it
``*:query``                 a member of whatever is not of this program
``parameter Request``       a parameter of this type (sources only)
``exported parameter``      a parameter of a function that others can call; a type may follow
``callback serve(0)``       the first parameter of a function that such a call is handed
``exec(0)``                 its first argument only; several: ``exec(0, 1)``
``connect(this)``           what it is called on
==========================  ============================================================

A source is the value of a member or of a call. A sink is any argument of a call where no
positions are given. A receiver whose type nobody knows matches no pattern with a type.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from tidemill.core.errors import SettingError
from tidemill.source.program.typenames import last_part

__all__ = ["ANY_TYPE", "Pattern", "Patterns", "pattern_from", "read_table"]

Role = Literal["value", "parameter", "exported", "callback"]

WRITTEN = re.compile(
    r"(?P<role>(?:exported\s+)?parameter\s+|callback\s+)?(?:new\s+)?(?:node:)?"
    r"(?P<name>[\w$@*/.-]+(?::[\w$#]+)?)"
    r"\s*(?:\((?P<positions>[\s\w,*]*)\))?"
)
THIS = "this"
EXPORTED = "exported parameter"
ANY_TYPE = "*"
ROLES: Mapping[str, Role] = {
    "parameter": "parameter",
    EXPORTED: "exported",
    "callback": "callback",
}
EXAMPLE = "for example exec, fs.readFile(0), Connection:query, parameter Request"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """One pattern.

    Attributes:
        text: As written.
        name: The name that it looks for, without positions.
        positions: Arguments that it means; empty for all.
        with_receiver: It means what the call is called on.
        role: What it means of what has the name: its value, parameters of that type, such
            of functions that others can call, or parameters of functions handed to it.
        is_foreign: It means nothing that the program itself defines.
    """

    text: str
    name: str
    positions: tuple[int, ...] = ()
    with_receiver: bool = False
    role: Role = "value"
    is_foreign: bool = False

    @property
    def member(self) -> str:
        """The last part of the name."""
        return re.split(r"[.:]", self.name)[-1]

    def means(self, full_name: str) -> bool:
        """Whether it means something foreign of a full name, or a field inside it."""
        if full_name == self.name:
            return True
        head, sign, member = _parted(self.name)
        if not sign:
            return False
        other, colon, inside = full_name.partition(":")
        if not colon:
            return sign == "." and full_name.startswith(f"{self.name}.")
        if inside != member and not inside.startswith(f"{member}."):
            return False
        return head in {"*", other, last_part(other)}

    def is_exactly(self, full_name: str) -> bool:
        """Whether it means a full name, and not only something around it."""
        return self.means(full_name) and full_name.endswith(self.member)

    def takes(self, position: int) -> bool:
        """Whether it means the argument at a position."""
        return position in self.positions if self.positions else not self.with_receiver


class Patterns:
    """Several patterns, found by the last part of their names.

    Args:
        patterns: The patterns, each with what it stands for.
    """

    def __init__(self, patterns: Iterable[tuple[Pattern, str]]) -> None:
        self._by_member: dict[str, list[tuple[Pattern, str]]] = {}
        for pattern, kind in patterns:
            if pattern.role == "value":
                self._by_member.setdefault(pattern.member, []).append((pattern, kind))

    @property
    def members(self) -> frozenset[str]:
        """The last parts of all names."""
        return frozenset(self._by_member)

    def meaning(self, name: str, full_names: Iterable[str]) -> list[tuple[Pattern, str]]:
        """Return the patterns that mean a call, each once.

        Args:
            name: The callee's own name where it is called as such; empty for a member.
            full_names: The names of what is called.
        """
        found: dict[tuple[Pattern, str], None] = {}
        for entry in self._by_member.get(name, ()):
            if entry[0].name == name and not entry[0].is_foreign:
                found[entry] = None
        for full in full_names:
            for part in re.split(r"[.:]", full.replace("()", "")):
                for entry in self._by_member.get(part, ()):
                    if entry[0].means(full):
                        found[entry] = None
        return list(found)

    def any_receiver(self, member: str) -> list[tuple[Pattern, str]]:
        """Return the patterns that mean a member of no matter what."""
        return [
            entry for entry in self._by_member.get(member, ()) if entry[0].name.startswith("*:")
        ]


def pattern_from(text: str, *, is_foreign: bool = False) -> Pattern:
    """Read a pattern.

    Args:
        text: The pattern.
        is_foreign: It means nothing that the program itself defines.

    Raises:
        SettingError: It is none.
    """
    words = " ".join(text.split())
    found = WRITTEN.fullmatch(f"{words} {ANY_TYPE}" if words == EXPORTED else words)
    if found is None:
        raise SettingError(f"not a pattern of a source or sink: {text!r}", hint=EXAMPLE)
    positions = [part.strip() for part in (found["positions"] or "").split(",") if part.strip()]
    unknown = [part for part in positions if not part.isdecimal() and part not in {THIS, "*"}]
    role = ROLES.get((found["role"] or "").strip(), "value")
    if unknown or (role in {"parameter", "exported"} and found["positions"] is not None):
        raise SettingError(f"not the position of an argument: {text!r}", hint=EXAMPLE)
    return Pattern(
        text=words,
        name=found["name"],
        positions=tuple(int(part) for part in positions if part.isdecimal()),
        with_receiver=THIS in positions,
        role=role,
        is_foreign=is_foreign,
    )


def read_table(
    table: Mapping[str, Iterable[str]], *, is_foreign: bool = False
) -> list[tuple[Pattern, str]]:
    """Read patterns by what they stand for.

    Args:
        table: Patterns as written.
        is_foreign: They mean nothing that the program itself defines.

    Raises:
        SettingError: One of them is no pattern.
    """
    return [
        (pattern_from(text, is_foreign=is_foreign), kind)
        for kind, texts in table.items()
        for text in texts
    ]


def _parted(name: str) -> tuple[str, str, str]:
    """Split a name into what has the member, the sign between, and the member."""
    if ":" in name:
        head, _, member = name.partition(":")
        return head, ":", member
    head, sign, member = name.rpartition(".")
    return head, sign, member
