"""Types as an expert guesses them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

from tidemill.core.progress import Progress, Silence
from tidemill.core.settings import Settings
from tidemill.experts.package import ExpertPackage
from tidemill.models.typed.uses import SitedFile, Uses, uses_of
from tidemill.serving.local import local_experts
from tidemill.serving.type_questions import TypeAnswer
from tidemill.serving.type_questions import TypeQuestion as ExpertQuestion
from tidemill.source.annotations.finding import sites_of
from tidemill.source.annotations.stripping import stripped
from tidemill.source.parsing import parse
from tidemill.tasks.types.source import Candidate, TypeQuestion, TypeSource

__all__ = ["ExpertTypes", "type_source"]

OPERATION = "types"
AT_ONCE = 8
"""Files that are asked about in one request."""


class Asking(Protocol):
    """Whoever has experts and asks them."""

    def find(self, name: str) -> ExpertPackage:
        """Return an expert as the registry has it now."""
        ...

    def ask(self, package: ExpertPackage, operation: str, items: Sequence[Any]) -> list[Any]:
        """Ask an expert about items."""
        ...


class ExpertTypes:
    """An expert on types, asked about files without their annotations, as it was trained.

    Args:
        name: Of the expert.
        experts: Who has it.
        progress: Told after each request how many files are done.

    Raises:
        ExpertError: There is no such expert, or something is wrong with it.
        StoreError: It cannot be read.
    """

    def __init__(self, name: str, experts: Asking, progress: Progress | None = None) -> None:
        self._package = experts.find(name)
        self._experts = experts
        self._progress = progress or Silence()

    @property
    def name(self) -> str:
        """The expert's name and what it computes."""
        return f"{self._package.name} {self._package.expert_hash[:12]}"

    def candidates(self, files: Sequence[TypeQuestion]) -> list[Mapping[int, Sequence[Candidate]]]:
        """Return what the expert thinks of the sites that are asked about.

        Args:
            files: What is asked; how sites are used is looked for in all of them together.

        Raises:
            ExpertError: The expert's parts do not fit.
            CapacityError: It does not fit into memory.
            MissingExtraError: It needs torch, which is not installed.
        """
        sited = [SitedFile(path=f.path, tree=f.tree, sites=f.sites) for f in files]
        uses = uses_of(sited)
        found: list[Mapping[int, Sequence[Candidate]]] = []
        for start in range(0, len(files), AT_ONCE):
            some = files[start : start + AT_ONCE]
            numbered = [_Numbered.of(file) for file in some]
            questions = [
                one.question(file, uses[file.path])
                for one, file in zip(numbered, some, strict=True)
            ]
            answers = self._experts.ask(self._package, OPERATION, questions)
            found += [one.read(own) for one, own in zip(numbered, answers, strict=True)]
            self._progress.advance(len(found), len(files), self._package.name)
        return found


def type_source(settings: Settings, progress: Progress | None = None) -> TypeSource:
    """Return the expert that the settings name.

    Args:
        settings: Say which expert, and where experts are.
        progress: Told after each request how many files are done.

    Raises:
        ExpertError: There is no such expert, or something is wrong with it.
        StoreError: It cannot be read.
    """
    return ExpertTypes(settings.type_expert, local_experts(settings), progress)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Numbered:
    """A file without its annotations.

    Without them some files are read in another way, and their sites have other numbers: in a
    class, ``m: T`` and ``*it()`` on the next line become a product.

    Attributes:
        text: Its bytes, blanked.
        numbers: For sites of the file as it is, their numbers without annotations.
    """

    text: bytes
    numbers: Mapping[int, int]

    @classmethod
    def of(cls, file: TypeQuestion) -> Self:
        """Take the annotations away."""
        text = stripped(file.tree.text, file.sites)
        sites = sites_of(parse(text, file.tree.language))
        bare = {(site.kind, site.place.start): number for number, site in enumerate(sites)}
        places = {number: (site.kind, site.place.start) for number, site in enumerate(file.sites)}
        return cls(
            text=text,
            numbers={number: bare[at] for number, at in places.items() if at in bare},
        )

    def question(self, file: TypeQuestion, uses: Uses) -> ExpertQuestion:
        """Return what is asked about the file."""
        numbers = self.numbers
        return ExpertQuestion(
            text=self.text,
            language=file.tree.language.name,
            sites=tuple(numbers[site] for site in file.wanted if site in numbers),
            more=file.importable,
            uses={numbers[site]: own for site, own in uses.items() if site in numbers},
        )

    def read(self, answers: Sequence[TypeAnswer]) -> dict[int, Sequence[Candidate]]:
        """Return answers under the numbers of the file as it is."""
        sites = {bare: site for site, bare in self.numbers.items()}
        return {sites[answer.site]: _candidates(answer) for answer in answers}


def _candidates(answer: TypeAnswer) -> list[Candidate]:
    pairs = zip(answer.types, answer.confidences, strict=True)
    return [Candidate(text=text, confidence=confidence) for text, confidence in pairs]
