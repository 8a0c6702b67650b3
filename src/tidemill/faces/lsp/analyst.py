"""Looks at a text, a step at a time: which places are open, and what could be written there."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tidemill.core.errors import CapacityError, InputError, TidemillError
from tidemill.core.hashing import content_hash
from tidemill.core.settings import Settings
from tidemill.faces.lsp.answers import AnswerKey, keys_of, types_key
from tidemill.faces.lsp.compilers import Compilers
from tidemill.faces.lsp.finding import Finding, Knowledge
from tidemill.faces.lsp.limits import Limits
from tidemill.faces.lsp.members import MembersHere
from tidemill.faces.lsp.neighbours import Neighbourhood, Neighbours
from tidemill.faces.lsp.recent import Recent
from tidemill.faces.lsp.story import Line, story_of
from tidemill.models.typed.uses import SitedFile, uses_of
from tidemill.source.annotations.site import TypeSite
from tidemill.source.language import Language
from tidemill.source.parsing import parse
from tidemill.source.spans import Span
from tidemill.source.text import is_minified
from tidemill.source.typescript.syntax.anchors import documented, self_typed
from tidemill.source.typescript.syntax.wording import says_any
from tidemill.tasks.types.members import invoked_members, lacking
from tidemill.tasks.types.naming import Namer
from tidemill.tasks.types.offer import Offer, offers_of
from tidemill.tasks.types.project import ProjectFile
from tidemill.tasks.types.source import Candidate, TypeQuestion, TypeSource
from tidemill.tasks.types.specifiers import style_of

__all__ = ["Analyst", "Snapshot", "Subject"]

_LOGGER = logging.getLogger("tidemill.lsp")

TRIES = 2
"""A compiler that has ended is begun anew, and asked once more."""

PATIENCE_SECONDS = 30.0
"""How long refusals hold while files are saved: some editors save at every pause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A text at a moment.

    Attributes:
        path: Its file.
        root: Folder of its project; None where the file is on no disk.
        has_folder: Whether it lies in a folder that is open, whose files may be read.
        language: What it is written in.
        text: UTF-8.
        shown: All texts of the project that the editor shows, its own as well.
    """

    path: Path
    root: Path | None
    has_folder: bool
    language: Language
    text: bytes
    shown: Mapping[Path, bytes]

    def digest(self) -> str:
        """Return what tells it from any other, whichever files are shown besides."""
        others = sorted(f"{path} {hash(text)}" for path, text in self.shown.items())
        return "\n".join((str(self.path), str(self.root), content_hash(self.text), *others))


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A text that was read.

    Attributes:
        file: Parsed, with its places.
        root: Folder of its project.
        around: What its project offers.
        members: What can be asked of types, as the text has them.
        types_key: Of what the text declares of types.
        open_sites: Numbers of the places without a type.
        knowledge: What the compiler knows of them.
        keys: What answers hang on, by number of the site.
        invoked: What is invoked on the values of places.
    """

    file: ProjectFile
    root: Path | None
    around: Neighbourhood
    members: MembersHere
    types_key: str
    open_sites: tuple[int, ...]
    knowledge: Knowledge
    keys: Sequence[AnswerKey]
    invoked: Mapping[int, frozenset[str]]


