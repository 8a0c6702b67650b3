"""The picture in the README: ``python -m tests.docs.picture`` draws it again."""

from pathlib import Path

from tidemill.source.dataflow.extractor import data_flow
from tidemill.source.dataflow.rendering.drawing import draw
from tidemill.source.language import LANGUAGES
from tidemill.source.parsing import parse
from tidemill.source.units import units_of

PICTURE = Path(__file__).parents[2] / "docs" / "pictures" / "flow.svg"
CODE = b"""\
def mean_of_valid(rows, limit=10):
    total = count = 0
    for name, value in rows:
        if value is None:
            continue
        if value > limit:
            value = limit
        total += value
        count += 1
    return total / count if count else None
"""


def picture() -> str:
    """Draw the data flow of `CODE`."""
    tree = parse(CODE, LANGUAGES["python"])
    unit = next(unit for unit in units_of(tree) if unit.kind == "function")
    span = (unit.start, unit.end)
    return draw(data_flow(tree, unit), CODE, span=span, title="means.py:mean_of_valid")


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
