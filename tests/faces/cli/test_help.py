import inspect
import re

import pytest
import typer

from tests.faces.cli.handbook import PAGE, help_text, page
from tidemill.faces.cli.app import VERBS, Verb, application

each_verb = pytest.mark.parametrize("verb", VERBS, ids=lambda verb: "-".join(verb.words))


def test_the_page_of_commands_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tests.faces.cli.handbook"


@each_verb
def test_every_verb_has_an_example_that_names_it(verb: Verb) -> None:
    said = help_text(verb.words)
    example = said.partition("For example:")[2].split("\n\n")[1]
    assert f"tidemill {' '.join(verb.words)}" in example


@each_verb
def test_the_summary_is_the_first_line_of_the_function(verb: Verb) -> None:
    doc = inspect.getdoc(verb.load()) or ""
    assert doc.splitlines()[0] == verb.summary


@each_verb
def test_every_option_says_what_it_does(verb: Verb) -> None:
    command = typer.main.get_command(application([*verb.words]))
    for word in verb.words:
        command = command.commands[word]  # type: ignore[attr-defined]  # groups have them
    assert all(getattr(parameter, "help", None) for parameter in command.params)


def test_help_is_plain() -> None:
    assert "\x1b" not in help_text(())
    assert not re.search(r"[\u2500-\u257f]", help_text(()))
