import pytest

from tidemill.training.schedule import Shape, learning_rate


@pytest.mark.parametrize(
    ("shape", "middle", "last"),
    [("linear", 0.5, 0.0), ("cosine", 0.5, 0.0), ("constant", 1.0, 1.0)],
)
def test_a_rate_rises_in_a_line_and_falls_by_its_shape(
    shape: Shape, middle: float, last: float
) -> None:
    rates = [learning_rate(step, 110, peak=2.0, warmup=0.1, shape=shape) for step in range(110)]
    assert rates[:11] == pytest.approx([2.0 * (step + 1) / 11 for step in range(11)])
    assert rates[11] == pytest.approx(2.0)
    assert rates[60] == pytest.approx(2.0 * middle, abs=0.03)
    assert rates[-1] == pytest.approx(2.0 * last, abs=0.03)


def test_without_warmup_the_first_step_has_the_whole_rate() -> None:
    assert learning_rate(0, 10, peak=1.0, warmup=0.0, shape="linear") == 1.0
