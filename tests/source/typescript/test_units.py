from hypothesis import given
from hypothesis import strategies as st

from tidemill.source.typescript.units import Utf16


@given(st.text(max_size=40))
def test_units_are_those_of_utf16(text: str) -> None:
    clean = text.encode("utf-8", "replace").decode()
    units = Utf16(clean.encode())
    for place in range(len(clean) + 1):
        before = clean[:place]
        offset, unit = len(before.encode()), len(before.encode("utf-16-le")) // 2
        assert units.of(offset) == unit
        assert units.offset(unit) == offset
