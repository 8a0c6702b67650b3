"""Writing a package: from values in memory to a folder that is there whole or not at all."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from tidemill.core.errors import ExpertError
from tidemill.core.version import created_by
from tidemill.experts.card import card_of
from tidemill.experts.documents import readable_json
from tidemill.experts.dtypes import Floats
from tidemill.experts.encodings import Storage
from tidemill.experts.folder import FileFact, staged, write_new
from tidemill.experts.footprint import footprint_of
from tidemill.experts.manifest import Manifest, Metric, Training, read_manifest
from tidemill.experts.names import CARD, CONFIG, MANIFEST, WEIGHTS, check_file_name
from tidemill.experts.package import ExpertPackage, open_expert
from tidemill.experts.parts import EncodedTensor
from tidemill.experts.patterns import sparsity_of
from tidemill.experts.tensor_writer import write_tensors
from tidemill.experts.tensors import read_tensors

__all__ = ["ExpertDraft", "write_expert"]

OWN_FILES = frozenset({CARD, CONFIG, MANIFEST, WEIGHTS})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExpertDraft:
    """What a package will be made of.

    Attributes:
        name: ``<task>-<scope>``.
        task: What it is for.
        architecture: How it is run.
        config: The fields of ``config.json``.
        tensors: The weights.
        licence: An SPDX expression, or ``unknown``.
        languages: Which languages it knows.
        storage: How to keep each tensor; float32 where nothing is said. The sparsity of the
            expert is the one pattern among them.
        encoded: Further tensors as another expert stores them: what experts share is equal to
            the byte then, and held once.
        texts: Further files by name: ``tokenizer.json``, other ``.json`` and ``.txt``.
        metrics: What was measured.
        base: What its weights were trained from.
        training: How.
        about: What the card says besides, as Markdown.
    """

    name: str
    task: str
    architecture: str
    config: Mapping[str, object]
    tensors: Mapping[str, Floats]
    licence: str = "unknown"
    languages: tuple[str, ...] = ()
    storage: Mapping[str, Storage] = field(default_factory=dict)
    encoded: Mapping[str, EncodedTensor] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    metrics: tuple[Metric, ...] = ()
    base: str | None = None
    training: Training | None = None
    about: str = ""


def write_expert(folder: Path, draft: ExpertDraft) -> ExpertPackage:
    """Pack an expert into a folder of its own; the same draft gives the same bytes.

    The folder appears in one step, so that a crash leaves no half package.

    Args:
        folder: Where; nothing may be there.
        draft: What.

    Returns:
        The package, opened.

    Raises:
        ExpertError: The draft says what no package may hold.
        InputError: Something is there already.
        CapacityError: The disk is full.
        StoreError: The folder cannot be written.
    """
    if taken := sorted(OWN_FILES & set(draft.texts)):
        raise ExpertError(f"{taken[0]} is written from the draft, and cannot be given as a text")
    with staged(folder) as stage:
        weights = stage / WEIGHTS
        files = {
            WEIGHTS: write_tensors(weights, draft.tensors, draft.storage, encoded=draft.encoded)
        }
        texts = dict(draft.texts) | {CONFIG: readable_json(dict(draft.config)).decode()}
        for name, text in sorted(texts.items()):
            files[name] = _write_text(stage, name, text)
        manifest = _manifest(draft)
        footprint = footprint_of(read_tensors(weights).values())
        files[CARD] = _write_text(stage, CARD, card_of(manifest, draft.about, footprint))
        data = replace(manifest, files=files).to_json()
        write_new(stage / MANIFEST, [data])
        open_expert(stage)
    return open_expert(folder)


def _write_text(stage: Path, name: str, text: str) -> FileFact:
    try:
        data = text.encode()
    except UnicodeEncodeError as error:
        raise ExpertError(f"{name}: not text that UTF-8 can hold: {error.reason}") from error
    return write_new(stage / check_file_name(name), [data])


def _manifest(draft: ExpertDraft) -> Manifest:
    """Take the draft's facts over, checked as a reader will check them."""
    nothing = FileFact(sha256="0" * 64, bytes=0)
    manifest = Manifest(
        name=draft.name,
        task=draft.task,
        languages=tuple(sorted(set(draft.languages))),
        architecture=draft.architecture,
        sparsity=sparsity_of(
            (
                *(chosen.encoding for chosen in draft.storage.values()),
                *(tensor.encoding for tensor in draft.encoded.values()),
            )
        ),
        files=dict.fromkeys((CARD, CONFIG, WEIGHTS), nothing),
        metrics=draft.metrics,
        licence=draft.licence,
        base=draft.base,
        training=draft.training,
        created_by=created_by(),
    )
    return read_manifest(manifest.to_json(), where=f"the draft of {draft.name!r}")
