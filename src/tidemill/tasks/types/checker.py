"""A program before a compiler: what it objects to, and what of that is new with types."""

import os
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Literal, TypeAlias

from tidemill.source.annotations.site import TypeSite
from tidemill.source.spans import Span
from tidemill.source.typescript.service import CompilerService, Diagnostic, Suspect
from tidemill.tasks.types.known import Known
from tidemill.tasks.types.project import ProjectFile
from tidemill.tasks.types.writing import Written, written

__all__ = ["Checker", "Objection", "SiteKey", "is_checked"]

Depth: TypeAlias = Literal["own", "hanging", "all"]

SiteKey = tuple[int, int]
"""Number of the file, and of the site in it."""

UNCHECKED = re.compile(rb"//+\s*@ts-nocheck\b")
ASIDE = frozenset({"comment", "hash_bang_line"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """Something that the compiler objects to only since types are written.

    Attributes:
        path: The file, as the compiler knows it.
        file: Its number; None for one that types are not written into.
        origin: Where, as a byte of the text as it was.
        code: The compiler's number of it.
        message: What it says.
        exact: Sites whose type itself is objected to.
        near: Sites on whose types it hangs.
        far: Sites of the functions around it.
    """

    path: str
    file: int | None
    origin: int
    code: int
    message: str
    exact: tuple[SiteKey, ...] = ()
    near: tuple[SiteKey, ...] = ()
    far: tuple[SiteKey, ...] = ()

    @property
    def place(self) -> tuple[str, int, int]:
        """What tells it from others, whatever types its message names."""
        return self.path, self.origin, self.code

    def hangs_on(self, sites: Collection[SiteKey]) -> bool:
        """Whether it is about one of some sites, or hangs on the type of one."""
        return any(key in sites for key in (*self.exact, *self.near))

    @property
    def text(self) -> str:
        """What it says, with the number by which it is known."""
        return f"TS{self.code}: {self.message}"


class Checker:
    """Files as a compiler sees them.

    Args:
        service: With the program open.
        root: Folder from which the service's names count.
        files: The files that types may be written into.
    """

    def __init__(self, service: CompilerService, root: Path, files: Sequence[ProjectFile]) -> None:
        self._service = service
        self._files = files
        self.names: list[str] = [_named(file.path, root) for file in files]
        self._numbers = {name: number for number, name in enumerate(self.names)}
        self._places = _places(files)
        self._plain = [written(file, {}) for file in files]
        self._written: list[Written] = list(self._plain)
        service.update({name: file.text for name, file in zip(self.names, files, strict=True)})
        self._now: dict[str, list[Diagnostic]] = {}
        self._pending: set[str] = set()
        self._objected: set[str] = set()
        self._seen_plain: set[str] = set()
        self._look(service.sources())
        self._known = Known()
        self._known.learn(self._placed())
        self.checking_before: int = self.checking

    @property
    def checking(self) -> int:
        """How many of the files the compiler objects to nothing in."""
        return sum(not self._now.get(name) for name in self.names)

    def write(self, texts: Mapping[int, Written]) -> list[str]:
        """Let files have types; those that are not named have none.

        Args:
            texts: By number of the file.

        Returns:
            Names of the files that have changed.
        """
        changed = {}
        for number, plain in enumerate(self._plain):
            new = texts.get(number, plain)
            if new.edited.insertions != self._written[number].edited.insertions:
                self._written[number] = new
                changed[self.names[number]] = new.text
        if changed:
            self._service.update(changed)
        return list(changed)

    def types(self, number: int, sites: Sequence[TypeSite]) -> list[str | None]:
        """Return the types of sites of a file as the compiler has them now."""
        edited = self._written[number].edited
        return self._service.types(self.names[number], [edited.moved_site(one) for one in sites])

    def members(self, number: int, places: Sequence[int]) -> list[frozenset[str] | None]:
        """Return what names of a file can be asked for now; None where anything goes."""
        edited = self._written[number].edited
        return self._service.members(self.names[number], [edited.moved(one) for one in places])

    def objections(
        self,
        changed: Collection[str],
        *,
        depth: Depth = "hanging",
        suspected: Collection[SiteKey] = (),
    ) -> list[Objection]:
        """Return what is objected to that was not before.

        Files that have changed are looked at first, and only when nothing is found there those
        that hang on them: what is found must go anyway.

        Args:
            changed: Files that have changed since this was asked.
            depth: Whether to look at these alone, at those that hang on them too, or at all.
            suspected: Sites with types that may be at fault.
        """
        self._pending.update(changed)
        if depth == "all":
            found = self._found(self._service.sources(), (), suspected)
        else:
            own = sorted({*changed, *self._objected}) if changed else []
            found = self._found(own, (), suspected)
            if depth == "hanging" and not found and self._pending:
                hanging = self._service.dependents(sorted(self._pending))
                found = self._found(hanging, own, suspected)
                self._pending.clear()
        self._objected = {one.path for one in found}
        return found

    def _found(
        self, names: Sequence[str], before: Sequence[str], suspected: Collection[SiteKey]
    ) -> list[Objection]:
        """Look at some files; return what is new in all.

        Args:
            names: Whom to look at.
            before: Whom the compiler has looked at already, as they are now.
            suspected: Sites with types that may be at fault.
        """
        if names:
            self._look(names)
        found = self._new(suspected)
        strange = {one.path for one in found if not one.hangs_on(suspected)}
        if strange <= self._seen_plain:
            return found
        self._see_plain([*before, *names])
        self._seen_plain |= strange
        return self._new(suspected)

    def _see_plain(self, names: Sequence[str]) -> None:
        """Learn what is objected to in files without types when these alone are looked at.

        What the compiler objects to in a file can hang on which others it has looked at before.
        """
        now = {
            name: one.text
            for name, plain, one in zip(self.names, self._plain, self._written, strict=True)
            if one.edited.insertions != plain.edited.insertions
        }
        self._service.update({name: self._plain[self._numbers[name]].text for name in now})
        seen = self._service.diagnostics(names)
        self._service.update(now)
        self._known.learn((one.span.start, one) for one in seen)

    def _new(self, suspected: Collection[SiteKey]) -> list[Objection]:
        """Return what is new; in other words than before, what hangs on a suspect."""
        new, reworded = self._known.parted(self._placed())
        hanging = (one for one in self._explained(reworded) if one.hangs_on(suspected))
        return [*self._explained(new), *hanging]

    def _look(self, names: Sequence[str]) -> None:
        for name in names:
            self._now[name] = []
        for one in self._service.diagnostics(names):
            self._now[one.path].append(one)

    def _placed(self) -> Iterator[tuple[int, Diagnostic]]:
        for own in self._now.values():
            for one in own:
                yield self._origin(one.path, one.span.start), one

    def _origin(self, path: str, offset: int) -> int:
        number = self._numbers.get(path)
        return offset if number is None else self._written[number].edited.origin(offset)

    def _explained(self, found: Sequence[Diagnostic]) -> list[Objection]:
        by_path: defaultdict[str, list[Diagnostic]] = defaultdict(list)
        for one in found:
            by_path[one.path].append(one)
        return [one for path, own in by_path.items() for one in self._of_file(path, own)]

    def _of_file(self, path: str, own: Sequence[Diagnostic]) -> list[Objection]:
        suspects = self._service.suspects(path, [one.span for one in own])
        return [
            Objection(
                path=path,
                file=self._numbers.get(path),
                origin=self._origin(path, one.span.start),
                code=one.code,
                message=one.message,
                exact=self._touched(path, one.span),
                near=self._keyed(near),
                far=self._keyed(far),
            )
            for one, (near, far) in zip(own, suspects, strict=True)
        ]

    def _touched(self, path: str, span: Span) -> tuple[SiteKey, ...]:
        """Return the sites of whose types a part is objected to, and nothing around it."""
        number = self._numbers.get(path)
        if number is None:
            return ()
        inside = self._written[number].within(span)
        return tuple((number, site) for site in inside)

    def _keyed(self, suspects: Sequence[Suspect]) -> tuple[SiteKey, ...]:
        found = (
            self._places.get(
                (self._numbers.get(one.path, -1), one.kind, self._origin(one.path, one.start))
            )
            for one in suspects
        )
        return tuple(dict.fromkeys(key for key in found if key is not None))


def is_checked(file: ProjectFile) -> bool:
    """Whether a file lets itself be checked."""
    top = file.tree.tree.root_node.named_children
    head = takewhile(lambda one: one.type in ASIDE, top)
    return not any(UNCHECKED.match(file.text, one.start_byte) for one in head)


def _named(path: Path, root: Path) -> str:
    return Path(os.path.relpath(path, root)).as_posix()


def _places(files: Sequence[ProjectFile]) -> dict[tuple[int, str, int], SiteKey]:
    """Return sites by their file, whether a name or a result is typed, and where."""
    found: dict[tuple[int, str, int], SiteKey] = {}
    for number, file in enumerate(files):
        for place, site in enumerate(file.sites):
            start = site.place.start
            if site.kind == "return" and not site.name and site.function is not None:
                start = site.function
            kind = "return" if site.kind == "return" else "name"
            found[number, kind, start] = (number, place)
    return found
