"""Functions that compute two values and return one of them: the paper's figure 5, many times.

The words of a function are the same whichever value it returns; only where the returned one
comes from tells which.
"""

from dataclasses import dataclass

__all__ = ["FLIPS", "Flip"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """A function, and what is asked for.

    Attributes:
        query: What the first value is.
        code: Returns it.
        flipped: Returns the other one.
    """

    query: str
    code: str
    flipped: str


_BODY = """\
def f(values):
    a = {start_a}
    b = {start_b}
    for value in values:
        a = {step_a}
        b = {step_b}
    return {result}
"""

_VALUES = {
    "return the sum of all values": ("0", "a + value", "b + value"),
    "return the product of all values": ("1", "a * value", "b * value"),
    "return the largest value": ("values[0]", "max(a, value)", "max(b, value)"),
    "return the smallest value": ("values[0]", "min(a, value)", "min(b, value)"),
    "return a list of all values in reverse order": ("[]", "[value] + a", "[value] + b"),
    "return the values joined as a string": ("''", "a + str(value)", "b + str(value)"),
    "return the sum of the squares of the values": ("0", "a + value ** 2", "b + value ** 2"),
    "return how many values are negative": ("0", "a + (value < 0)", "b + (value < 0)"),
}


def _flips() -> list[Flip]:
    """Pair every value with the three after it, and ask for either: none wins by its name."""
    names = list(_VALUES)
    found = []
    for place, query in enumerate(names):
        for away in (1, 2, 3):
            other = names[(place + away) % len(names)]
            start_a, step_a, _ = _VALUES[query]
            start_b, _, step_b = _VALUES[other]
            first, second = (
                _BODY.format(
                    start_a=start_a, start_b=start_b, step_a=step_a, step_b=step_b, result=result
                )
                for result in ("a", "b")
            )
            found += [
                Flip(query=query, code=first, flipped=second),
                Flip(query=other, code=second, flipped=first),
            ]
    return found


FLIPS = _flips()
