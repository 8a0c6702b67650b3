import inspect
import re

import pytest

import tidemill
from tests.architecture.house import ROOT
from tidemill.faces.cli.app import VERBS

LIBRARY = ROOT / "docs" / "how" / "library.md"
COMMANDS = ROOT / "docs" / "how" / "commands.md"


@pytest.mark.claim("house.surface")
@pytest.mark.parametrize("name", tidemill.__all__)
def test_every_public_name_is_there_documented_and_listed(name: str) -> None:
    value = getattr(tidemill, name)
    assert inspect.getdoc(value)
    assert value.__name__ == name
    assert re.search(rf"`{name}\b", LIBRARY.read_text()), f"{name} is missing in {LIBRARY.name}"


@pytest.mark.claim("house.commands")
@pytest.mark.parametrize("words", [" ".join(verb.words) for verb in VERBS])
def test_every_verb_is_documented(words: str) -> None:
    assert re.search(rf"^## `tidemill {words}\b", COMMANDS.read_text(), re.MULTILINE)


def test_no_verb_is_documented_that_is_not_there() -> None:
    titles = re.findall(
        r"^## `tidemill ([a-z ]+?)(?: [A-Z\[-].*)?`", COMMANDS.read_text(), re.MULTILINE
    )
    assert set(titles) <= {" ".join(verb.words) for verb in VERBS}


def test_the_surface_is_sorted_and_listed_by_dir() -> None:
    assert sorted(tidemill.__all__) == tidemill.__all__
    assert set(tidemill.__all__) <= set(dir(tidemill))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        tidemill.nothing  # noqa: B018 - the access is what is tested


def test_the_changelog_knows_the_version_or_what_comes() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    assert "## Unreleased" in text or f"## {tidemill.__version__}" in text
