from dataclasses import replace
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest

from tests.architecture.house import ROOT
from tests.hardware.sat.drafts import SAT, layers, linear, published
from tidemill.hardware.sat.array import Mapping
from tidemill.hardware.sat.blocking import Blocking, blocking
from tidemill.hardware.sat.job import job
from tidemill.hardware.sat.options import SatOptions
from tidemill.hardware.sat.pictures.canvas import COLOURS, Canvas
from tidemill.hardware.sat.pictures.schedule import schedule_picture, told
from tidemill.hardware.sat.pictures.tiles import SHOWN, tiles_picture
from tidemill.hardware.sat.pictures.utilisation import utilisation_picture
from tidemill.hardware.sat.simulation import spans
from tidemill.hardware.sat.step import StepTime, step_time
from tidemill.hardware.sat.walk import Walk
from tidemill.hardware.workload.gemm import Gemm

SVG = "{http://www.w3.org/2000/svg}"
NASTY = "<b>&\"'\x01\x1b[31m\ud800\uffff]]>"
SHOWN_NASTY = "<b>&\"'\ufffd\ufffd[31m\ufffd\ufffd]]>"


def step(name: str = "resnet9", **options: str) -> StepTime:
    return step_time(published(name), SAT, SatOptions(**options))  # type: ignore[arg-type]


def parsed(picture: str) -> ET.Element:
    return ET.fromstring(picture.encode())  # noqa: S314  drawn by ourselves


def told_boxes(picture: str) -> list[ET.Element]:
    """The boxes that say something when somebody points at them."""
    root = parsed(picture)
    return [box for box in root.iter(f"{SVG}rect") if box.find(f"{SVG}title") is not None]


def words(picture: str) -> str:
    return "\n".join(parsed(picture).itertext())


def number(box: ET.Element, name: str) -> float:
    return float(box.attrib[name])


def test_a_schedule_has_a_box_for_every_part_one_after_the_other() -> None:
    dense, sparse = step(method="dense"), step()
    picture = schedule_picture({"dense": dense, "2:8": sparse}, "Steps")
    boxes = told_boxes(picture)
    parts = [*dense.parts, *sparse.parts]
    assert [box.findtext(f"{SVG}title") for box in boxes] == [told(part) for part in parts]
    scale = (1100 - 110 - 50) / dense.cycles
    begin = 0
    for box, part in zip(boxes, dense.parts, strict=False):
        assert number(box, "x") == pytest.approx(110 + begin * scale, abs=0.01)
        assert number(box, "width") == pytest.approx(max(0.1, part.cycles * scale), abs=0.01)
        assert box.attrib["fill"] == COLOURS[part.phase]
        begin += part.cycles
    # Units have rows of their own.
    rows = {(part.unit, number(box, "y")) for box, part in zip(boxes, dense.parts, strict=False)}
    assert len(rows) == len({part.unit for part in dense.parts})
    assert f"2:8: {1000 * sparse.seconds:,.1f} ms, {sparse.cycles:,} cycles" in words(picture)


def test_a_part_says_what_it_is() -> None:
    found = {(part.layer, part.phase, part.unit): told(part) for part in step().parts}
    forward = found["stem.convolution", "forward", "array"]
    assert forward.startswith("stem.convolution, forward: product, ")
    assert ", dense, " in forward
    assert forward.endswith("% used")
    assert ", 2:8, " in found["layer1.convolution", "forward", "array"]
    update = found["stem.convolution", "update", "updater"]
    assert update.startswith("stem.convolution, update: optimizer, ")
    assert update.endswith(" cycles")


def test_use_has_a_bar_for_every_product_as_high_as_its_share() -> None:
    found = step("vit")
    products = [part for part in found.parts if part.scheduled]
    boxes = told_boxes(utilisation_picture(found, "Use"))
    assert sorted(box.findtext(f"{SVG}title") or "" for box in boxes) == sorted(
        told(part) for part in products
    )
    shares = sorted(
        round(200 * part.scheduled.utilisation, 2) for part in products if part.scheduled
    )
    assert sorted(number(box, "height") for box in boxes) == pytest.approx(shares, abs=0.01)
    for box in boxes:
        assert number(box, "y") + number(box, "height") == pytest.approx(66 + 200, abs=0.02)
    # A layer's bars stand side by side, and none over another.
    places = sorted(number(box, "x") for box in boxes)
    assert all(right - left >= 7 for left, right in pairwise(places))


