import csv
import io
import re
from math import ceil

import pytest

from tests.hardware.sat.drafts import SAT, layers, linear, machine, published
from tidemill.hardware.sat.array import DATAFLOWS
from tidemill.hardware.sat.cycles import EQUATIONS
from tidemill.hardware.sat.explanation import Explanation, explained, explanation_of
from tidemill.hardware.sat.options import SatOptions, Schedule
from tidemill.hardware.sat.step import StepTime, step_time
from tidemill.hardware.sat.table import COLUMNS, TERMS, csv_text, rows
from tidemill.hardware.sat.walk import Walk

NUMBERS = {"rows", "contraction", "columns", "count", "macs", "dense_macs", "ideal_cycles"}


@pytest.fixture(scope="module")
def step() -> StepTime:
    return step_time(published("vit"), SAT, SatOptions(pregenerate=False))


def test_a_table_has_a_row_for_every_part_and_adds_up(step: StepTime) -> None:
    text = csv_text(step)
    assert text.splitlines()[0] == ",".join(COLUMNS)
    read = list(csv.DictReader(io.StringIO(text)))
    assert len(read) == len(step.parts)
    assert sum(int(row["cycles"]) for row in read) == step.cycles
    assert sum(int(row["dram_bytes"]) for row in read) == step.dram_bytes
    assert sum(int(row["macs"] or 0) for row in read) == step.macs
    assert sum(int(row["dense_macs"] or 0) for row in read) == step.dense_macs
    assert sum(float(row["joules"]) for row in read) == pytest.approx(step.joules, rel=1e-4)
    for row, part in zip(read, step.parts, strict=True):
        named = (part.layer, part.phase, part.unit, part.what)
        assert (row["layer"], row["phase"], row["unit"], row["what"]) == named
        assert all(int(row[name]) > 0 for name in NUMBERS if part.scheduled)
        assert all(not row[name] for name in NUMBERS if not part.scheduled)


def test_terms_of_a_row_are_what_the_array_takes_besides_the_ideal(step: StepTime) -> None:
    for row, part in zip(rows(step), step.parts, strict=True):
        if part.scheduled is None:
            assert {row[term] for term in TERMS} == {""}
            continue
        terms = sum(int(str(row[term])) for term in TERMS)
        assert int(str(row["ideal_cycles"])) + terms == part.cycles
        assert part.terms.keys() <= set(TERMS)
        assert int(str(row["array_cycles"])) + int(str(row["memory"])) == part.cycles
        assert row["kept"] in {"dense", "2:8"}
        share = part.macs / (part.cycles * 1024)
        assert row["utilisation"] == round(share, 4)


def test_cells_that_hold_commas_and_quotes_are_quoted() -> None:
    found = step_time(layers(linear('a,"b"\r\nc')), SAT, SatOptions())
    read = list(csv.DictReader(io.StringIO(csv_text(found), newline="")))
    assert {row["layer"] for row in read} == {'a,"b"\r\nc'}


def value(equation: str, numbers: dict[str, int]) -> int:
    """What an equation gives; two names beside each other are multiplied."""
    text = re.sub(r"\[(.+?)\]", r"(\1)", equation)
    text = re.sub(r"(?<=[A-Za-z)]) (?=[A-Za-z(])", " * ", text).replace("2R", "2 * R")
    found: int = eval(text, {"ceil": ceil, "max": max, **numbers})  # noqa: S307  of our own
    return found


def checked(told: Explanation) -> None:
    """Put the numbers into the equations, and compare with what is said to come out."""
    numbers = {name: said for name, said in told.numbers.items() if isinstance(said, int)}
    ideal = value(told.equations["ideal array"], numbers)
    assert numbers["products"] * ideal == numbers["ideal array's cycles"]
    assert told.part.cycles == told.part.ideal + sum(told.terms.values())
    assert told.part.ideal + told.terms["choice"] == numbers["ideal array's cycles"]
    whole, *given = re.split(r", (?=[TS] = )", told.equations["array"])
    for one in given:
        name, _, equation = one.partition(" = ")
        numbers.setdefault(name, value(equation, numbers))
        times = numbers["products"] if name == "T" else 1
        assert times * value(equation, numbers) == numbers[name]
    assert value(whole, numbers) == part_cycles(told)


def part_cycles(told: Explanation) -> int:
    assert told.part.scheduled is not None
    return told.part.scheduled.count.cycles


@pytest.mark.parametrize("schedule", ["best", "os", "ws"])
@pytest.mark.parametrize("latency", [1, 4])
def test_numbers_put_into_the_equations_give_the_cycles(schedule: Schedule, latency: int) -> None:
    options = SatOptions(schedule=schedule)
    found = step_time(published("vit"), machine(array__accumulate_latency=latency), options)
    products = [part for part in found.parts if part.scheduled]
    for part in products:
        checked(explanation_of(part, found))
    assert {part.scheduled.mapping.dataflow for part in products if part.scheduled} == (
        {schedule} if schedule != "best" else set(DATAFLOWS)
    )


def test_the_equation_with_memory_gives_the_cycles(step: StepTime) -> None:
    told = explained(step)
    found = told.part.scheduled
    assert found is not None
    assert told.equations["with memory"].startswith(
        "first fetch + first weights where they stay + "
    )
    walk = Walk(found.job, found.mapping, found.blocks, SAT.engine)
    steps = [walk.step(place) for place in walk.places()]
    rate = float(str(told.numbers["bytes a cycle"]))
    moving = [ceil(moved / rate) for moved in (steps[0].fetched, steps[-1].written)]
    hidden = 0
    for number, one in enumerate(steps):
        before = steps[number - 1].written if number else 0
        coming = steps[number + 1].fetched if number + 1 < len(steps) else 0
        busy = one.compute if number + 1 < len(steps) else one.compute + walk.tail
        hidden += max(busy, ceil((before + coming) / rate))
    assert sum(moving) + walk.head + hidden == told.numbers["cycles"]
    assert told.numbers["bytes moved"] == sum(one.fetched + one.written for one in steps)
    assert told.numbers["array's cycles"] == (
        walk.head + sum(one.compute for one in steps) + walk.tail
    )


def test_the_longest_product_is_explained(step: StepTime) -> None:
    told = explained(step)
    products = [part for part in step.parts if part.scheduled]
    assert told.part.cycles == max(part.cycles for part in products)
    assert told.numbers["cycles"] == told.part.cycles
    assert told.numbers["utilisation"] == pytest.approx(
        told.part.macs / (told.part.cycles * 1024), abs=1e-4
    )


def test_what_is_no_product_has_no_equation(step: StepTime) -> None:
    update = next(part for part in step.parts if part.unit == "updater")
    told = explanation_of(update, step)
    assert (told.equations, told.numbers, told.terms) == ({}, {}, {})
    assert set(EQUATIONS) == {"ideal os", "ideal ws", "full os", "full ws"}


def test_a_product_that_is_cut_takes_more_by_a_term_of_its_own() -> None:
    small = machine(buffers__left_bytes=16_384, buffers__right_bytes=16_384)
    found = step_time(published("vit"), small, SatOptions(schedule="ws"))
    parts = [part for part in found.parts if part.scheduled]
    assert any(part.terms["cutting"] for part in parts)
    assert all(part.ideal + sum(part.terms.values()) == part.cycles for part in parts)
    assert sum(found.terms.values()) == found.cycles
