"""What sprouts grow from: a packed encoder whose masks, tables and tokenizer they share."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tidemill.core.errors import ExpertError
from tidemill.experts.manifest import Manifest
from tidemill.experts.package import ExpertPackage, open_expert
from tidemill.experts.parts import EncodedTensor
from tidemill.experts.patterns import DENSE
from tidemill.models.config import EncoderConfig, encoder_config
from tidemill.models.encoder import Encoder
from tidemill.models.loading import load_encoder
from tidemill.training.sprouting.weights import weight_of

__all__ = ["LAYER", "Origin", "open_origin"]

LAYER = "encoder.layer."
HEADS = ("importance.", "pooler.", "projection.")
"""What turns the last layer's states into a vector."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Origin:
    """A base, opened.

    Attributes:
        package: Its package.
        tokenizer: Its tokenizer's file.
        config: Its shape.
    """

    package: ExpertPackage
    tokenizer: Path
    config: EncoderConfig

    @property
    def name(self) -> str:
        """What manifests of sprouts call it: name and hash."""
        return f"{self.package.name} {self.package.expert_hash}"

    @cached_property
    def encoder(self) -> Encoder:
        """The base, ready to be asked; sparse layers stay packed."""
        tensors = {name: weight_of(part.encoded) for name, part in self.package.tensors.items()}
        return load_encoder(self.package.config, tensors)

    @property
    def layers(self) -> int:
        """How many there are."""
        return self.config.num_hidden_layers

    def learning(self, still: int) -> dict[str, EncodedTensor]:
        """Return the tensors that a sprout learns: those of its upper layers, and the heads.

        Args:
            still: How many layers, from the lowest, stay as they are.
        """
        return {name: part for name, part in self._stored.items() if _learns(name, still)}

    def shared(self, still: int) -> dict[str, EncodedTensor]:
        """Return all others, which a sprout has to the byte.

        Args:
            still: As in `learning`.
        """
        return {name: part for name, part in self._stored.items() if not _learns(name, still)}

    @cached_property
    def _stored(self) -> Mapping[str, EncodedTensor]:
        return {name: part.encoded for name, part in self.package.tensors.items()}


def _learns(name: str, still: int) -> bool:
    if name.startswith(LAYER):
        return int(name.removeprefix(LAYER).partition(".")[0]) >= still
    return name.startswith(HEADS)


def open_origin(folder: Path) -> Origin:
    """Open a base.

    Args:
        folder: Of its package.

    Raises:
        ExpertError: Nothing can be grown from it: it is dense, has no layers or no tokenizer, or
            is for another task; or it is damaged.
    """
    package = open_expert(folder)
    where = f"{package.name} cannot be grown from"
    _check_kind(package.manifest, where)
    config = encoder_config(package.config)
    tokenizer = package.tokenizer
    if tokenizer is None or config.input_mode == "reference":
        raise ExpertError(
            f"{where}: it has no tokenizer, or is fed as the published weights are",
            hint="Name one that was trained here, such as search-code.",
        )
    return Origin(package=package, tokenizer=tokenizer, config=config)


def _check_kind(manifest: Manifest, where: str) -> None:
    if manifest.task != "search":
        raise ExpertError(f"{where}: it is for {manifest.task}", hint="Name one for search.")
    if manifest.architecture != "encoder":
        raise ExpertError(
            f"{where}: of architecture {manifest.architecture}, it has no layers that could learn",
            hint="Name an encoder with layers, such as search-code.",
        )
    if manifest.sparsity == DENSE:
        raise ExpertError(
            f"{where}: it is dense, and sprouts keep the places of a sparse base's weights",
            hint="Make it sparse first: tidemill experts pack --sparsity 2:8",
        )
