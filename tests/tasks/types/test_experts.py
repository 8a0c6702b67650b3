"""An expert on types, asked about files without their annotations."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

from tests.tasks.types.table import file_of
from tidemill.experts.package import ExpertPackage
from tidemill.serving.type_questions import TypeAnswer
from tidemill.serving.type_questions import TypeQuestion as Asked
from tidemill.source.annotations.finding import sites_of
from tidemill.source.language import LANGUAGES
from tidemill.source.parsing import parse
from tidemill.tasks.types.experts import ExpertTypes
from tidemill.tasks.types.source import Candidate, TypeQuestion


class Naming:
    """Experts that answer each site with its kind and its name, as they read them."""

    def find(self, name: str) -> ExpertPackage:
        assert name == "namer"
        return cast("ExpertPackage", SimpleNamespace(name=name, expert_hash="0" * 64))

    def ask(self, package: ExpertPackage, operation: str, items: Sequence[Any]) -> list[Any]:
        assert package.name == "namer"
        assert operation == "types"
        return [[self._answer(item, site) for site in item.sites] for item in items]

    def _answer(self, item: Asked, number: int) -> TypeAnswer:
        assert b"string" not in item.text
        site = sites_of(parse(item.text, LANGUAGES[item.language]))[number]
        return TypeAnswer(site=number, types=(f"{site.kind} {site.name}",), confidences=(0.5,))


def question(text: str) -> TypeQuestion:
    file = file_of("a.ts", text)
    return TypeQuestion(
        path="a.ts",
        tree=file.tree,
        sites=file.sites,
        wanted=[number for number, site in enumerate(file.sites) if site.type is None],
        names=(),
        importable={},
    )


def test_answers_belong_to_their_sites_where_files_read_otherwise_without_annotations() -> None:
    text = (
        "export class A {\n  private m: Map<string, number>\n  *it(x: string) { return x }\n}\n"
        "export function f(a, b: string) { return g(a, b) }\n"
    )
    asked = question(text)
    (found,) = ExpertTypes("namer", Naming()).candidates([asked])
    named = {
        f"{asked.sites[site].kind} {asked.sites[site].name}": candidates
        for site, candidates in found.items()
    }
    assert {"return it", "parameter a", "return f"} >= set(named) >= {"parameter a", "return f"}
    for name, candidates in named.items():
        assert candidates == [Candidate(text=name, confidence=0.5)]
