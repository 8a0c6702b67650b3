"""An encoder-decoder from its config and its tensors, or from a folder as Hugging Face has it."""

from collections.abc import Mapping
from pathlib import Path

from tidemill.models.loading import Weight, Weights, load_weights
from tidemill.models.seq2seq.checkpoint import read_checkpoint
from tidemill.models.seq2seq.config import seq2seq_config
from tidemill.models.seq2seq.model import Seq2Seq
from tidemill.models.seq2seq.published import published_weights
from tidemill.models.seq2seq.shapes import check_shapes
from tidemill.sparsity.packed import PackedWeight

__all__ = ["load_checkpoint", "load_seq2seq"]


def load_seq2seq(facts: Mapping[str, object], tensors: Weights) -> Seq2Seq:
    """Return an encoder-decoder, ready to be asked.

    Args:
        facts: The parsed ``config.json``.
        tensors: Under Hugging Face's names; of tied words ``shared.weight`` alone.

    Raises:
        ExpertError: Config and tensors do not belong together; says which tensor.
    """
    config = seq2seq_config(facts)
    check_shapes(config, {name: _shape(weight) for name, weight in tensors.items()})
    network = load_weights(lambda: Seq2Seq(config), tensors)
    network.join_products()
    return network


def load_checkpoint(folder: Path) -> Seq2Seq:
    """Return the T5 or CodeT5+ of a folder as Hugging Face lays it out; nothing is run.

    Args:
        folder: With ``config.json`` and ``model.safetensors``.

    Raises:
        ExpertError: It holds another architecture, a tensor too many or too few, or damage.
        StoreError: It cannot be read.
    """
    facts, tensors = read_checkpoint(folder)
    config, weights = published_weights(facts, tensors)
    return load_seq2seq(config.to_dict(), weights)


def _shape(weight: Weight) -> tuple[int, ...]:
    return (weight.rows, weight.columns) if isinstance(weight, PackedWeight) else weight.shape
