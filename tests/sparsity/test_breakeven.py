import pytest

from tidemill.sparsity.breakeven import LayerTimes, PassTimes


def passes(*steps: tuple[int, float]) -> tuple[PassTimes, ...]:
    """Dense products take 1 each, sparse ones so long."""
    return tuple(
        PassTimes(
            tokens=tokens,
            dense_forward=1.0,
            dense_backward=1.0,
            update=1.0,
            sparse_forward=sparse,
            sparse_backward=sparse,
        )
        for tokens, sparse in steps
    )


def test_a_step_counts_the_dense_update_and_the_packing() -> None:
    times = LayerTimes(passes=passes((8, 0.25)), pack_seconds=0.5)
    own = times.at(8)
    assert (own.forward_gain, own.backward_gain) == (4.0, 4.0)
    assert (own.dense_step, own.sparse_step, times.sparse_step(8)) == (3.0, 1.5, 2.0)
    assert times.gain(8) == 1.5
    assert times.gains(8)


@pytest.mark.parametrize(
    ("steps", "start"),
    [
        (((1, 1.0), (8, 0.5), (64, 0.2)), 8),
        (((1, 0.5), (8, 0.5), (64, 0.2)), 1),
        (((1, 0.5), (8, 2.0), (64, 0.2)), 64),
        (((1, 0.5), (8, 0.5), (64, 1.0)), None),
        (((1, 1.0), (8, 1.0), (64, 0.97)), None),
    ],
    ids=["from 8", "always", "not below a loss", "never", "too little"],
)
def test_the_smallest_number_from_which_all_gain(
    steps: tuple[tuple[int, float], ...], start: int | None
) -> None:
    assert LayerTimes(passes=passes(*steps)).gains_from((1, 8, 64)) == start


def test_what_was_not_measured_is_not_made_up() -> None:
    with pytest.raises(KeyError):
        LayerTimes(passes=passes((1, 1.0))).at(2)
