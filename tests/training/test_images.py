"""Image recipes: from a set of pictures to an expert, and what is refused on the way."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.training.test_loop import StopsAt, bits
from tidemill.core.clock import SystemClock
from tidemill.core.errors import InputError
from tidemill.core.progress import Progress, Silence
from tidemill.core.settings import Settings
from tidemill.corpus.build import build_corpus
from tidemill.corpus.images.packed import classes_of, read_images, read_labels
from tidemill.corpus.packed import open_corpus, write_corpus
from tidemill.experts.package import ExpertPackage, open_expert
from tidemill.experts.registry import SHIPPED
from tidemill.experts.verification import verify_expert
from tidemill.models.classifiers import load_classifier, weights_of
from tidemill.training.checkpoint import Position, newest
from tidemill.training.distributed import Workers
from tidemill.training.fine_tuning import sparse_version
from tidemill.training.images import prepared_images
from tidemill.training.journal import entries
from tidemill.training.loop import Run, run_stages
from tidemill.training.making import Workplace
from tidemill.training.recipe import Recipe, builtin_recipes, read_recipe, recipe_from
from tidemill.training.trainees.images import ImageTrainee, cropped
from tidemill.training.training import resume, train

SETTINGS = Settings(workers=1)
TEXTURES = """\
name = "small"
[images]
source = "textures"
side = 16
count = 400
valid = 0.25
"""
STAGE: dict[str, Any] = {
    "objectives": ["classes"],
    "steps": 6,
    "batch": 16,
    "optimizer": "sgd",
    "nesterov": True,
    "learning_rate": 0.1,
    "augmentation": "crop-flip",
    "label_smoothing": 0.1,
    "clip": 100.0,
}
MODELS: dict[str, dict[str, Any]] = {
    "resnet9": {"kind": "resnet9", "width": 4},
    "vit": {"kind": "vit", "width": 16, "patch": 4, "layers": 2, "heads": 2},
}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("textures")
    (folder / "small.toml").write_text(TEXTURES)
    build_corpus(str(folder / "small.toml"), output=folder / "set")
    return folder / "set"


@pytest.fixture
def code(tmp_path: Path) -> Path:
    facts = {"name": "code", "about": "", "sources": [], "dropped": {}}
    return write_corpus(tmp_path / "code", {}, {}, facts).folder


def recipe(kind: str = "resnet9", **changes: Any) -> Recipe:
    facts = {
        "name": "images-small",
        "task": "images",
        "corpus": "small",
        "precision": "fp32",
        "storage": "fp32",
        "model": MODELS[kind],
        "stages": [STAGE],
    }
    return recipe_from(facts | changes)


def prepared(plan: Recipe, corpus: Path, folder: Path) -> ImageTrainee:
    return prepared_images(plan, open_corpus(corpus), workplace(folder))[0]


def workplace(folder: Path) -> Workplace:
    return Workplace(
        folder=folder,
        corpus_hash="",
        team=Workers(device=torch.device("cpu")),
        readers=1,
        progress=Silence(),
    )


def run(
    plan: Recipe, corpus: Path, folder: Path, progress: Progress | None = None
) -> tuple[ImageTrainee, Position]:
    folder.mkdir(exist_ok=True)
    trainee, stages = prepared_images(plan, open_corpus(corpus), workplace(folder))
    end = run_stages(
        Run(
            recipe=plan,
            trainee=trainee,
            folder=folder,
            workers=Workers(device=torch.device("cpu")),
            clock=SystemClock(),
            progress=progress or Silence(),
        ),
        stages,
    )
    return trainee, end


def recipe_file(folder: Path, text: str = "") -> Path:
    path = folder / "images-small.toml"
    path.write_text(text or RECIPE)
    return path


RECIPE = """\
name = "images-small"
about = "A small one."
task = "images"
corpus = "small"
precision = "fp32"
storage = "fp32"
measure_every = 3

[model]
kind = "resnet9"
width = 4

