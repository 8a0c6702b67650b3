"""The model card: ``README.md`` with front matter that model hubs understand."""

import json
from collections.abc import Iterator, Sequence

from tidemill.core.errors import ExpertError
from tidemill.experts.manifest import Manifest

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
}
"""What hubs call the tasks."""


def card_of(manifest: Manifest, about: str) -> str:
    """Write the card of an expert.

    Args:
        manifest: Its facts; the files do not matter.
        about: What its maker says of it, as Markdown.
    """
    lines = [FENCE, *_front_matter(manifest), FENCE, "", f"# {manifest.name}", ""]
    if about.strip():
        lines += [about.strip(), ""]
    lines += ["## Facts", "", *_facts(manifest), ""]
    if manifest.metrics:
        lines += ["## Measured", "", *_measured(manifest), ""]
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
    yield from _list("tags", ("code", manifest.task, manifest.architecture, *manifest.languages))
    if manifest.base:
        yield f"base_model: {_scalar(manifest.base)}"
    datasets = tuple(dict.fromkeys(metric.data for metric in manifest.metrics))
    yield from _list("datasets", datasets)
    yield from _list("metrics", tuple(dict.fromkeys(metric.name for metric in manifest.metrics)))


def _list(name: str, items: Sequence[str]) -> Iterator[str]:
    if items:
        yield f"{name}:"
        yield from (f"- {_scalar(item)}" for item in items)


def _scalar(text: str) -> str:
    """Return the text in quotes: what JSON quotes, YAML reads."""
    return json.dumps(text, ensure_ascii=False)


def _facts(manifest: Manifest) -> Iterator[str]:
    yield f"- task: {manifest.task}"
    yield f"- languages: {', '.join(manifest.languages) or 'any'}"
    yield f"- architecture: {manifest.architecture}, {manifest.sparsity}"
    yield f"- licence: {manifest.licence}"
    if manifest.base:
        yield f"- base: {manifest.base}"
    if training := manifest.training:
        yield (
            f"- training: recipe {training.recipe} ({training.recipe_hash}),"
            f" {training.steps:,} steps, seed {training.seed}, data {training.data_hash}"
        )
    yield f"- packed by {manifest.created_by}"


def _measured(manifest: Manifest) -> Iterator[str]:
    yield "| measure | value | unit | data | part | commit |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for metric in manifest.metrics:
        cells = (metric.name, f"{metric.value:g}", metric.unit, metric.data, metric.split)
        row = " | ".join(cell.replace("|", "\\|") for cell in (*cells, metric.commit))
        yield f"| {row} |"
