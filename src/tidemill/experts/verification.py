"""Everything that can be checked about a package without running it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final

from tidemill.core.errors import ExpertError
from tidemill.core.progress import Progress, Silence
from tidemill.experts.card import check_card
from tidemill.experts.documents import json_object
from tidemill.experts.folder import fact_of, read_whole
from tidemill.experts.names import CARD, CONFIG, MANIFEST, WEIGHTS
from tidemill.experts.package import LARGEST_TEXT_BYTES, ExpertPackage, open_expert
from tidemill.experts.parts import Shape
from tidemill.experts.patterns import DENSE, is_pattern
from tidemill.experts.refusals import HEAD_BYTES, refuse_magic
from tidemill.experts.vocabulary import ids_of
from tidemill.models.shapes import MODEL_TYPES, tensor_shapes

__all__ = ["Verification", "check_shapes", "sound_expert", "verify_expert"]

MOST_FINDINGS: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What was found in a package.

    Attributes:
        folder: Where it lies.
        findings: What is wrong, each with its file; empty for a sound package.
        package: The package, where it could be opened.
        shapes_checked: Whether its shapes were compared with what the architecture has.
        hint: What can be done where it could not be opened; None where nothing is known.
    """

    folder: Path
    findings: tuple[str, ...]
    package: ExpertPackage | None
    shapes_checked: bool
    hint: str | None = None

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings

    def to_dict(self) -> dict[str, object]:
        """Return the facts, ready for JSON."""
        package = self.package
        footprint = package.footprint if package else None
        return {
            "name": package.name if package else self.folder.name,
            "folder": str(self.folder),
            "sound": self.sound,
            "findings": list(self.findings),
            "hint": self.hint,
            "expert_hash": package.expert_hash if package else None,
            "tensors": len(package.tensors) if package else 0,
            "parameters": package.parameters if package else 0,
            "bytes": package.bytes_on_disk if package else 0,
            "sparsity": package.manifest.sparsity if package else None,
            "sparse": footprint.to_dict() if footprint else None,
            "shapes_checked": self.shapes_checked,
        }


def verify_expert(folder: Path, *, progress: Progress | None = None) -> Verification:
    """Check a package down to the last byte.

    Every hash, every number for NaN and infinity, every index of an N:M tensor, the padding, how
    files begin, that JSON is strict, the card, that manifest and tensors have one sparsity, and
    the shapes where they follow from the config.

    Args:
        folder: The package.
        progress: Told of every block, in bytes.

    Raises:
        StoreError: It cannot be read.
    """
    try:
        package = open_expert(folder)
    except ExpertError as error:
        return Verification(
            folder=folder,
            findings=(error.message,),
            package=None,
            shapes_checked=False,
            hint=error.hint,
        )
    found = islice(_Inspection(package, progress or Silence()).findings(), MOST_FINDINGS)
    return Verification(
        folder=folder,
        findings=tuple(found),
        package=package,
        shapes_checked=_is_shaped(package),
    )


def sound_expert(folder: Path, *, progress: Progress | None = None) -> ExpertPackage:
    """Return a package after everything about it was checked.

    Args:
        folder: The package.
        progress: Told of every block, in bytes.

    Raises:
        ExpertError: Something is wrong with it.
        StoreError: It cannot be read.
    """
    found = verify_expert(folder, progress=progress)
    if found.package is None or found.findings:
        more = len(found.findings) - 1
        raise ExpertError(
            found.findings[0] + (f" (and {more} more)" if more else ""),
            hint=found.hint or "the expert is not used; get it again, or pack it again",
        )
    return found.package


def check_shapes(config: Mapping[str, object], shapes: Mapping[str, Shape]) -> None:
    """Compare tensors with those that the architecture of a config has.

    Args:
        config: The fields of ``config.json``.
        shapes: Of the tensors that are there, by name.

    Raises:
        ExpertError: The config is of no known architecture, or a tensor is missing, unknown
            or of another shape.
    """
    wanted = tensor_shapes(config)
    for name in sorted(wanted.keys() | shapes.keys()):
        if name not in shapes:
            raise ExpertError(f"{WEIGHTS}: the tensor {name} is missing")
        if name not in wanted:
            raise ExpertError(f"{WEIGHTS}: the architecture has no tensor {name}")
        if shapes[name] != wanted[name]:
            raise ExpertError(
                f"{WEIGHTS}: {name} has the shape {list(shapes[name])},"
                f" and by config.json it is {list(wanted[name])}"
            )


