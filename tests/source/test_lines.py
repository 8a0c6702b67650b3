from hypothesis import given
from hypothesis import strategies as st

from tidemill.source.lines import LineTable, Position


def test_lines_and_columns_count_from_one_in_characters() -> None:
    table = LineTable("ab\nçà x\r\n\nend".encode())
    assert table.position(0) == Position(line=1, column=1)
    assert table.position(table.starts[1] + len("çà ".encode())) == Position(line=2, column=4)
    assert [table.text(line) for line in range(1, len(table) + 1)] == [
        b"ab",
        "çà x".encode(),
        b"",
        b"end",
    ]


@given(st.text())
def test_every_byte_lies_in_its_line(text: str) -> None:
    data = text.encode("utf-8", "replace")
    table = LineTable(data)
    assert len(table) == data.count(b"\n") + 1
    for offset in range(len(data)):
        assert table.line(offset) == data.count(b"\n", 0, offset) + 1
