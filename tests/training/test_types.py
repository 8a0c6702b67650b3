"""From a recipe and a set of types to an expert that infers them."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.training.test_loop import StopsAt, bits
from tests.training.typed import small
from tests.training.typed.conftest import narrow_encoder_decoders
from tests.training.typed.small import corpus, recipe, rows, workplace
from tidemill.core.clock import SystemClock
from tidemill.core.errors import InputError
from tidemill.core.progress import Progress, Silence
from tidemill.core.settings import Settings
from tidemill.corpus.packed import open_corpus, write_corpus
from tidemill.corpus.typed.packed import write_types
from tidemill.experts.package import open_expert
from tidemill.experts.verification import verify_expert
from tidemill.models.seq2seq.config import seq2seq_config
from tidemill.models.tokenizer import Tokenizer
from tidemill.models.typed.scope import LEXICON, Lexicon
from tidemill.models.typed.vocabulary import TypeVocabulary
from tidemill.training.chance import Chance
from tidemill.training.checkpoint import Position
from tidemill.training.distributed import Workers
from tidemill.training.journal import entries
from tidemill.training.loop import Run, run_stages
from tidemill.training.objectives.types import TypeObjective
from tidemill.training.recipe import Recipe, builtin_recipes, read_recipe
from tidemill.training.sparse import sparsified
from tidemill.training.trainees.types import TypeTrainee
from tidemill.training.training import train
from tidemill.training.typed.preparing import prepared_types

__all__ = ["narrow_encoder_decoders"]

CPU = torch.device("cpu")
MAPS = frozenset({"q", "k", "v", "o", "wi", "wo"})
SETTINGS = Settings(workers=1)
CHANCE = Chance(seed=5, stage=0, step=3)


def prepared(folder: Path, plan: Recipe | None = None) -> TypeTrainee:
    folder.mkdir(exist_ok=True)
    packed = corpus(folder / "set")
    trainee, _ = prepared_types(plan or recipe(), packed, workplace(folder / "run"))
    return trainee


def run(
    plan: Recipe, folder: Path, progress: Progress | None = None
) -> tuple[TypeTrainee, Position]:
    """Train in a folder, or go on there."""
    packed = corpus(folder.with_name("set"))
    trainee, stages = prepared_types(plan, packed, workplace(folder))
    end = run_stages(
        Run(
            recipe=plan,
            trainee=trainee,
            folder=folder,
            workers=Workers(device=CPU),
            clock=SystemClock(),
            progress=progress or Silence(),
            sparsifier=sparsified(plan, trainee, CPU),
        ),
        stages,
    )
    return trainee, end


def vocabulary_of(trainee: TypeTrainee) -> TypeVocabulary:
    text = trainee.facts().texts["tokenizer.json"]
    return TypeVocabulary(Tokenizer.parse(text.encode(), where="tokenizer.json"))


def test_a_batch_holds_windows_their_answers_and_the_lines_of_each(tmp_path: Path) -> None:
    trainee = prepared(tmp_path)
    known = vocabulary_of(trainee)
    chosen = np.arange(trainee.count)
    batch = trainee.batch(chosen)
    assert batch.there.sum(dim=1).tolist() == trainee.lengths(chosen).tolist()
    assert trainee.places(chosen) == int(batch.there.sum() + (batch.answers != 0).sum())
    assert not bool(batch.inputs[~batch.there].any())
    sentinels = torch.isin(batch.answers, torch.tensor(known.sentinels))
    for row in chosen.tolist():
        answer = batch.answers[row].tolist()
        ends = [place for place, token in enumerate(answer) if token == known.newline]
        begins = [0, *(place + 1 for place in ends)]
        lines = batch.lines[row].tolist()
        assert [lines[place] for place in begins] == [*range(len(begins))]
        assert lines == sorted(lines)
    # What begins a line is told to the decoder; everything else that is written is learnt.
    assert not bool((batch.wanted & sentinels).any())
    written = batch.answers != known.pad
    ends_after = torch.zeros_like(written)
    ends_after[:, 1:] = batch.answers[:, :-1] == known.newline
    assert bool((written & ~sentinels & ~ends_after)[:, 1:].eq(batch.wanted[:, 1:]).all())
    assert bool(batch.wanted.any(dim=1).all())


def test_the_loss_is_that_of_each_line_by_itself(tmp_path: Path) -> None:
    trainee = prepared(tmp_path, recipe(rewrites=0))
    known, model = vocabulary_of(trainee), trainee.model
    chosen = np.arange(trainee.count)
    share = TypeObjective(trainee, smoothing=0.0).share(chosen, CHANCE)
    batch = trainee.batch(chosen)
    losses: list[float] = []
    right = 0
    for row in chosen.tolist():
        there = batch.there[row : row + 1]
        inputs = batch.inputs[row : row + 1, : int(there.sum())]
        for number in range(int(batch.lines[row].max()) + 1):
            line = batch.answers[row][(batch.lines[row] == number) & (batch.answers[row] != 0)]
            if len(line) < 2:
                continue
            assert line[0] in known.sentinels
            hidden = model(inputs, torch.ones_like(inputs, dtype=torch.bool), line[None])
            scores = model.scores(hidden[0, 1:]).log_softmax(dim=1)
            losses += (-scores.gather(1, line[1:, None])).flatten().tolist()
            right += int((scores.argmax(dim=1) == line[1:]).sum())
    assert len(losses) == int(batch.wanted.sum())
    assert share.loss.item() == pytest.approx(sum(losses) / len(losses), rel=1e-5)
    assert share.accuracy == pytest.approx(right / len(losses))


def test_smoothing_makes_certainty_dear(tmp_path: Path) -> None:
    trainee = prepared(tmp_path)
    chosen = np.arange(4)
    plain = TypeObjective(trainee, smoothing=0.0).share(chosen, CHANCE)
    smooth = TypeObjective(trainee, smoothing=0.2).share(chosen, CHANCE)
    batch = trainee.batch(chosen)
    hidden = trainee.model(batch.inputs, batch.there, batch.answers, lines=batch.lines)
    every = -trainee.model.scores(hidden[batch.wanted]).log_softmax(dim=1).mean()
    expected = 0.8 * plain.loss.item() + 0.2 * every.item()
    assert smooth.loss.item() == pytest.approx(expected, rel=1e-5)


def test_dropout_is_drawn_anew_at_each_step(tmp_path: Path) -> None:
    trainee = prepared(tmp_path, recipe(model={"token_dropout": 0.3}))
    trainee.model.train()
    objective = TypeObjective(trainee, smoothing=0.0)
    losses = [
        objective.share(np.arange(4), replace(CHANCE, step=step)).loss.item() for step in (1, 1, 2)
    ]
    assert losses[0] == losses[1]
    assert losses[0] != losses[2]


def test_windows_are_read_once_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = prepared(tmp_path)

    def refused(*_: object, **__: object) -> None:
        raise AssertionError("read again")

    monkeypatch.setattr("tidemill.training.typed.lessons.read_windows", refused)
    again = prepared(tmp_path)
    chosen = np.arange(first.count)
    assert again.count == first.count > 12
    assert torch.equal(again.batch(chosen).inputs, first.batch(chosen).inputs)
    assert bits(again) == bits(first)
    assert len(vocabulary_of(first).preamble) + 48 + 24 + 2 >= first.lengths(chosen).max()


def test_a_vocabulary_is_learnt_from_some_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = prepared(tmp_path / "whole")
    monkeypatch.setattr("tidemill.training.typed.lessons.VOCABULARY_FILES", 1)
    part = prepared(tmp_path / "part")
    assert vocabulary_of(part).size < vocabulary_of(whole).size
    assert part.count > 12


@pytest.mark.slow
def test_several_readers_read_the_same(tmp_path: Path) -> None:
    packed = corpus(tmp_path / "set")
    one, two = (
        prepared_types(recipe(), packed, workplace(tmp_path / str(n), readers=n))[0] for n in (1, 2)
    )
    chosen = np.arange(one.count)
    assert torch.equal(one.batch(chosen).inputs, two.batch(chosen).inputs)
    assert torch.equal(one.batch(chosen).answers, two.batch(chosen).answers)


@pytest.mark.parametrize("step", [1, 3])
def test_a_run_that_is_stopped_and_resumed_ends_with_the_same_bits(
    tmp_path: Path, step: int
) -> None:
    plan = recipe(checkpoint_seconds=0.0, model={"token_dropout": 0.1})
    whole, _ = run(plan, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(plan, tmp_path / "halves", StopsAt(step))
    halves, end = run(plan, tmp_path / "halves")
    assert end.total == 4
    assert bits(halves) == bits(whole)


def test_a_recipe_and_a_set_become_an_expert_that_is_sound(tmp_path: Path) -> None:
    corpus(tmp_path / "set")
    report = train(recipe(), corpus=tmp_path / "set", folder=tmp_path / "run", settings=SETTINGS)
    assert (report.steps, report.unit) == (4, "tokens")
    assert {*report.measures} == {"exact", "head"}
    found = verify_expert(report.expert)
    assert found.findings == ()
    assert found.shapes_checked
    package = open_expert(report.expert)
    assert (package.manifest.task, package.manifest.architecture) == ("types", "seq2seq-types")
    assert package.manifest.languages == ("typescript",)
    assert {metric.name for metric in package.manifest.metrics} == {"exact", "head"}
    files = {path.name for path in report.expert.iterdir()}
    assert files == {
        *("expert.json", "config.json", "model.safetensors", "tokenizer.json", "types.json"),
        *("memory.json", "README.md"),
    }
    config = seq2seq_config(package.config)
    assert (config.bos_token_id, config.eos_token_id, config.pad_token_id) == (1, 2, 0)
    assert [package.config[name] for name in ("window", "facts", "most_sites")] == [48, 24, 4]
    lexicon = Lexicon.from_json(package.file(LEXICON).read_bytes())
    assert lexicon.names["Map"] == (2, 2)
    assert TypeVocabulary(Tokenizer.load(package.file("tokenizer.json"))).size == config.vocab_size


@pytest.mark.slow
def test_three_files_are_learnt_by_heart(tmp_path: Path) -> None:
    corpus(tmp_path / "set")
    plan = recipe(
        rewrites=0,
        measure_every=10,
        stage={"steps": 100, "batch": 8, "learning_rate": 1e-2, "warmup": 0.1},
    )
    folder = tmp_path / "run"
    report = train(plan, corpus=tmp_path / "set", folder=folder, settings=SETTINGS)
    losses = [entry.losses["types"] for entry in entries(folder) if entry.losses]
    assert losses[-1] < 0.2 * losses[0]
    measures = [entry.measures["exact"] for entry in entries(folder) if entry.measures]
    assert measures[0] < 0.5
    assert report.measures["exact"] > 0.95
    assert report.measures["head"] >= report.measures["exact"]


def test_a_sparse_expert_is_packed(tmp_path: Path) -> None:
    corpus(tmp_path / "set")
    plan = recipe(sparsity="2:8", method="bdwp")
    report = train(plan, corpus=tmp_path / "set", folder=tmp_path / "run", settings=SETTINGS)
    package = open_expert(report.expert)
    assert verify_expert(report.expert).findings == ()
    assert package.manifest.sparsity == "2:8"
    assert package.footprint is not None
    sparse = [name for name, part in package.tensors.items() if part.encoding == "2:8"]
    # Six maps of the encoder's layer and ten of the decoder's; no table, norm or bias.
    assert len(sparse) == 16
    assert all(name.rsplit(".", 2)[1] in MAPS for name in sparse)
    for name in sparse:
        weight = package.tensors[name].to_float32()
        kept = (weight.reshape(*weight.shape[:-1], -1, 8) != 0).sum(axis=-1)
        assert kept.max() <= 2


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model": {"kind": "encoder"}}, "a model of kind encoder writes no types"),
        ({"model": {"size": "bag"}}, "size bag is none of an encoder-decoder"),
        ({"stage": {"objectives": ["search"]}}, "the objective search is not for types"),
        ({"model": {"window": 90}}, "windows of 90 tokens are inputs of"),
    ],
)
def test_a_recipe_that_is_not_for_types_is_refused(
    tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    packed = corpus(tmp_path / "set")
    with pytest.raises(InputError, match=words):
        prepared_types(recipe(**changes), packed, workplace(tmp_path / "run"))


def test_a_set_that_cannot_be_learnt_from_is_refused(tmp_path: Path) -> None:
    facts = {"name": "own", "about": "", "sources": [], "dropped": {}}
    empty = write_types(tmp_path / "empty", {"valid": rows()}, facts)
    with pytest.raises(InputError, match="the set has no file to learn from") as caught:
        prepared_types(recipe(), empty, workplace(tmp_path / "run"))
    assert caught.value.path == str(tmp_path / "empty")
    code = write_corpus(tmp_path / "code", {"train": []}, {}, facts)
    with pytest.raises(InputError, match="is a set of code, not of types"):
        prepared_types(recipe(), code, workplace(tmp_path / "run"))


def test_types_begin_from_scratch(tmp_path: Path) -> None:
    packed = corpus(tmp_path / "set")
    report = train(recipe(), corpus=tmp_path / "set", folder=tmp_path / "run", settings=SETTINGS)
    start = open_expert(report.expert)
    with pytest.raises(InputError, match="begins from scratch"):
        prepared_types(recipe(), packed, workplace(tmp_path / "second", start=start))


def test_the_recipe_that_comes_along_can_be_trained() -> None:
    plan = read_recipe(builtin_recipes()["types-ts"])
    assert (plan.task, plan.corpus, plan.model.kind) == ("types", "types", "seq2seq")
    spec = plan.model
    # The preamble is five words, of 24 letters.
    assert spec.window + 24 + 5 + 2 <= spec.max_tokens
    assert spec.most_sites <= 100


@pytest.mark.slow
def test_two_processes_train_one_expert_on_types(tmp_path: Path) -> None:
    corpus(tmp_path / "set")
    program = tmp_path / "two.py"
    program.write_text(
        "import sys\n"
        "from pathlib import Path\n"
        f"sys.path.insert(0, {str(Path(small.__file__).parents[3])!r})\n"
        "from tests.training.typed.small import NARROW, recipe\n"
        "from tidemill.core.settings import Settings\n"
        "from tidemill.training.training import train\n"
        "from tidemill.training.typed import preparing\n"
        "preparing.SIZES = {'mini': NARROW}\n"
        "corpus, folder = map(Path, sys.argv[1:])\n"
        "settings = Settings(workers=1)\n"
        "plan = recipe(stage={'batch': 8})\n"
        "train(plan, corpus=corpus, folder=folder, device='cpu', settings=settings)\n"
    )
    environ = dict(os.environ) | {"OMP_NUM_THREADS": "1"}
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    arguments = [str(program), str(tmp_path / "set"), str(tmp_path / "two")]
    subprocess.run([*torchrun, *arguments], check=True, env=environ, timeout=200)
    assert verify_expert(tmp_path / "two" / "expert").sound
    assert open_corpus(tmp_path / "set").kind == "types"
