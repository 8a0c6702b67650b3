"""A source of types that answers from a table, right or wrong."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from tidemill.source.language import language_of
from tidemill.source.parsing import parse
from tidemill.tasks.types.project import ProjectFile
from tidemill.tasks.types.source import Candidate, TypeQuestion


class Table:
    """Answers by name, or by kind and name: ``return f`` before ``f``.

    Args:
        answers: Types, best first; their confidences fall from .9 on.
    """

    name = "a table"

    def __init__(self, answers: Mapping[str, str | Sequence[str]]) -> None:
        self._answers = answers
        self.asked: list[TypeQuestion] = []

    def candidates(self, files: Sequence[TypeQuestion]) -> list[dict[int, list[Candidate]]]:
        self.asked += files
        return [{place: self._at(file, place) for place in file.wanted} for file in files]

    def _at(self, file: TypeQuestion, place: int) -> list[Candidate]:
        site = file.sites[place]
        found = self._answers.get(f"{site.kind} {site.name}", self._answers.get(site.name, ()))
        texts = [found] if isinstance(found, str) else found
        return [Candidate(text=text, confidence=0.9 - turn / 10) for turn, text in enumerate(texts)]


def file_of(name: str, text: str | bytes, *, folder: str = "/program") -> ProjectFile:
    """A file of a program, by its name's language."""
    data = text.encode() if isinstance(text, str) else text
    language = language_of(name)
    assert language is not None
    tree = parse(data, language)
    return ProjectFile(Path(folder, name), name, tree=tree, encoding="utf-8", key="")
