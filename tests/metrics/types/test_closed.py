"""The rule of ManyTypes4TypeScript."""

import lzma
from pathlib import Path

import pytest

from tidemill.core.errors import InputError
from tidemill.metrics.types.closed import closed_score

VOCABULARY = ["UNK", "any", *(f"T{number}" for number in range(150))]


def labels(path: Path) -> list[str]:
    """The second column of a list of numbered labels."""
    with lzma.open(path, "rt", encoding="utf-8", newline="\n") as lines:
        return [line.rstrip("\n").partition("\t")[2] for line in lines]


@pytest.mark.claim("tidal.accuracy.metric")
def test_it_reproduces_the_figures_of_the_predictions_that_codexglue_ships(
    shared_data: Path,
) -> None:
    folder = shared_data / "type-metric-check"
    words = shared_data / "joernti" / "mt4ts_vocab_50000.txt"
    if not folder.is_dir() or not words.is_file():
        pytest.skip("no labels of ManyTypes4TypeScript among the benchmark data")
    found = closed_score(
        labels(folder / "mt4ts_gold_labels.txt.xz"),
        labels(folder / "mt4ts_codebert_predictions.txt.xz"),
        words.read_text(encoding="utf-8").split("\n")[:50_001],
    )
    # CodeXGLUE's README for type prediction, row CodeBERT of the shipped predictions, says
    # 62.80; the rest was counted from the same two lists with a script of six lines.
    assert found.count == 224_415
    assert round(100 * found.overall, 2) == 62.80
    assert round(100 * found.top_100, 2) == 87.44
    assert round(100 * found.rest, 1) == 53.4
    assert found.out_of_vocabulary == 0.0
    assert round(100 * found.top_100_share, 1) == 59.0
    assert round(100 * found.out_of_vocabulary_share, 1) == 20.0
    assert round(100 * found.coverage, 1) == 89.2
    assert round(100 * found.precision, 1) == 70.4


def test_any_is_left_out_and_unknown_is_wrong() -> None:
    gold = ["T0", "T99", "T100", "UNK", "Foreign", "any", "T1"]
    predicted = ["T0", "T99", "T100", "UNK", "Foreign", "any", "UNK"]
    found = closed_score(gold, predicted, VOCABULARY)
    assert found.count == 6
    assert found.overall == pytest.approx(3 / 6)
    # T0 to T99 are numbers 2 to 101.
    assert found.top_100 == pytest.approx(2 / 3)
    assert found.rest == 1.0
    assert found.out_of_vocabulary == 0.0
    assert found.out_of_vocabulary_share == pytest.approx(2 / 6)
    assert found.coverage == pytest.approx(4 / 6)
    assert found.precision == pytest.approx(3 / 4)


def test_of_no_labels_every_share_is_nothing() -> None:
    found = closed_score(["any"], ["T0"], VOCABULARY)
    assert (found.count, found.overall, found.top_100, found.precision) == (0, 0.0, 0.0, 0.0)


def test_lists_that_do_not_match_are_refused() -> None:
    with pytest.raises(InputError, match="2 labels have 1 predictions"):
        closed_score(["T0", "T1"], ["T0"], VOCABULARY)


@pytest.mark.parametrize("vocabulary", [[], ["UNK"], ["any", "UNK"], ["string", "number"]])
def test_a_vocabulary_begins_as_its_file_does(vocabulary: list[str]) -> None:
    with pytest.raises(InputError, match="does not begin with UNK and any"):
        closed_score(["T0"], ["T0"], vocabulary)