class _Inspection:
    """Goes through one package; a check that fails hides no other."""

    def __init__(self, package: ExpertPackage, progress: Progress) -> None:
        self._package = package
        self._progress = progress
        self._done = 0
        self._total = package.manifest.total_bytes
        self._total += sum(tensor.stored_bytes for tensor in package.tensors.values())

    def findings(self) -> Iterator[str]:
        package = self._package
        for name in sorted(package.manifest.files):
            yield from _fault(partial(self._check_hash, name))
            yield from _fault(partial(self._check_content, name))
        for name, tensor in package.tensors.items():
            for reason in _fault(tensor.check):
                yield f"{package.folder}: {WEIGHTS}: {reason}"
            self._advance(name, tensor.stored_bytes)
        yield from _fault(self._check_sparsity)
        if _is_shaped(package):
            shapes = {name: tensor.shape for name, tensor in package.tensors.items()}
            for reason in _fault(partial(check_shapes, package.config, shapes)):
                yield f"{package.folder}: {reason}"
            yield from _fault(self._check_vocabulary)

    def _check_hash(self, name: str) -> None:
        package = self._package
        fact = fact_of(package.file(name), partial(self._advance, name))
        if fact != package.manifest.files[name]:
            raise ExpertError(f"{package.folder}: {name} has another hash than {MANIFEST} says")

    def _check_content(self, name: str) -> None:
        """Look into files that are no weights: they must be the text that their names promise."""
        if name == WEIGHTS:
            return
        path = self._package.file(name)
        data = read_whole(path, most_bytes=LARGEST_TEXT_BYTES)
        refuse_magic(data[:HEAD_BYTES], where=str(path))
        if name.endswith(".json"):
            json_object(data, where=str(path))
            return
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise ExpertError(f"{path}: not UTF-8: {error}") from error
        if name == CARD:
            check_card(text, where=str(path))

    def _check_sparsity(self) -> None:
        """Compare what the manifest says with how the tensors are kept."""
        package, said = self._package, self._package.manifest.sparsity
        kept = {name: tensor.encoding for name, tensor in package.tensors.items()}
        sparse = {name: pattern for name, pattern in kept.items() if is_pattern(pattern)}
        for name, pattern in sparse.items():
            if pattern != said:
                raise ExpertError(
                    f"{package.folder}: {WEIGHTS}: {name} is kept as {pattern},"
                    f" and {MANIFEST} says {said}"
                )
        if said != DENSE and not sparse:
            raise ExpertError(f"{package.folder}: {MANIFEST} says {said}, and no tensor is kept so")

    def _check_vocabulary(self) -> None:
        """Make sure that the table of words has a row for every id of the tokenizer."""
        path = self._package.tokenizer
        rows = self._package.config.get("vocab_size")
        if path is None or not isinstance(rows, int):
            return
        data = read_whole(path, most_bytes=LARGEST_TEXT_BYTES)
        largest = max(ids_of(data, where=str(path)).values())
        if largest >= rows:
            raise ExpertError(f"{path}: ids up to {largest:,}, and {CONFIG} has {rows:,} words")

    def _advance(self, name: str, count: int) -> None:
        self._done += count
        self._progress.advance(self._done, self._total, f"{self._package.name}: {name}")


def _is_shaped(package: ExpertPackage) -> bool:
    """Whether the tensors follow from the config: it is of a model that is known, or should be."""
    architecture, kind = package.manifest.architecture, package.config.get("model_type")
    return architecture == "encoder" or kind in MODEL_TYPES


def _fault(check: Callable[[], None]) -> tuple[str, ...]:
    try:
        check()
    except ExpertError as error:
        return (error.message,)
    return ()