class Analyst:
    """Looks at texts. All of it runs in one thread.

    Args:
        source: Makes whoever guesses types, when that is first needed.
        settings: Limits of reading.
        limits: What one editor may take.
        compilers: Of the projects.
        neighbours: Their other files.
    """

    def __init__(
        self,
        source: Callable[[], TypeSource],
        settings: Settings,
        *,
        limits: Limits,
        compilers: Compilers,
        neighbours: Neighbours,
    ) -> None:
        self._make_source = source
        self._settings = settings
        self._limits = limits
        self._compilers = compilers
        self._neighbours = neighbours
        self._source: TypeSource | None = None
        self._forgiven = time.monotonic()
        # What a type means hangs on its declaration, and not on the code around a place alone.
        self._refused: Recent[tuple[str, AnswerKey, Offer], bool] = Recent(limits.answers)
        self.answers: Recent[AnswerKey, tuple[Candidate, ...]] = Recent(limits.answers)

    @property
    def source(self) -> TypeSource:
        """Whoever guesses types.

        Raises:
            TidemillError: There is nobody.
        """
        if self._source is None:
            self._source = self._make_source()
        return self._source

    def read(self, snapshot: Snapshot) -> Subject:
        """Read a text, and ask the compiler which places it knows nothing of.

        Args:
            snapshot: The text.

        Raises:
            InputError: It is minified, or takes too long to parse.
        """
        file = self.parsed(snapshot)
        around = self._neighbours.of(snapshot.root if snapshot.has_folder else None)
        open_sites, knowledge = self._open(file, snapshot)
        uses = uses_of([SitedFile(path=file.name, tree=file.tree, sites=file.sites)])
        return Subject(
            file=file,
            root=snapshot.root,
            around=around,
            members=MembersHere(file, around.declared),
            types_key=types_key(file),
            open_sites=tuple(open_sites),
            knowledge=knowledge,
            keys=keys_of(file, uses[file.name]),
            invoked=invoked_members(file),
        )

    def parsed(self, snapshot: Snapshot) -> ProjectFile:
        """Parse a text.

        Raises:
            InputError: It is minified, or takes too long.
        """
        name, text = snapshot.path.name, snapshot.text
        if is_minified(text):
            raise InputError("its lines are too long for code that people write", path=name)
        tree = parse(text, snapshot.language, seconds=self._settings.parse_seconds, path=name)
        return ProjectFile(snapshot.path, name, tree=tree, encoding="utf-8", key=content_hash(text))

    def unanswered(self, subject: Subject, numbers: Sequence[int]) -> list[int]:
        """Return those of some places for which no answer is remembered."""
        return [one for one in numbers if self.answers.get(subject.keys[one]) is None]

    def ask(self, subject: Subject, numbers: Sequence[int]) -> None:
        """Ask for the types of some places, and remember the answers.

        Args:
            subject: The text.
            numbers: Of the sites.

        Raises:
            TidemillError: Nobody can be asked.
        """
        question = TypeQuestion(
            path=subject.file.name,
            tree=subject.file.tree,
            sites=subject.file.sites,
            wanted=sorted(numbers),
            names=subject.file.type_names,
            importable=subject.around.exports.names_for(subject.file),
        )
        (found,) = self.source.candidates([question])
        for number in numbers:
            self.answers.put(subject.keys[number], tuple(found.get(number, ())))

    def findings(self, subject: Subject, numbers: Sequence[int]) -> tuple[Finding, ...]:
        """Return what is known of some places by now; those without a type are left out."""
        file = subject.file
        namer = Namer(file, subject.around.exports, style_of(file) or "none")
        found = []
        for number in sorted(numbers):
            site = file.sites[number]
            candidates = self.answers.get(subject.keys[number]) or ()
            offers = self._possible(offers_of(candidates, site, file, namer), subject, number)
            if offers:
                finding = Finding(
                    number=number,
                    kind=site.kind,
                    name=site.name,
                    word=site.place.of(file.text),
                    place=site.place,
                    insert=site.insert,
                    offers=offers,
                    knowledge=subject.knowledge,
                )
                found.append(finding)
        return tuple(found)

    def refuse(self, subject: Subject, refused: Mapping[int, Sequence[Offer]]) -> None:
        """Remember types that the compiler has something against.

        Args:
            subject: The text.
            refused: By number of the site.
        """
        for number, offers in refused.items():
            for offer in offers:
                self._refused.put((subject.types_key, subject.keys[number], offer), True)

    def forgive(self) -> None:
        """Forget what was refused, for what it hangs on may have changed; not at every turn."""
        now = time.monotonic()
        if now - self._forgiven > PATIENCE_SECONDS:
            self._forgiven = now
            self._refused.clear()

    def story(self, snapshot: Snapshot, finding: Finding) -> tuple[Line, ...]:
        """Return how a place is used.

        Args:
            snapshot: The text, with the place as the finding says.
            finding: The place.
        """
        file = self.parsed(snapshot)
        for site in file.sites:
            if (site.place, site.kind) == (finding.place, finding.kind):
                return story_of(file, site)
        return ()

    def _possible(
        self, offers: Sequence[Offer], subject: Subject, number: int
    ) -> tuple[Offer, ...]:
        """Return the offers that have all that is invoked on the place's value."""
        invoked, key = subject.invoked.get(number, frozenset()), subject.keys[number]
        return tuple(
            one
            for one in offers
            if not lacking(one.type, invoked, subject.members)
            and self._refused.get((subject.types_key, key, one)) is None
        )

    def _open(self, file: ProjectFile, snapshot: Snapshot) -> tuple[list[int], Knowledge]:
        """Return the places without a type that the compiler knows nothing of, if it is asked.

        Without a compiler, what is given a value on the spot is left alone: that most often
        says it.
        """
        bare, most = _bare(file), self._limits.sites
        asked, types = bare[:most], None
        for _ in range(TRIES):
            types = types or self._types(snapshot, [file.sites[number] for number in asked])
        if types is None:
            return [one for one in bare if not file.sites[one].initialised][:most], "unasked"
        known = zip(asked, types, strict=True)
        return [one for one, said in known if said is None or says_any(said)], "any"

    def _types(self, snapshot: Snapshot, sites: Sequence[TypeSite]) -> Sequence[str | None] | None:
        """Return the types of places as the compiler has them; None where it cannot say."""
        root = snapshot.root
        project = self._compilers.project(root, snapshot.shown) if root and sites else None
        if root is None or project is None:
            return None
        try:
            types = project.service.types(project.name(snapshot.path), sites)
        except CapacityError as error:
            self._compilers.failed(root, error)
        except OSError as error:
            self._compilers.failed(root, CapacityError(str(error)))
        except TidemillError as error:
            _LOGGER.warning("%s is not checked: %s", snapshot.path.name, error.message)
        else:
            return types
        return None


def _bare(file: ProjectFile) -> list[int]:
    """Return the places of whose type nothing is written, where the file can be parsed."""
    left_out = self_typed(file.tree, file.sites)
    if file.is_script:
        left_out |= documented(file.tree, file.sites)
    broken = file.tree.errors
    return [
        number
        for number, site in enumerate(file.sites)
        if site.type is None and number not in left_out and not _touches(broken, site.place)
    ]


def _touches(broken: Sequence[Span], place: Span) -> bool:
    return any(error.start < place.end and place.start < error.end for error in broken)
