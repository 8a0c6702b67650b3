import re
from collections import Counter
from pathlib import Path

import pytest

from tests.claims.ledger import ROOT, STATUSES, Claim, System, claims, systems
from tests.claims.markers import marked_tests
from tests.claims.render import PAGES, page

BY_ID = {claim.id: claim for claim in claims()}
PACKAGES = {
    "core", "source", "video", "sparsity", "store", "models", "metrics", "corpus", "experts",
    "training", "serving", "hardware", "tasks", "flywheel", "faces",
}  # fmt: skip
each_claim = pytest.mark.parametrize("claim", claims(), ids=lambda claim: claim.id)
each_system = pytest.mark.parametrize("system", systems(), ids=lambda system: system.name)


def test_all_five_systems_and_the_house_are_there() -> None:
    assert {system.prefix for system in systems()} == {
        "gcb", "tidal", "bdwp", "coe", "flywheel", "house",
    }  # fmt: skip


@each_system
def test_a_system_promises_enough_to_be_held_to(system: System) -> None:
    assert len(system.claims) >= 10
    assert all(claim.id.startswith(f"{system.prefix}.") for claim in system.claims)


def test_ids_are_unique() -> None:
    assert not [name for name, times in Counter(c.id for c in claims()).items() if times > 1]


@each_claim
def test_an_entry_is_well_formed(claim: Claim) -> None:
    assert re.fullmatch(r"[a-z]+(\.[a-z0-9]+(-[a-z0-9]+)*)+", claim.id)
    assert claim.status in STATUSES
    assert claim.source
    assert claim.claim[0].isupper() or not claim.claim[0].isalpha()
    assert claim.claim.endswith(".")
    assert claim.modules
    assert {module.partition(".")[0] for module in claim.modules} <= PACKAGES


@each_claim
def test_an_open_entry_has_no_test_and_every_other_has_one(claim: Claim) -> None:
    assert (claim.status == "open") == (not claim.tests)


@each_claim
def test_the_tests_of_an_entry_exist_and_say_so(claim: Claim) -> None:
    for test in claim.tests:
        if test.startswith("benches/"):
            assert (ROOT / test).is_file(), test
        else:
            assert claim.id in marked_tests()[test], f"{test} is not marked with {claim.id}"


@pytest.mark.parametrize("test", sorted(name for name, ids in marked_tests().items() if ids))
def test_every_marked_test_shows_an_entry_that_names_it(test: str) -> None:
    for name in marked_tests()[test]:
        assert name in BY_ID, f"{test}: no entry {name}"
        assert test in BY_ID[name].tests, f"{name} does not name {test}"


@each_claim
def test_the_modules_of_a_kept_entry_exist(claim: Claim) -> None:
    if claim.status == "open":
        return
    for module in claim.modules:
        path = Path(ROOT, "src", "tidemill", *module.split("."))
        assert path.is_dir() or path.with_suffix(".py").is_file(), module


@each_system
def test_the_page_is_up_to_date(system: System) -> None:
    written = PAGES / f"{system.name}.md"
    assert written.read_text(encoding="utf-8") == page(system), "python -m tests.claims.render"


def test_no_page_is_left_over() -> None:
    assert {path.stem for path in PAGES.glob("*.md")} == {system.name for system in systems()}