def tile_walk(rows: int) -> Walk:
    own = job(Gemm(rows=rows, contraction=64, columns=64))
    mapping = Mapping(dataflow="os")
    return Walk(own, mapping, blocking(own, mapping, SAT.engine), SAT.engine)


def test_tiles_are_drawn_as_they_are_simulated() -> None:
    walk = tile_walk(64)
    seen = list(spans(walk))
    assert len(seen) < SHOWN
    boxes = told_boxes(tiles_picture(walk, "Tiles"))
    assert [box.findtext(f"{SVG}title") for box in boxes] == [
        f"{span.track} {place}: cycles {span.start:,} to {span.end:,}"
        for place, span in enumerate(seen)
    ]
    last = max(span.end for span in seen)
    scale = (1100 - 90 - 30) / last
    starts = [90 + span.start * scale for span in seen]
    assert [number(box, "x") for box in boxes] == pytest.approx(starts, abs=0.01)
    assert f"\n{last:,}" in words(tiles_picture(walk, "Tiles"))
    tracks = {span.track for span in seen}
    assert len({number(box, "y") for box in boxes}) == len(tracks) == 4


def test_of_many_tiles_the_first_are_drawn() -> None:
    assert len(told_boxes(tiles_picture(tile_walk(100_000), "Tiles"))) == SHOWN


def test_of_the_largest_product_the_first_tiles_are_drawn_at_once() -> None:
    own = job(Gemm(rows=1 << 60, contraction=1 << 31, columns=1 << 31))
    for mapping in (Mapping(dataflow="os"), Mapping(dataflow="ws")):
        walk = Walk(own, mapping, blocking(own, mapping, SAT.engine), SAT.engine)
        assert len(told_boxes(tiles_picture(walk, "Tiles"))) == SHOWN


def test_layers_and_titles_may_be_called_anything() -> None:
    network = layers(linear(NASTY))
    found = step_time(network, SAT, SatOptions())
    walk = Walk(
        job(Gemm(rows=2, contraction=8, columns=2)),
        Mapping(dataflow="os"),
        Blocking(rows=32, contraction=8, columns=32),
        SAT.engine,
    )
    for picture in (
        schedule_picture({NASTY: found}, NASTY),
        utilisation_picture(found, NASTY),
        tiles_picture(walk, NASTY),
    ):
        root = parsed(picture)
        assert root.findtext(f"{SVG}title") == SHOWN_NASTY
        assert root.findtext(f"{SVG}text") == SHOWN_NASTY
    boxes = told_boxes(schedule_picture({NASTY: found}, ""))
    assert (boxes[0].findtext(f"{SVG}title") or "").startswith(f"{SHOWN_NASTY}, forward: product")


def test_a_picture_needs_nothing_else_and_is_read_aloud() -> None:
    picture = schedule_picture({"dense": step()}, "A step")
    root = parsed(picture)
    assert (root.tag, root.attrib["role"]) == (f"{SVG}svg", "img")
    assert root[0].tag == f"{SVG}title"
    assert "href" not in picture
    assert "<style" not in picture
    width, height = (float(side) for side in root.attrib["viewBox"].split()[2:])
    for box in root.iter(f"{SVG}rect"):
        assert number(box, "width") <= width
        assert number(box, "height") <= height


def test_what_is_thinner_than_a_hair_is_drawn_as_one() -> None:
    canvas = Canvas(100, 50, "Lines")
    canvas.box((1, 2), (0, 0), "tomato", "thin")
    (box,) = told_boxes(canvas.svg())
    assert box.attrib == {
        "x": "1.00",
        "y": "2.00",
        "width": "0.10",
        "height": "0.10",
        "fill": "tomato",
    }


def test_the_picture_of_the_page_is_what_is_drawn() -> None:
    options = SatOptions()
    dense, sparse = (
        step_time(published("resnet50"), SAT, replace(options, method=name))
        for name in ("dense", "bdwp")
    )
    drawn = schedule_picture(
        {"dense": dense, "2:8 by bdwp": sparse},
        "A training step of resnet50 on sat-vcu1525, a batch of 256",
    )
    # Drawn by: tidemill plan resnet50 --on sat --pictures FOLDER
    assert (ROOT / "docs" / "pictures" / "sat-schedule.svg").read_text() == drawn