[[stages]]
objectives = ["classes"]
steps = 6
batch = 16
optimizer = "sgd"
learning_rate = 0.1
"""


def test_a_recipe_and_a_set_of_images_become_an_expert(tmp_path: Path, corpus: Path) -> None:
    report = train(recipe_file(tmp_path), corpus=corpus, folder=tmp_path / "run", settings=SETTINGS)
    assert (report.steps, report.places, report.unit) == (6, 96, "images")
    assert verify_expert(report.expert).sound
    assert verify_expert(report.expert).shapes_checked
    package = open_expert(report.expert)
    assert (package.manifest.task, package.manifest.languages) == ("images", ())
    assert "pipeline_tag: image-classification" in package.card
    assert {metric.name for metric in package.manifest.metrics} == {"accuracy", "cross_entropy"}
    assert "6 steps, 96 images" in (tmp_path / "run" / "curve.svg").read_text()
    # What was measured is what the package does.
    tensors = {name: part.to_float32() for name, part in package.tensors.items()}
    network = load_classifier(package.config, tensors)
    packed = open_corpus(corpus)
    shown = network.config.images
    pixels = np.asarray(read_images(packed, "valid"), np.float32) / 255
    images = torch.from_numpy((pixels - shown.mean) / shown.std).float().permute(0, 3, 1, 2)
    right = network(images).argmax(dim=1).numpy() == read_labels(packed, "valid")
    assert right.mean() == pytest.approx(report.measures["accuracy"], abs=0.011)
    known = package.expert_hash
    assert open_expert(resume(tmp_path / "run", settings=SETTINGS).expert).expert_hash == known


@pytest.mark.parametrize(
    ("model", "step"),
    [
        (("resnet9", "sgd"), 1),
        (("resnet9", "sgd"), 6),
        (("resnet9", "sgd"), 7),
        (("resnet9", "adamw"), 4),
        (("vit", "adamw"), 4),
    ],
)
def test_a_run_that_is_stopped_and_resumed_ends_with_the_same_bits(
    tmp_path: Path, corpus: Path, model: tuple[str, str], step: int
) -> None:
    kind, optimizer = model
    first = STAGE | {"optimizer": optimizer, "learning_rate": 1e-2, "accumulate": 2}
    plan = recipe(kind, stages=[first, first | {"steps": 3}], checkpoint_seconds=0.0)
    expected, end = run(plan, corpus, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(plan, corpus, tmp_path / "stopped", StopsAt(step, "images/s"))
    found, resumed_end = run(plan, corpus, tmp_path / "stopped")
    assert bits(found) == bits(expected)
    assert resumed_end.total == end.total == 9


def test_a_sparse_run_that_is_stopped_and_resumed_ends_with_the_same_bits(
    tmp_path: Path, corpus: Path
) -> None:
    text = 'sparsity = "2:4"\nmethod = "bdwp"\ncheckpoint_seconds = 0.0\n' + RECIPE
    path = recipe_file(tmp_path, text)
    whole = train(path, corpus=corpus, folder=tmp_path / "whole", settings=SETTINGS)
    stops = StopsAt(4, "images/s")
    with pytest.raises(KeyboardInterrupt):
        train(path, corpus=corpus, folder=tmp_path / "b", settings=SETTINGS, progress=stops)
    resumed = train(path, corpus=corpus, folder=tmp_path / "b", settings=SETTINGS)
    hashes = [open_expert(report.expert).expert_hash for report in (whole, resumed)]
    assert hashes[0] == hashes[1]
    package = open_expert(whole.expert)
    assert package.manifest.sparsity == "2:4"
    stem = package.tensors["stem.convolution.weight"].to_float32()
    assert np.count_nonzero(stem) == stem.size
    inner = package.tensors["layer2.convolution.weight"].to_float32()
    assert np.count_nonzero(inner) == inner.size // 2


def test_a_finished_run_is_restored_to_the_bit(tmp_path: Path, corpus: Path) -> None:
    expected, _ = run(recipe(), corpus, tmp_path / "run")
    checkpoint = newest(tmp_path / "run")
    assert checkpoint is not None
    assert any(name.endswith("running_mean") for name in checkpoint.tensors)
    again, _ = run(recipe(), corpus, tmp_path / "run")
    assert bits(again) == bits(expected)


@pytest.mark.parametrize("kind", ["resnet9", "vit"])
def test_textures_are_learnt(tmp_path: Path, corpus: Path, kind: str) -> None:
    changes = {"optimizer": "adamw", "learning_rate": 5e-3, "steps": 40, "batch": 32}
    run(recipe(kind, stages=[STAGE | changes], measure_every=20), corpus, tmp_path / "run")
    measured = [entry for entry in entries(tmp_path / "run") if entry.measures]
    assert [entry.step for entry in measured] == [20, 40]
    assert measured[-1].measures["accuracy"] > (0.2 if kind == "resnet9" else 0.12)
    assert measured[-1].measures["cross_entropy"] < np.log(10)


def test_another_seed_gives_other_bits(tmp_path: Path, corpus: Path) -> None:
    first, _ = run(recipe(seed=0), corpus, tmp_path / "a")
    second, _ = run(recipe(seed=1), corpus, tmp_path / "b")
    assert bits(first) != bits(second)


def test_measuring_changes_nothing(tmp_path: Path, corpus: Path) -> None:
    plain, _ = run(recipe(), corpus, tmp_path / "a")
    measured, _ = run(recipe(measure_every=1), corpus, tmp_path / "b")
    assert bits(plain) == bits(measured)


def test_images_are_shown_with_mean_0_and_deviation_1(tmp_path: Path, corpus: Path) -> None:
    trainee = prepared(recipe(), corpus, tmp_path)
    seen: list[torch.Tensor] = []
    trainee.network.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    trainee.scores(np.arange(300), None)
    assert seen[0].mean(dim=(0, 2, 3)).numpy() == pytest.approx(np.zeros(3), abs=1e-4)
    assert seen[0].std(dim=(0, 2, 3)).numpy() == pytest.approx(np.ones(3), abs=1e-3)
    assert not trainee.network.training


def test_crops_move_by_four_pixels_at_most_and_mirror_half() -> None:
    # Each pixel says where it was: its row, and its column.
    places = np.stack(np.meshgrid(range(12), range(12), indexing="ij"), axis=2).astype(np.uint8)
    moved = cropped(np.repeat(places[None], 400, axis=0), np.random.default_rng(0)).astype(int)
    rows, columns = moved[:, 4:8, 4:8, 0], moved[:, 4:8, 4:8, 1]
    mirrored = columns[:, 0, 0] > columns[:, 0, 1]
    assert 0.4 < mirrored.mean() < 0.6
    assert (np.abs(np.diff(rows, axis=1)) == 1).all()
    down = rows[:, 0, 0] - 4
    assert (down.min(), down.max()) == (-4, 4)
    across = columns[~mirrored][:, 0, 0] - 4
    assert (across.min(), across.max()) == (-4, 4)
    # At a border, the mirror image comes in.
    low = moved[down == -4][0][:, 0, 0].tolist()
    assert low == [4, 3, 2, 1, 0, 1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('["classes"]', '["search"]'), "the objective search is for code"),
        (('kind = "resnet9"', 'kind = "static"'), "a model of kind static reads code"),
        (('kind = "resnet9"\nwidth = 4', 'kind = "vit"\npatch = 5'), "patches of 5 do not divide"),
        (("measure_every = 3", 'languages = ["python"]'), "languages: for recipes of code"),
        (("measure_every = 3", "rewrites = 1"), "rewrites: for recipes of code"),
        (('optimizer = "sgd"', 'optimizer = "lion"'), r"stages\.0\.optimizer"),
        (("batch = 16", "momentum = 1.0"), r"stages\.0\.momentum"),
        (("batch = 16", 'augmentation = "mixup"'), r"stages\.0\.augmentation"),
        (("width = 4", "width = 0"), r"model\.width"),
        (('name = "images-small"', 'name = "search-small"'), "name: "),
    ],
)
def test_a_wrong_recipe_is_named(
    tmp_path: Path, corpus: Path, change: tuple[str, str], said: str
) -> None:
    path = recipe_file(tmp_path, RECIPE.replace(*change))
    with pytest.raises(InputError, match=said):
        train(path, corpus=corpus, folder=tmp_path / "run", settings=SETTINGS)
    assert not (tmp_path / "run" / "run.json").exists()


def test_code_and_images_are_not_mistaken_for_each_other(
    tmp_path: Path, corpus: Path, code: Path
) -> None:
    with pytest.raises(InputError, match="code is a set of code, not of images") as caught:
        train(recipe_file(tmp_path), corpus=code, folder=tmp_path / "a", settings=SETTINGS)
    assert caught.value.path == str(code)
    with pytest.raises(InputError, match="small is a set of images, not of code") as caught:
        train("search-terms", corpus=corpus, folder=tmp_path / "b", settings=SETTINGS)
    assert caught.value.path == str(corpus)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('kind = "static"', 'kind = "resnet9"'), "resnet9 reads images, and search is of code"),
        (('["search"]', '["classes"]'), "the objective classes is for images"),
    ],
)
def test_recipes_of_code_have_nothing_for_images(
    tmp_path: Path, change: tuple[str, str], said: str
) -> None:
    from tests.training.test_training import RECIPE as CODE  # noqa: PLC0415
    from tests.training.test_training import packed_examples  # noqa: PLC0415

    path = tmp_path / "search-small.toml"
    path.write_text(CODE.format(kind="static", steps=1).replace(*change))
    facts = {"name": "code", "about": "", "sources": [], "dropped": {}}
    splits = {"train": packed_examples(20, 0), "valid": packed_examples(8, 1)}
    folder = write_corpus(tmp_path / "set", splits, {}, facts).folder
    with pytest.raises(InputError, match=said):
        train(path, corpus=folder, folder=tmp_path / "run", settings=SETTINGS)


@pytest.mark.parametrize("kind", MODELS)
def test_a_classifier_goes_on_from_an_expert(tmp_path: Path, corpus: Path, kind: str) -> None:
    first = train(recipe(kind), corpus=corpus, folder=tmp_path / "a", settings=SETTINGS)
    package = open_expert(first.expert)
    place = replace(workplace(tmp_path), start=package)
    trainee, _ = prepared_images(recipe(kind), open_corpus(corpus), place)
    assert all(parameter.requires_grad for parameter in trainee.network.parameters())
    found = weights_of(trainee.network)
    assert found.keys() == package.tensors.keys()
    for name, part in package.tensors.items():
        np.testing.assert_array_equal(found[name].detach().numpy(), part.to_float32(), name)


def test_a_dense_classifier_is_pruned_and_learns_on(tmp_path: Path, corpus: Path) -> None:
    path = recipe_file(tmp_path)
    first = train(path, corpus=corpus, folder=tmp_path / "run", settings=SETTINGS)
    report = sparse_version(
        open_expert(first.expert),
        "1:4",
        corpus=corpus,
        folder=tmp_path / "sparse",
        recipe=str(path),
        steps=2,
    )
    found = open_expert(report.expert)
    assert found.manifest.sparsity == "1:4"
    assert {metric.variant for metric in found.manifest.metrics} == {"dense", "1:4"}


def test_a_start_sees_images_as_it_learnt_to(tmp_path: Path, corpus: Path) -> None:
    first = train(recipe(), corpus=corpus, folder=tmp_path / "a", settings=SETTINGS)
    package = open_expert(first.expert)
    darker = replace(package, config={**package.config, "image_mean": [0.1, 0.2, 0.3]})
    place = replace(workplace(tmp_path), start=darker)
    trainee, _ = prepared_images(recipe(), open_corpus(corpus), place)
    assert trainee.facts().config["image_mean"] == [0.1, 0.2, 0.3]


def test_a_start_that_does_not_fit_is_refused(tmp_path: Path, corpus: Path) -> None:
    first = train(recipe(), corpus=corpus, folder=tmp_path / "a", settings=SETTINGS)
    package = open_expert(first.expert)
    build_corpus("digits", output=tmp_path / "digits")
    classes = range(len(classes_of(open_corpus(corpus))))
    renamed = {str(number): f"class {number}" for number in classes}

    def refused(plan: Recipe, start: ExpertPackage = package, images: Path = corpus) -> str:
        with pytest.raises(InputError) as caught:
            prepared_images(plan, open_corpus(images), replace(workplace(tmp_path), start=start))
        assert caught.value.path == str(start.folder)
        return str(caught.value)

    assert "another shape than the recipe" in refused(recipe(model={"kind": "vit", "width": 8}))
    wider = recipe(model={"kind": "resnet9", "width": 8})
    assert "images-small has another shape than the recipe" in refused(wider)
    other = replace(package, config={**package.config, "id2label": renamed})
    assert "learnt from images of other labels" in refused(recipe(), other)
    assert "It knows 3, and the set has 1" in refused(recipe(), images=tmp_path / "digits")
    encoder = open_expert(SHIPPED / "search-terms")
    assert "search-terms: config.json: model_type is" in refused(recipe(), encoder)


def test_recipes_that_come_along_name_the_set_that_they_were_made_for() -> None:
    names = [name for name in builtin_recipes() if name.startswith("images-")]
    assert names == ["images-resnet9", "images-vit"]
    for name in names:
        plan = read_recipe(name)
        assert (plan.corpus, plan.task, plan.name) == ("cifar10", "images", name)
        assert "CIFAR-10 (JPEG copy)" in plan.about
