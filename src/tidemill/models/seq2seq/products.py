"""The products of an encoder-decoder, from its config alone."""

from collections.abc import Mapping

from tidemill.models.product_record import ProductRecord
from tidemill.models.products import ANSWER, ModelProducts, WeightProduct
from tidemill.models.seq2seq.config import Seq2SeqConfig, seq2seq_config

__all__ = ["seq2seq_products"]

APART = "each of its channels is a product of its own, and the model keeps it dense"


def seq2seq_products(facts: Mapping[str, object]) -> ModelProducts:
    """Return what an encoder-decoder computes that reads and writes as much as it may.

    Scores by the table of words, where there is no head of its own, are left out: no layer of the
    model makes them.

    Raises:
        ExpertError: A field is missing or wrong.
    """
    config = seq2seq_config(facts)
    record = ProductRecord()
    _Sides(record, config).run()
    return record.made("t5", places=config.max_tokens)


class _Sides:
    """Notes what both sides do."""

    def __init__(self, record: ProductRecord, config: Seq2SeqConfig) -> None:
        self._record = record
        self._config = config
        self._read, self._written = config.max_tokens, config.max_target_tokens

    def run(self) -> None:
        """Note the encoder, then the decoder and its head."""
        width, read, written = self._config.d_model, self._read, self._written
        self._record.work("shared", "lookup", read * width)
        self._neighbours()
        for number in range(self._config.num_layers):
            block = f"encoder.block.{number}.layer"
            self._look_around(f"{block}.0", read)
            self._feed_forward(f"{block}.1", read)
        self._norm("encoder.final_layer_norm", read)
        self._record.work("shared", "lookup", written * width)
        if self._config.mirrors_prompts:
            self._record.work("model", "add", written * width)
        for number in range(self._config.num_decoder_layers):
            block = f"decoder.block.{number}.layer"
            self._look_around(f"{block}.0", written)
            self._look_across(f"{block}.1")
            self._feed_forward(f"{block}.2", written)
        self._norm("decoder.final_layer_norm", written)
        if not self._config.tie_word_embeddings:
            self._record.linear("lm_head", (written, width, self._config.vocab_size), ANSWER)

    def _neighbours(self) -> None:
        if not self._config.neighbours:
            return
        self._record.product(
            WeightProduct(
                name="neighbours",
                kind="convolution",
                inputs=1,
                outputs=1,
                window=(1, 2 * self._config.neighbours + 1),
                groups=self._config.d_model,
                rows=self._read,
                dense_because=APART,
            )
        )
        self._record.work("model", "add", self._read * self._config.d_model)

    def _look_around(self, layer: str, places: int) -> None:
        own, inner = f"{layer}.SelfAttention", self._config.inner_size
        self._norm(f"{layer}.layer_norm", places)
        for part in "qkv":
            self._record.linear(f"{own}.{part}", (places, self._config.d_model, inner))
        self._seen(layer, own, (places, places))

    def _look_across(self, layer: str) -> None:
        across, inner = f"{layer}.EncDecAttention", self._config.inner_size
        for part in "kv":
            self._record.linear(f"{across}.{part}", (self._read, self._config.d_model, inner))
        self._norm(f"{layer}.layer_norm", self._written)
        self._record.linear(f"{across}.q", (self._written, self._config.d_model, inner))
        self._seen(layer, across, (self._written, self._read))

    def _seen(self, layer: str, attention: str, places: tuple[int, int]) -> None:
        width, inner = self._config.d_model, self._config.inner_size
        self._record.attention(attention, self._config.num_heads, places, self._config.d_kv)
        self._record.linear(f"{attention}.o", (places[0], inner, width))
        self._record.work(layer, "add", places[0] * width)

    def _feed_forward(self, layer: str, places: int) -> None:
        part, width, middle = f"{layer}.DenseReluDense", self._config.d_model, self._config.d_ff
        self._norm(f"{layer}.layer_norm", places)
        for name in ("wi_0", "wi_1") if self._config.is_gated else ("wi",):
            self._record.linear(f"{part}.{name}", (places, width, middle))
        self._record.work(part, "gelu" if self._config.is_gated else "relu", places * middle)
        if self._config.is_gated:
            self._record.work(part, "add", places * middle)
        self._record.linear(f"{part}.wo", (places, middle, width))
        self._record.work(layer, "add", places * width)

    def _norm(self, name: str, places: int) -> None:
        self._record.work(name, "layer-norm", places * self._config.d_model)
