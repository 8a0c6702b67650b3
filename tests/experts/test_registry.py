import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.experts.drafts import encoder_draft, packed, static_draft, values
from tidemill.core.clock import FixedClock, SystemClock
from tidemill.core.errors import ExpertError, LockedError, SettingError, StoreError
from tidemill.core.locks import JobLock
from tidemill.core.settings import Settings
from tidemill.experts import registry as module
from tidemill.experts.archive import pack_expert
from tidemill.experts.registry import SHIPPED, ExpertRegistry, open_registry
from tidemill.experts.seals import SEALS
from tidemill.experts.verification import sound_expert, verify_expert
from tidemill.training.recipe import read_recipe
from tidemill.training.routing.recipes import CLONES


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    packed(tmp_path / "shipped", static_draft(name="search-shipped"))
    packed(tmp_path / "shipped", static_draft(name="search-both", about="Shipped."))
    return tmp_path / "shipped"


@pytest.fixture
def registry(tmp_path: Path, shipped: Path) -> ExpertRegistry:
    return ExpertRegistry([shipped, tmp_path / "own"])


@pytest.fixture
def full_checks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the packages that were checked in full."""
    checked: list[str] = []
    check = sound_expert

    def counting(folder: Path, **options: object) -> object:
        checked.append(folder.name)
        return check(folder, **options)  # type: ignore[arg-type]  # handed through

    monkeypatch.setattr(module, "sound_expert", counting)
    return checked


def names(registry: ExpertRegistry) -> list[tuple[str, bool]]:
    return [(entry.name, entry.is_own) for entry in registry.list()]


def test_the_users_experts_shadow_the_shipped(registry: ExpertRegistry, tmp_path: Path) -> None:
    assert names(registry) == [("search-both", False), ("search-shipped", False)]
    registry.add(packed(tmp_path / "a", static_draft(name="search-both", about="Mine.")).folder)
    assert names(registry) == [("search-both", True), ("search-shipped", False)]
    assert "Mine." in registry.get("search-both").card
    registry.remove("search-both")
    assert "Shipped." in registry.get("search-both").card


def test_an_archive_is_added_like_a_folder(registry: ExpertRegistry, tmp_path: Path) -> None:
    package = packed(tmp_path / "a")
    pack_expert(package, tmp_path / "a.tidemill")
    added = registry.add(tmp_path / "a.tidemill")
    assert added.folder == registry.own / "search-tiny"
    assert added.expert_hash == package.expert_hash
    shutil.rmtree(package.folder)
    assert registry.get("search-tiny").expert_hash == package.expert_hash


def test_a_draft_is_packed_where_it_belongs(registry: ExpertRegistry) -> None:
    added = registry.add_draft(encoder_draft())
    assert added.folder == registry.own / "search-encoder"
    wrong = dict(encoder_draft().tensors) | {"projection.weight": values(2, 2)}
    with pytest.raises(ExpertError, match=r"search-encoder: .*has the shape"):
        registry.add_draft(encoder_draft(tensors=wrong), replace=True)
    assert registry.get("search-encoder").expert_hash == added.expert_hash


def test_a_second_of_one_name_replaces_only_when_asked(
    registry: ExpertRegistry, tmp_path: Path
) -> None:
    first = registry.add(packed(tmp_path / "a").folder)
    other = packed(tmp_path / "b", static_draft(tensors={"table": values(2, 2)}))
    with pytest.raises(ExpertError, match="there is an expert search-tiny already"):
        registry.add(other.folder)
    assert registry.get("search-tiny").expert_hash == first.expert_hash
    registry.add(other.folder, replace=True)
    assert registry.get("search-tiny").expert_hash == other.expert_hash
    # Whoever opened the old one keeps it.
    assert first.tensors["table"].to_float32().shape == (5, 3)


@pytest.mark.claim("house.experts.verified")
def test_what_is_not_sound_does_not_enter(registry: ExpertRegistry, tmp_path: Path) -> None:
    package = packed(tmp_path / "a")
    weights = package.folder / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-60] ^= 1
    weights.write_bytes(data)
    with pytest.raises(ExpertError, match=f"{package.folder}.*another hash") as caught:
        registry.add(package.folder)
    assert ".draft" not in str(caught.value)
    assert names(registry) == [("search-both", False), ("search-shipped", False)]
    assert {path.name for path in registry.own.iterdir()} == {"experts.lock"}


@pytest.mark.claim("house.experts.seals")
def test_an_expert_is_checked_in_full_once(
    registry: ExpertRegistry, tmp_path: Path, full_checks: list[str]
) -> None:
    registry.add(packed(tmp_path / "a").folder)
    assert len(full_checks) == 1
    for _ in range(3):
        registry.get("search-tiny")
        registry.get("search-shipped")
    assert full_checks[1:] == ["search-shipped"]


@pytest.mark.claim("house.experts.seals")
def test_an_expert_that_changed_is_checked_again(
    registry: ExpertRegistry, tmp_path: Path, full_checks: list[str]
) -> None:
    folder = registry.add(packed(tmp_path / "a").folder).folder
    os.utime(folder / "notes.txt", ns=(1, 1))
    registry.get("search-tiny")
    registry.get("search-tiny")
    assert full_checks[1:] == ["search-tiny"]
    weights = folder / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-60] ^= 1
    weights.write_bytes(data)
    for _ in range(2):
        with pytest.raises(ExpertError, match="another hash"):
            registry.get("search-tiny")
    assert full_checks[2:] == ["search-tiny"] * 2


@pytest.mark.claim("house.experts.seals")
@pytest.mark.parametrize("damage", [b"", b"{}", b"[", b'{"folder": "x", "stamps": {}}'])
def test_a_seal_that_says_nothing_is_no_seal(
    registry: ExpertRegistry, tmp_path: Path, full_checks: list[str], damage: bytes
) -> None:
    registry.add(packed(tmp_path / "a").folder)
    (registry.own / SEALS / "search-tiny.json").write_bytes(damage)
    registry.get("search-tiny")
    assert full_checks[1:] == ["search-tiny"]


def test_a_package_that_was_put_there_by_hand_is_checked_first(
    registry: ExpertRegistry, full_checks: list[str]
) -> None:
    registry.own.mkdir()
    packed(registry.own)
    registry.get("search-tiny")
    assert full_checks == ["search-tiny"]


def test_where_no_seal_can_be_written_it_works_and_checks_again(
    tmp_path: Path, shipped: Path, full_checks: list[str]
) -> None:
    (tmp_path / "file").write_text("no folder")
    registry = ExpertRegistry([shipped, tmp_path / "file" / "own"])
    for _ in range(2):
        assert registry.get("search-shipped").name == "search-shipped"
    assert full_checks == ["search-shipped"] * 2


def test_verify_seals_what_is_sound_and_breaks_the_seal_of_what_is_not(
    registry: ExpertRegistry, tmp_path: Path
) -> None:
    folder = registry.add(packed(tmp_path / "a").folder).folder
    seal = registry.own / SEALS / "search-tiny.json"
    seal.unlink()
    assert registry.verify("search-tiny").sound
    assert seal.exists()
    (folder / "notes.txt").write_bytes(b"\xff" * 16)
    assert not registry.verify("search-tiny").sound
    assert not seal.exists()


def test_a_folder_under_another_name_or_a_link_is_refused(
    registry: ExpertRegistry, tmp_path: Path
) -> None:
    registry.own.mkdir()
    packed(registry.own).folder.rename(registry.own / "search-moved")
    (registry.own / "search-linked").symlink_to(packed(tmp_path / "a").folder)
    for name, reason in (("search-moved", "is called search-tiny"), ("search-linked", "is a link")):
        with pytest.raises(ExpertError, match=reason):
            registry.get(name)
        (finding,) = registry.verify(name).findings
        assert reason in finding
        trouble = {entry.name: entry.trouble for entry in registry.list()}[name]
        assert reason in trouble
        registry.remove(name)
    assert (tmp_path / "a" / "search-tiny" / "expert.json").exists()
    assert not list(registry.own.glob(".*.draft"))


def test_an_expert_that_cannot_be_opened_is_listed_with_the_reason(
    registry: ExpertRegistry,
) -> None:
    (registry.own / "search-empty").mkdir(parents=True)
    entry = registry.list()[1]
    assert (entry.name, entry.package) == ("search-empty", None)
    assert "expert.json is missing" in entry.trouble
    assert entry.to_dict()["trouble"] == entry.trouble
    assert "manifest" not in entry.to_dict()


@pytest.mark.claim("house.experts.paths")
@pytest.mark.parametrize(
    "name", ["../x", "/etc", "a/b", "", ".sealed", "A", "a\0", "search-shippd"]
)
def test_a_name_that_is_none_or_unknown_is_refused(registry: ExpertRegistry, name: str) -> None:
    for operation in (registry.get, registry.remove, registry.verify, registry.folder_of):
        with pytest.raises(ExpertError, match=r"is no name of an expert|there is no expert"):
            operation(name)


def test_an_unknown_name_gets_a_suggestion(registry: ExpertRegistry, tmp_path: Path) -> None:
    with pytest.raises(ExpertError, match="Did you mean search-shipped"):
        registry.get("search-shippd")
    with pytest.raises(ExpertError, match="there are: search-both, search-shipped"):
        registry.get("xyz")
    with pytest.raises(ExpertError, match="there are: none"):
        ExpertRegistry([tmp_path / "nowhere"]).get("xyz")


def test_what_is_shipped_stays(registry: ExpertRegistry) -> None:
    with pytest.raises(ExpertError, match="comes with Tidemill and stays"):
        registry.remove("search-shipped")


def test_what_is_no_expert_is_not_added(registry: ExpertRegistry, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="No such file"):
        registry.add(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ExpertError, match=r"expert\.json is missing"):
        registry.add(tmp_path / "empty")


def test_two_do_not_add_at_once(
    registry: ExpertRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: FixedClock
) -> None:
    monkeypatch.setattr(module, "WAIT_SECONDS", 0.0)
    registry.own.mkdir()
    package = packed(tmp_path / "a")
    with JobLock(registry.own, "experts", clock), pytest.raises(LockedError):
        registry.add(package.folder)
    registry.add(package.folder)


def test_a_registry_needs_a_folder() -> None:
    with pytest.raises(ValueError, match="needs a folder"):
        ExpertRegistry([])


def test_the_registry_in_force(tmp_path: Path) -> None:
    settings = Settings()
    data = open_registry(settings, {"XDG_DATA_HOME": str(tmp_path)})
    home = open_registry(settings, {"HOME": str(tmp_path)})
    own = open_registry(replace(settings, experts=tmp_path / "x"), {})
    assert data.folders == (SHIPPED, tmp_path / "tidemill" / "experts")
    assert home.own == tmp_path / ".local" / "share" / "tidemill" / "experts"
    assert own.own == tmp_path / "x"
    with pytest.raises(SettingError, match="TIDEMILL_EXPERTS"):
        open_registry(settings, {})


ROUTERS = {"routing-clones": CLONES}


def test_every_shipped_expert_is_sound_small_and_says_where_it_comes_from() -> None:
    entries = ExpertRegistry([SHIPPED]).list()
    assert {entry.name for entry in entries} == {
        "clones-c",
        "clones-c-terms",
        "clones-java",
        "routing-clones",
        "search-code",
        "search-terms",
        "search-tokens",
        "types-ts",
    }
    sizes = []
    for entry in entries:
        found = verify_expert(entry.folder)
        assert found.findings == ()
        assert found.package is not None
        training = found.package.manifest.training
        assert training is not None
        if entry.name in ROUTERS:
            assert training.recipe_hash == ROUTERS[entry.name].hash
        else:
            recipe = read_recipe(entry.name)
            assert (training.recipe_hash, training.steps) == (recipe.hash, recipe.steps)
        assert "## Limits" in found.package.card
        assert found.package.manifest.metrics
        sizes.append(found.package.bytes_on_disk)
    assert max(sizes) < 10 << 20
    assert sum(sizes) < 32 << 20


ADD = """
import sys
from pathlib import Path
from tidemill.experts.registry import ExpertRegistry
registry = ExpertRegistry([Path(sys.argv[1])])
while True:
    for source in sys.argv[2:]:
        registry.add(Path(source), replace=True)
    print("round", flush=True)
"""


@pytest.mark.claim("house.experts.atomic")
@pytest.mark.slow
def test_a_kill_at_any_moment_leaves_whole_experts(tmp_path: Path) -> None:
    sources = [
        packed(tmp_path / "a").folder,
        packed(tmp_path / "b", static_draft(tensors={"table": values(300, 300)})).folder,
    ]
    hashes = {verify_expert(source).to_dict()["expert_hash"] for source in sources}
    own = tmp_path / "own"
    clock = SystemClock()
    for number in range(30):
        child = subprocess.Popen(
            [sys.executable, "-c", ADD, str(own), *map(str, sources)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert child.stdout is not None
        assert child.stdout.readline() == "round\n"
        start = clock.monotonic()
        while clock.monotonic() - start < number * 0.001:
            pass
        child.send_signal(signal.SIGKILL)
        child.communicate()
        registry = ExpertRegistry([own])
        for entry in registry.list():
            assert entry.trouble == ""
            assert registry.verify(entry.name).to_dict()["expert_hash"] in hashes
    ExpertRegistry([own]).add(sources[0], replace=True)
    assert {path.name for path in own.iterdir()} == {"experts.lock", SEALS, "search-tiny"}
