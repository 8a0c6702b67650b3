"""The model card: ``README.md`` with front matter that model hubs understand."""

import json
from collections.abc import Iterable, Iterator, Sequence

from tidemill.core.errors import ExpertError
from tidemill.experts.footprint import Footprint
from tidemill.experts.manifest import Manifest, Metric

__all__ = ["card_of", "check_card"]

FENCE = "---"
PIPELINES = {
    "search": "feature-extraction",
    "clones": "feature-extraction",
    "types": "token-classification",
    "translation": "translation",
    "repair": "text-generation",
    "video": "video-classification",
    "captioning": "video-text-to-text",
    "answering": "question-answering",
    "routing": "text-classification",
    "images": "image-classification",
}
"""What hubs call the tasks."""


def card_of(manifest: Manifest, about: str, footprint: Footprint | None = None) -> str:
    """Write the card of an expert.

    Figures of several versions stand side by side, a column a version.

    Args:
        manifest: Its facts; the files do not matter.
        about: What its maker says of it, as Markdown.
        footprint: What its sparse layers take, where it has some.
    """
    lines = [FENCE, *_front_matter(manifest), FENCE, "", f"# {manifest.name}", ""]
    if about.strip():
        lines += [about.strip(), ""]
    lines += ["## Facts", "", *_facts(manifest, footprint), ""]
    if manifest.metrics:
        lines += ["## Measured", ""]
    if alone := [metric for metric in manifest.metrics if not metric.variant]:
        lines += [*_measured(alone), ""]
    if versions := [metric for metric in manifest.metrics if metric.variant]:
        lines += [*_side_by_side(versions), ""]
    return "\n".join(lines)


def check_card(text: str, *, where: str) -> None:
    """Make sure that a card has front matter and something below it.

    Args:
        text: The card.
        where: The file, for the message.

    Raises:
        ExpertError: It has none.
    """
    first, *rest = text.split("\n")
    if first != FENCE or FENCE not in rest or not any(rest[rest.index(FENCE) + 1 :]):
        raise ExpertError(f"{where}: a model card begins with front matter between two lines ---")


def _front_matter(manifest: Manifest) -> Iterator[str]:
    yield f"license: {_scalar(manifest.licence.lower())}"
    yield "library_name: tidemill"
    yield f"pipeline_tag: {PIPELINES[manifest.task]}"
    yield from _list(
        "tags", (_subject(manifest), manifest.task, manifest.architecture, *manifest.languages)
    )
    if manifest.base:
        yield f"base_model: {_scalar(manifest.base)}"
    datasets = tuple(dict.fromkeys(metric.data for metric in manifest.metrics))
    yield from _list("datasets", datasets)
    yield from _list("metrics", tuple(dict.fromkeys(metric.name for metric in manifest.metrics)))


def _subject(manifest: Manifest) -> str:
    return "vision" if manifest.task == "images" else "code"


def _list(name: str, items: Sequence[str]) -> Iterator[str]:
    if items:
        yield f"{name}:"
        yield from (f"- {_scalar(item)}" for item in items)


def _scalar(text: str) -> str:
    """Return the text in quotes: what JSON quotes, YAML reads."""
    return json.dumps(text, ensure_ascii=False)


def _facts(manifest: Manifest, footprint: Footprint | None) -> Iterator[str]:
    yield f"- task: {manifest.task}"
    yield f"- languages: {', '.join(manifest.languages) or 'any'}"
    yield f"- architecture: {manifest.architecture}, {manifest.sparsity}"
    if footprint:
        tensors = "tensor" if footprint.tensors == 1 else "tensors"
        yield (
            f"- sparse: {manifest.sparsity} in {footprint.tensors:,} {tensors},"
            f" {footprint.packed_bytes:,} bytes instead of {footprint.dense_bytes:,}"
            f" ({footprint.share:.3f})"
        )
    yield f"- licence: {manifest.licence}"
    if manifest.base:
        yield f"- base: {manifest.base}"
    if training := manifest.training:
        yield (
            f"- training: recipe {training.recipe} ({training.recipe_hash}),"
            f" {training.steps:,} steps, seed {training.seed}, data {training.data_hash}"
        )
    yield f"- packed by {manifest.created_by}"


def _measured(metrics: Sequence[Metric]) -> Iterator[str]:
    yield _row("measure", "value", "unit", "data", "part", "commit")
    yield _row(*["---"] * 6)
    for metric in metrics:
        figure = (metric.name, f"{metric.value:g}", metric.unit)
        yield _row(*figure, metric.data, metric.split, metric.commit)


def _side_by_side(metrics: Sequence[Metric]) -> Iterator[str]:
    """Write what was measured of several versions: a row a measure, a column a version."""
    variants = tuple(dict.fromkeys(metric.variant for metric in metrics))
    rows: dict[tuple[str, str, str], list[Metric]] = {}
    for metric in metrics:
        rows.setdefault((metric.name, metric.data, metric.split), []).append(metric)
    yield _row("measure", *variants, "unit", "data", "part", "commit")
    yield _row(*["---"] * (5 + len(variants)))
    for (name, data, split), found in rows.items():
        figures = (
            _joined(f"{metric.value:g}" for metric in found if metric.variant == variant)
            for variant in variants
        )
        unit = _joined(metric.unit for metric in found)
        yield _row(name, *figures, unit, data, split, _joined(metric.commit for metric in found))


def _row(*cells: str) -> str:
    escaped = (cell.replace("|", "\\|") for cell in cells)
    return f"| {' | '.join(escaped)} |"


def _joined(texts: Iterable[str]) -> str:
    """Return each text once; of one measure they are mostly the same."""
    return ", ".join(dict.fromkeys(text for text in texts if text))
