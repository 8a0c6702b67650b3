"""What goes over the wire."""

import json
import math
from dataclasses import replace

import pytest

from tests.faces.joernti.sample import ANSWER
from tidemill.core.errors import InputError
from tidemill.faces.joernti.answers import NOTHING, Alternative, InferredType, written
from tidemill.source.lines import Position


def test_answers_are_an_array_in_ascii() -> None:
    raw = written([ANSWER])
    assert raw.isascii()
    # Names of the protocol as JoernTI's server writes them.
    assert json.loads(raw.decode("latin-1")) == [
        {
            "target_identifier": "größe",
            "type": "Überlänge",
            "confidence": 0.875,
            "scope": "app.js::program",
            "alternatives": [{"type": "number", "confidence": 0.0625}],
        }
    ]


def test_a_place_is_said_where_it_is_known() -> None:
    answer = replace(ANSWER, at=Position(line=3, column=14))
    assert json.loads(written([answer]))[0].items() >= {"line": 3, "column": 14}.items()


def test_no_answers_are_an_empty_array() -> None:
    assert written([]) == NOTHING == b"[]"


def test_half_a_character_is_written_too() -> None:
    half = InferredType(target_identifier="\ud800", type="T", confidence=1.0, scope="")
    assert written([half]).isascii()


@pytest.mark.parametrize("confidence", [math.nan, math.inf, -0.1, 1.01])
def test_a_confidence_is_a_chance(confidence: float) -> None:
    with pytest.raises(InputError, match="out of range"):
        InferredType(target_identifier="x", type="T", confidence=confidence, scope="")
    with pytest.raises(InputError, match="out of range"):
        Alternative(type="T", confidence=confidence)
