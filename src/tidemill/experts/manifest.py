"""What a package says of itself: ``expert.json``, read strictly."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final

from tidemill.core.errors import ExpertError
from tidemill.core.hashing import content_hash
from tidemill.experts.documents import Facts, canonical_json, json_object, placed, readable_json
from tidemill.experts.folder import FileFact
from tidemill.experts.names import (
    CARD,
    CONFIG,
    MANIFEST,
    WEIGHTS,
    check_expert_name,
    check_file_name,
    check_id,
)
from tidemill.experts.patterns import check_sparsity

__all__ = ["FORMAT", "VERSION", "Manifest", "Metric", "Training", "read_manifest"]

FORMAT: Final = "tidemill-expert"
VERSION: Final = 1
FIELDS: Final = (
    "format",
    "version",
    "name",
    "task",
    "languages",
    "architecture",
    "sparsity",
    "files",
    "metrics",
    "licence",
    "base",
    "training",
    "created_by",
)

_SHA256 = re.compile(r"[0-9a-f]{64}")
_SAYS_NOTHING = frozenset({"_name_or_path", "architectures", "transformers_version"})
"""Fields of a config that no output depends on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One measurement of an expert.

    Attributes:
        name: What was measured, such as ``MRR``.
        value: The figure.
        unit: Of the figure; empty for a share of one.
        data: On which data.
        split: On which part of them.
        commit: With the code of which commit; empty where there was none.
        variant: Of which of several versions of the expert, such as ``dense`` beside ``2:8``;
            empty where there is but this one.
    """

    name: str
    value: float
    unit: str = ""
    data: str
    split: str
    commit: str = ""
    variant: str = ""

    def to_dict(self) -> dict[str, object]:
        """Return the facts, ready for JSON; without a variant where there is none."""
        facts = asdict(self)
        if not self.variant:
            del facts["variant"]
        return facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """Where the weights come from.

    Attributes:
        recipe: The recipe's name.
        recipe_hash: Of its text.
        steps: Optimizer steps.
        seed: Of everything drawn by chance.
        data_hash: Of the training data.
    """

    recipe: str
    recipe_hash: str
    steps: int
    seed: int
    data_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The facts of one package.

    Attributes:
        name: ``<task>-<scope>``.
        task: What it is for.
        languages: Which languages it knows; empty where that says nothing.
        architecture: How it is run: ``encoder``, ``static``, ``convolution``, ...
        sparsity: The pattern of its sparse layers, such as ``2:8``; ``dense`` for none.
        files: Every other file of the package.
        metrics: What was measured.
        licence: An SPDX expression, or ``unknown``.
        base: What its weights were trained from, or None.
        training: How, or None where that is not known.
        created_by: Which version of Tidemill packed it.
    """

    name: str
    task: str
    languages: tuple[str, ...]
    architecture: str
    sparsity: str
    files: Mapping[str, FileFact]
    metrics: tuple[Metric, ...]
    licence: str
    base: str | None
    training: Training | None
    created_by: str

    @property
    def total_bytes(self) -> int:
        """Bytes of all files but the manifest."""
        return sum(fact.bytes for fact in self.files.values())

    @property
    def own_metrics(self) -> tuple[Metric, ...]:
        """What was measured of this version, and not of another that stands beside it."""
        own = {"", self.sparsity}
        return tuple(metric for metric in self.metrics if metric.variant in own)

    def to_dict(self) -> dict[str, object]:
        """Return the facts, ready for JSON, in the order in which people read them."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "name": self.name,
            "task": self.task,
            "languages": list(self.languages),
            "architecture": self.architecture,
            "sparsity": self.sparsity,
            "files": {name: asdict(self.files[name]) for name in sorted(self.files)},
            "metrics": [metric.to_dict() for metric in self.metrics],
            "licence": self.licence,
            "base": self.base,
            "training": asdict(self.training) if self.training else None,
            "created_by": self.created_by,
        }

    def to_json(self) -> bytes:
        """Return the bytes of ``expert.json``."""
        return readable_json(self.to_dict())

    def expert_hash(self, config: Mapping[str, object]) -> str:
        """Name what the expert computes: vectors in a store are kept under it.

        It changes with the weights, the tokenizer, other data, the architecture and the
        values in the config, and with nothing else: not with name, card or metrics.

        Args:
            config: The parsed ``config.json``.
        """
        data = {
            name: fact.sha256 for name, fact in self.files.items() if name not in {CARD, CONFIG}
        }
        telling = {name: value for name, value in config.items() if name not in _SAYS_NOTHING}
        return content_hash(canonical_json([FORMAT, self.architecture, telling, data]))


def read_manifest(data: bytes, *, where: str) -> Manifest:
    """Read and check the bytes of an ``expert.json``.

    Args:
        data: The bytes.
        where: The file, for messages.

    Raises:
        ExpertError: It is not strict JSON, of a newer version, has a field too many or too
            few, or one of them says what cannot be.
    """
    facts = Facts(fields=json_object(data, where=where), where=where)
    _check_format(facts)
    facts.exactly(FIELDS)
    name, task, architecture = map(facts.text, ("name", "task", "architecture"))
    with placed(where):
        check_expert_name(name, task)
        check_id(architecture, what="architecture")
        sparsity = check_sparsity(facts.text("sparsity"))
    return Manifest(
        name=name,
        task=task,
        languages=_languages(facts),
        architecture=architecture,
        sparsity=sparsity,
        files=_files(facts.inner("files")),
        metrics=tuple(_metric(entry) for entry in facts.objects("metrics")),
        licence=facts.text("licence"),
        base=facts.optional_text("base"),
        training=None if facts.fields["training"] is None else _training(facts.inner("training")),
        created_by=facts.text("created_by"),
    )


def _check_format(facts: Facts) -> None:
    """Look at format and version before anything else, as a newer one may have other fields."""
    if facts.fields.get("format") != FORMAT:
        raise ExpertError(f"{facts.where}: no {FORMAT}")
    version = facts.whole("version", least=1)
    if version > VERSION:
        raise ExpertError(
            f"{facts.where}: version {version}, and this Tidemill reads up to {VERSION}",
            hint="use a newer Tidemill",
        )


def _languages(facts: Facts) -> tuple[str, ...]:
    languages = facts.texts("languages")
    with placed(facts.where):
        for language in languages:
            check_id(language, what="language")
    if list(languages) != sorted(set(languages)):
        raise ExpertError(f"{facts.where}: languages must be sorted, and each there once")
    return languages


def _files(facts: Facts) -> dict[str, FileFact]:
    with placed(facts.where):
        names = [check_file_name(name) for name in facts.fields]
    files = {name: _file(facts.inner(name)) for name in names}
    if MANIFEST in files:
        raise ExpertError(f"{facts.where}: {MANIFEST} cannot hold its own hash")
    for name in (CARD, CONFIG, WEIGHTS):
        if name not in files:
            raise ExpertError(f"{facts.where}: {name} is not among them, and every expert has it")
    if len({name.lower() for name in files}) < len(files):
        raise ExpertError(f"{facts.where}: two names differ in case alone")
    return files


def _file(entry: Facts) -> FileFact:
    entry.exactly(("sha256", "bytes"))
    sha256 = entry.text("sha256")
    if not _SHA256.fullmatch(sha256):
        raise ExpertError(f"{entry.where}: sha256 must be 64 hexadecimal digits in lower case")
    return FileFact(sha256=sha256, bytes=entry.whole("bytes"))


def _metric(entry: Facts) -> Metric:
    entry.exactly(("name", "value", "unit", "data", "split", "commit"), optional=("variant",))
    return Metric(
        name=entry.text("name"),
        value=entry.number("value"),
        unit=entry.remark("unit"),
        data=entry.text("data"),
        split=entry.text("split"),
        commit=entry.remark("commit"),
        variant=entry.text("variant") if "variant" in entry.fields else "",
    )


def _training(entry: Facts) -> Training:
    entry.exactly(("recipe", "recipe_hash", "steps", "seed", "data_hash"))
    return Training(
        recipe=entry.text("recipe"),
        recipe_hash=entry.text("recipe_hash"),
        steps=entry.whole("steps"),
        seed=entry.whole("seed"),
        data_hash=entry.text("data_hash"),
    )
