from datetime import UTC, datetime

import pytest
import torch
from typing_extensions import override

from tidemill.core.clock import FixedClock
from tidemill.core.errors import CapacityError
from tidemill.sparsity import kernels
from tidemill.sparsity.methods import METHODS
from tidemill.sparsity.spec import Sparsity
from tidemill.sparsity.timing import MOST_ROUNDS, on_threads, time_layer

with_kernels = pytest.mark.skipif(
    not kernels.available(), reason=f"no kernels: {kernels.why_not()}"
)


class Ticking(FixedClock):
    """A clock on which every look takes a second."""

    def __init__(self) -> None:
        super().__init__(datetime(2026, 1, 2, tzinfo=UTC))
        self.looks = 0

    @override
    def monotonic(self) -> float:
        self.looks += 1
        return float(self.looks)


@with_kernels
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("method", [name for name in METHODS if name != "dense"])
def test_every_method_is_timed_as_it_trains(method: str, dtype: str) -> None:
    clock = Ticking()
    spec = Sparsity.parse("2:8", method)
    times = time_layer((16, 32), spec, token_counts=(1, 9), dtype=dtype, seconds=0, clock=clock)
    assert [own.tokens for own in times.passes] == [1, 9]
    for own in times.passes:
        values = (own.dense_forward, own.dense_backward, own.update)
        assert values == (1.0, 1.0, 1.0)
        assert (own.sparse_forward, own.sparse_backward, own.noise) == (1.0, 1.0, 1.0)
    assert times.pack_seconds == 1.0
    assert times.fill_seconds == (1.0 if spec.rule.saves()[0] else 0.0)


def test_a_dense_layer_has_no_operands() -> None:
    times = time_layer((3, 5), None, token_counts=(2,), dtype="float32", seconds=0, clock=Ticking())
    assert (times.pack_seconds, times.fill_seconds) == (0.0, 0.0)
    assert times.at(2).forward_gain == 1.0


def test_time_ends_the_rounds_and_so_does_their_number(clock: FixedClock) -> None:
    counted = Ticking()
    time_layer((3, 5), None, token_counts=(1,), dtype="float32", seconds=0, clock=counted)
    few = counted.looks
    counted = Ticking()
    time_layer((3, 5), None, token_counts=(1,), dtype="float32", seconds=1e9, clock=counted)
    assert few < counted.looks < 10 * MOST_ROUNDS
    still = time_layer((3, 5), None, token_counts=(1,), dtype="float32", seconds=1, clock=clock)
    assert still.gain(1) == 1.0


def test_threads_are_given_back() -> None:
    before = torch.get_num_threads()
    with on_threads(1) as running:
        assert running == torch.get_num_threads() == 1
    assert torch.get_num_threads() == before
    with on_threads(None) as running:
        assert running == before


@pytest.mark.parametrize(("shape", "tokens"), [((1 << 20, 1 << 20), 1), ((8, 8), 1 << 30)])
def test_what_does_not_fit_is_not_begun(
    shape: tuple[int, int], tokens: int, clock: FixedClock
) -> None:
    with pytest.raises(CapacityError, match="to try out"):
        time_layer(shape, None, token_counts=(tokens,), dtype="float32", seconds=1, clock=clock)
