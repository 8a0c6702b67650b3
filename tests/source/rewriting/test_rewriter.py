"""Rewritten functions parse, look otherwise, and do the same."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.source.rewriting.programs import (
    C_FUNCTIONS,
    JAVASCRIPT,
    JAVASCRIPT_FUNCTIONS,
    PYTHON,
    C,
)
from tests.source.samples import SAMPLES
from tests.tasks.clones.golden import GOLDEN
from tidemill.core.randomness import stream
from tidemill.source.language import LANGUAGES
from tidemill.source.normalised import Normaliser
from tidemill.source.parsing import parse_fragment
from tidemill.source.rewriting.edits import applied
from tidemill.source.rewriting.rewriter import REWRITES, rewrite
from tidemill.source.rewriting.scene import Scene
from tidemill.source.rewriting.shapes import SHAPES
from tidemill.source.units import units_of

KINDS = tuple(REWRITES)
SEEDS = 25


def rewritten(code: str, language: str, seed: int = 0, most: int = 8) -> str:
    chance = stream(seed, "rewriting", language)
    return rewrite(code.encode(), LANGUAGES[language], chance, most=most).decode()


def every(kind: str, code: str, language: str) -> list[str]:
    """The text after each change of one kind alone."""
    tree = parse_fragment(code.encode(), LANGUAGES[language])
    assert not tree.errors
    changes = REWRITES[kind](Scene(tree=tree), stream(0, "every"))
    return [applied(tree.text, change, tree.offset).decode() for change in changes]


def called(code: str, name: str, arguments: tuple[object, ...]) -> object:
    names: dict[str, object] = {}
    exec(compile(code, "<rewritten>", "exec"), names)  # noqa: S102 - our own functions
    function = names[name]
    assert callable(function)
    return function(*arguments)


def test_every_language_has_a_shape() -> None:
    assert set(SHAPES) == set(LANGUAGES)


@pytest.mark.claim("house.rewriting")
@pytest.mark.parametrize("name", PYTHON)
def test_python_functions_do_the_same(name: str) -> None:
    code, inputs = PYTHON[name]
    variants = {rewritten(code, "python", seed) for seed in range(SEEDS)}
    assert len(variants) > SEEDS // 3
    for variant in variants:
        for arguments in inputs:
            assert called(variant, name, arguments) == called(code, name, arguments), variant


@pytest.mark.parametrize("name", PYTHON)
@pytest.mark.parametrize("kind", KINDS)
def test_each_change_alone_does_the_same(name: str, kind: str) -> None:
    code, inputs = PYTHON[name]
    for variant in every(kind, code, "python"):
        for arguments in inputs:
            assert called(variant, name, arguments) == called(code, name, arguments), variant


def run_all(code: str, language: str, folder: Path) -> str:
    """What each function gives for some numbers, by whichever compiler there is."""
    numbers = [0, 1, 3, 4, 6, 8, 9, 20]
    if language == "javascript":
        calls = [f"console.log({name}({n}));" for name in JAVASCRIPT_FUNCTIONS for n in numbers]
        source = folder / "code.js"
        source.write_text(code + "\n" + "\n".join(calls))
        command = ["node", str(source)]
    else:
        prints = [f'printf("%d\\n", {name}({n}));' for name in C_FUNCTIONS for n in numbers]
        source = folder / "code.c"
        source.write_text(f"{code}\nint main(void) {{ {' '.join(prints)} return 0; }}\n")
        subprocess.run(["cc", "-w", "-o", folder / "code", source], check=True)
        command = [str(folder / "code")]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout


@pytest.mark.claim("house.rewriting")
@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "language", "program"), [(C, "c", "cc"), (JAVASCRIPT, "javascript", "node")]
)
def test_compiled_functions_do_the_same(
    tmp_path: Path, code: str, language: str, program: str
) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"there is no {program} here")
    expected = run_all(code, language, tmp_path)
    variants = {rewritten(code, language, seed, most=20) for seed in range(SEEDS)}
    variants |= {variant for kind in KINDS for variant in every(kind, code, language)}
    assert len(variants) > 2 * SEEDS
    for variant in variants:
        assert run_all(variant, language, tmp_path) == expected, variant


@pytest.mark.claim("house.rewriting")
@pytest.mark.parametrize("language", GOLDEN)
@pytest.mark.parametrize("seed", range(5))
def test_every_language_is_rewritten_and_parses(language: str, seed: int) -> None:
    for code in (GOLDEN[language].original, SAMPLES[language].code):
        before = parse_fragment(code.encode(), LANGUAGES[language])
        after = parse_fragment(rewritten(code, language, seed).encode(), LANGUAGES[language])
        assert not after.errors
        kinds = [unit.kind for unit in units_of(after)]
        assert kinds == [unit.kind for unit in units_of(before)]


@pytest.mark.parametrize("language", GOLDEN)
def test_renaming_alone_keeps_the_normal_form(language: str) -> None:
    code = GOLDEN[language].original

    def form(text: str) -> str:
        tree = parse_fragment(text.encode(), LANGUAGES[language])
        units = units_of(tree)
        return Normaliser(tree, units).form(units[0]).renamed

    variants = every("names", code, language)
    assert len(variants) >= 4, "orders, limit, total, order"
    for variant in variants:
        assert variant != code
        assert form(variant) == form(code)


def test_the_same_seed_gives_the_same_text() -> None:
    code = GOLDEN["java"].original
    assert rewritten(code, "java", 3) == rewritten(code, "java", 3)
    assert len({rewritten(code, "java", seed) for seed in range(10)}) > 5


def test_nothing_is_done_where_nothing_is_asked_or_the_text_is_broken() -> None:
    code = GOLDEN["java"].original
    assert rewritten(code, "java", most=0) == code
    broken = code.replace("{", "", 1)
    assert rewritten(broken, "java") == broken
    assert rewritten("", "python") == ""


@given(st.text(alphabet="abif(){};=<+1 \nelsewhir", max_size=80), st.integers(0, 100))
def test_any_text_is_rewritten_or_left(text: str, seed: int) -> None:
    for language in ("c", "java", "javascript", "python"):
        found = rewrite(text.encode(), LANGUAGES[language], stream(seed, "any text"), most=3)
        if found != text.encode():
            assert not parse_fragment(found, LANGUAGES[language]).errors
