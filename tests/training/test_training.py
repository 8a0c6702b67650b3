"""From a recipe's file and a packed set to an expert that can be asked."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.training.small import examples
from tidemill.core.clock import SystemClock
from tidemill.core.errors import ExpertError, InputError, LockedError
from tidemill.core.locks import JobLock
from tidemill.core.settings import Settings
from tidemill.corpus.example import Example
from tidemill.corpus.packed import write_corpus
from tidemill.experts.package import open_expert
from tidemill.experts.verification import verify_expert
from tidemill.serving.embedder import CodeText, open_embedder
from tidemill.training.recipe import read_recipe
from tidemill.training.runs import list_runs, named_run, remove_run, run_state
from tidemill.training.training import TrainingReport, resume, train

RECIPE = """\
name = "search-small"
about = "A small one."
task = "search"
corpus = "small"
precision = "fp32"

[model]
kind = "{kind}"
vector_size = 16
vocab_size = 420
max_tokens = 48
max_nodes = 12
least = 2

[[stages]]
objectives = ["search"]
steps = {steps}
batch = 8
learning_rate = 1e-2
"""
GROUPS = "batch = 8\nmembers = 2"
SETTINGS = Settings(workers=1)


def packed_examples(count: int, seed: int) -> list[Example]:
    return [
        Example(
            id=f"{seed}-{number}",
            language=one.language,
            package="p",
            family="p",
            licence="MIT",
            path="p.py",
            line=1,
            name="f",
            qualified_name="f",
            query=one.query,
            code=one.code,
            group="",
        )
        for number, one in enumerate(examples(count, seed))
    ]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    splits = {"train": packed_examples(40, 0), "valid": packed_examples(16, 1)}
    write_corpus(folder, splits, {}, {"name": "small", "about": "", "sources": [], "dropped": {}})
    return folder


def recipe_file(folder: Path, kind: str = "encoder", steps: int = 6) -> Path:
    path = folder / "search-small.toml"
    path.write_text(RECIPE.format(kind=kind, steps=steps))
    return path


def trained(tmp_path: Path, corpus: Path, kind: str = "encoder") -> TrainingReport:
    recipe = recipe_file(tmp_path, kind)
    return train(recipe, corpus=corpus, folder=tmp_path / "run", device="cpu", settings=SETTINGS)


@pytest.mark.parametrize("kind", ["encoder", "static"])
def test_a_recipe_and_a_set_become_an_expert_that_answers(
    tmp_path: Path, corpus: Path, kind: str
) -> None:
    report = trained(tmp_path, corpus, kind)
    assert (report.steps, report.resumed) == (6, False)
    assert verify_expert(report.expert).sound
    package = open_expert(report.expert)
    assert package.manifest.languages == ("java", "python")
    assert package.manifest.training is not None
    assert package.manifest.training.steps == 6
    assert {metric.name for metric in package.manifest.metrics} == set(report.measures)
    assert open_embedder(package).queries(["merge the table"]).shape == (1, 16)
    picture = (tmp_path / "run" / "curve.svg").read_text()
    assert picture.startswith("<svg")
    assert "search-small: 6 steps" in picture
    assert ">mrr " in picture


def test_a_run_goes_on_from_an_expert_and_says_so(tmp_path: Path, corpus: Path) -> None:
    first = trained(tmp_path, corpus)
    base = open_expert(first.expert)
    # Other functions, which a tokenizer of their own would split otherwise.
    splits = {"train": packed_examples(30, 3), "valid": packed_examples(8, 4)}
    corpus = tmp_path / "other"
    write_corpus(corpus, splits, {}, {"name": "other", "about": "", "sources": [], "dropped": {}})
    folder, recipe = tmp_path / "second", recipe_file(tmp_path, steps=2)
    recipe.write_text(recipe.read_text().replace("1e-2", "1e-7"))
    second = train(recipe, corpus=corpus, folder=folder, start=first.expert, settings=SETTINGS)
    package = open_expert(second.expert)
    assert package.manifest.base == f"search-small {base.expert_hash}"
    name = "tokenizer.json"
    assert package.file(name).read_bytes() == base.file(name).read_bytes()
    for name, tensor in base.tensors.items():
        assert package.tensors[name].to_float32() == pytest.approx(tensor.to_float32(), abs=1e-3)
    with pytest.raises(InputError, match="begun with another start"):
        train(recipe, corpus=corpus, folder=folder, settings=SETTINGS)
    assert resume(folder, settings=SETTINGS).resumed


def test_what_cannot_be_gone_on_from_is_refused(tmp_path: Path, corpus: Path) -> None:
    first = trained(tmp_path, corpus)
    map_recipe = recipe_file(tmp_path, kind="static")
    there = tmp_path / "second"
    with pytest.raises(InputError, match="static begins from scratch"):
        train(map_recipe, corpus=corpus, folder=there, start=first.expert, settings=SETTINGS)
    wider = recipe_file(tmp_path)
    wider.write_text(wider.read_text().replace("max_tokens = 48", "max_tokens = 40"))
    with pytest.raises(InputError, match="another shape than the recipe"):
        train(wider, corpus=corpus, folder=tmp_path / "x", start=first.expert, settings=SETTINGS)
    with pytest.raises(ExpertError, match="no expert search-nowhere"):
        train(wider, corpus=corpus, folder=there, start="search-nowhere", settings=SETTINGS)


@pytest.mark.parametrize("kind", ["convolution", "static"])
def test_functions_and_their_rewritten_copies_become_an_expert_on_clones(
    tmp_path: Path, corpus: Path, kind: str
) -> None:
    recipe = tmp_path / "clones-small.toml"
    reports = []
    for steps in (1, 40):
        text = RECIPE.format(kind=kind, steps=steps).replace('["search"]', '["groups"]')
        text = text.replace('name = "search-small"', 'name = "clones-small"\nrewrites = 2')
        text = text.replace('task = "search"', 'task = "clones"').replace("batch = 8", GROUPS)
        recipe.write_text(text)
        folder = tmp_path / f"run-{steps}"
        reports.append(train(recipe, corpus=corpus, folder=folder, settings=SETTINGS))
    first, report = reports
    assert report.measures["map_at_r"] > first.measures["map_at_r"] + 0.1
    embedder = open_embedder(open_expert(report.expert))
    vectors = embedder.code([CodeText(text=b"int f(int a) { return a; }", language="java")])
    assert np.linalg.norm(vectors) == pytest.approx(1, abs=1e-5)


def test_training_again_changes_nothing_and_resuming_gives_the_same_expert(
    tmp_path: Path, corpus: Path
) -> None:
    first = trained(tmp_path, corpus)
    known = open_expert(first.expert).expert_hash
    again = trained(tmp_path, corpus)
    assert again.resumed
    assert again.steps == 6
    assert open_expert(again.expert).expert_hash == known
    resumed = resume(tmp_path / "run", device="cpu", settings=SETTINGS)
    assert open_expert(resumed.expert).expert_hash == known


def test_another_recipe_or_corpus_is_refused_in_a_run_that_was_begun(
    tmp_path: Path, corpus: Path
) -> None:
    trained(tmp_path, corpus)
    other = recipe_file(tmp_path, steps=7)
    with pytest.raises(InputError, match="begun with another recipe"):
        train(other, corpus=corpus, folder=tmp_path / "run", settings=SETTINGS)
    splits = {"train": packed_examples(30, 3)}
    write_corpus(corpus, splits, {}, {"name": "small", "about": "", "sources": [], "dropped": {}})
    with pytest.raises(InputError, match="begun with another corpus"):
        resume(tmp_path / "run", settings=SETTINGS)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("steps = 6", "stops = 6"), r"stages\.0\.stops"),
        (("steps = 6", "steps = 'many'"), r"stages\.0\.steps"),
        (('kind = "encoder"', 'kind = "oracle"'), r"model\.kind"),
        (('task = "search"', ""), "task"),
        (("steps = 6", "steps = 0"), r"stages\.0\.steps"),
        (("batch = 8", "batch = 8\nmembers = 1"), r"stages\.0\.members"),
        (("batch = 8", "batch = 8\ntemperature = 0"), r"stages\.0\.temperature"),
        (("max_tokens = 48", "max_tokens = 1"), r"model\.max_tokens"),
        (('name = "search-small"', 'name = "../search-small"'), "name: "),
        (('name = "search-small"', 'name = "clones-small"'), "name: "),
        (("[model]", "[model"), "not a recipe"),
    ],
)
def test_a_wrong_recipe_is_named_with_its_place(
    tmp_path: Path, corpus: Path, change: tuple[str, str], said: str
) -> None:
    path = recipe_file(tmp_path)
    path.write_text(path.read_text().replace(*change))
    with pytest.raises(InputError, match=said) as raised:
        train(path, corpus=corpus, folder=tmp_path / "run", settings=SETTINGS)
    assert raised.value.path == str(path)
    assert not (tmp_path / "run").exists()


def test_a_missing_recipe_and_a_missing_language_are_named(tmp_path: Path, corpus: Path) -> None:
    with pytest.raises(InputError, match="there is no recipe nowhere"):
        train("nowhere", corpus=corpus, folder=tmp_path / "run", settings=SETTINGS)
    path = recipe_file(tmp_path)
    path.write_text('languages = ["go", "java"]\n' + path.read_text())
    with pytest.raises(InputError, match="no example in go"):
        train(path, corpus=corpus, folder=tmp_path / "run", settings=SETTINGS)
    # Nothing was begun, so another recipe may have the folder.
    assert not trained(tmp_path, corpus, "static").resumed


def test_runs_are_listed_found_and_removed(tmp_path: Path, corpus: Path) -> None:
    settings = replace(SETTINGS, runs=tmp_path / "runs")
    recipe = recipe_file(tmp_path, "static")
    folder = tmp_path / "runs" / "one"
    train(recipe, corpus=corpus, folder=folder, settings=settings)
    (tmp_path / "runs" / "something-else").mkdir()
    (found,) = list_runs(settings)
    assert (found.step, found.finished, found.recipe.name) == (6, True, "search-small")
    assert found.measures["mrr"] > 0
    assert named_run("one", settings) == run_state(folder)
    with JobLock(folder, "train", SystemClock()), pytest.raises(LockedError, match="being trained"):
        remove_run(folder)
    remove_run(folder)
    assert list(list_runs(settings)) == []
    with pytest.raises(InputError, match="there is no run"):
        named_run("one", settings)


def test_a_damaged_run_file_is_named(tmp_path: Path, corpus: Path) -> None:
    trained(tmp_path, corpus, "static")
    path = tmp_path / "run" / "run.json"
    for text in ("", "{}", json.dumps({"recipe": 3})):
        path.write_text(text)
        with pytest.raises(InputError, match="damaged") as raised:
            run_state(tmp_path / "run")
        assert raised.value.path == str(path)


@pytest.mark.slow
@pytest.mark.claim("gcb.training.distributed")
def test_two_processes_train_one_expert(tmp_path: Path, corpus: Path) -> None:
    recipe = recipe_file(tmp_path, "static", steps=4)
    program = tmp_path / "two.py"
    program.write_text(
        "import sys\n"
        "from pathlib import Path\n"
        "from tidemill.core.settings import Settings\n"
        "from tidemill.training.training import train\n"
        "recipe, corpus, folder = map(Path, sys.argv[1:])\n"
        "train(recipe, corpus=corpus, folder=folder, device='cpu', settings=Settings(workers=1))\n"
    )
    arguments = [str(program), str(recipe), str(corpus)]
    environ = dict(os.environ) | {"OMP_NUM_THREADS": "1"}
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    subprocess.run(
        [*torchrun, *arguments, str(tmp_path / "two")], check=True, env=environ, timeout=200
    )
    state = run_state(tmp_path / "two")
    assert state.finished
    assert verify_expert(tmp_path / "two" / "expert").sound


def test_a_recipe_s_name_does_not_depend_on_options_that_it_leaves_at_their_defaults() -> None:
    plain = read_recipe("search-tokens")
    assert replace(plain, about="Something else", also=("c",)).hash == plain.hash
    assert replace(plain, rewrites=0, model=replace(plain.model, least=5)).hash == plain.hash
    others = (
        replace(plain, seed=1),
        replace(plain, rewrites=1),
        replace(plain, model=replace(plain.model, least=6)),
        replace(plain, stages=(*plain.stages, plain.stages[0])),
        replace(plain, stages=(replace(plain.stages[0], depth=0),)),
    )
    assert len({plain.hash, *(one.hash for one in others)}) == 6


def test_parts_of_a_batch_hold_whole_groups(tmp_path: Path, corpus: Path) -> None:
    recipe = tmp_path / "clones-small.toml"
    text = RECIPE.format(kind="static", steps=2).replace('["search"]', '["groups"]')
    text = text.replace('name = "search-small"', 'name = "clones-small"\nrewrites = 2')
    text = text.replace('task = "search"', 'task = "clones"')
    recipe.write_text(text.replace("batch = 8", f"{GROUPS}\naccumulate = 3"))
    with pytest.raises(InputError, match="4 groups do not make 3 parts"):
        train(recipe, corpus=corpus, folder=tmp_path / "run", settings=SETTINGS)


def test_a_damaged_file_of_a_run_is_told_as_such(tmp_path: Path, corpus: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").write_text("{")
    with pytest.raises(InputError, match="the run's file is damaged"):
        trained(tmp_path, corpus)
