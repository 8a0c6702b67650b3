"""Confidences for Joern's threshold."""

from hypothesis import given
from hypothesis import strategies as st

from tidemill.faces.joernti.threshold import JOERN_THRESHOLD, AcceptFrom

CONFIDENCES = st.floats(0.0, 1.0)


@given(least=st.floats(0.001, 0.999), one=CONFIDENCES, other=CONFIDENCES)
def test_joern_takes_those_from_there_up_in_their_order(
    least: float, one: float, other: float
) -> None:
    sent = AcceptFrom(least)
    assert 0.0 <= sent(one) <= 1.0
    assert (sent(one) > JOERN_THRESHOLD) == (one >= least)
    low, high = sorted((one, other))
    assert sent(low) <= sent(high)
