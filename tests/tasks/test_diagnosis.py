import os
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from tidemill.core.native import KernelStatus
from tidemill.core.settings import Settings
from tidemill.tasks import diagnosis
from tidemill.tasks.diagnosis import Check, diagnose


def by_subject(checks: tuple[Check, ...]) -> dict[str, Check]:
    return {check.subject: check for check in checks}


def test_a_good_machine_is_healthy(indexed: Path, settings: Settings) -> None:
    found = diagnose(settings=settings, cwd=indexed)
    checks = by_subject(found.checks)
    assert found.healthy
    assert checks["store"].verdict == "ok"
    assert "3 files" in checks["store"].found
    assert "11 languages" in checks["grammars"].found
    assert all(check.remedy for check in found.checks if check.verdict != "ok")


def test_no_store_is_no_illness(tmp_path: Path, settings: Settings) -> None:
    check = by_subject(diagnose(settings=settings, cwd=tmp_path).checks)["store"]
    assert check.verdict == "ok"
    assert "tidemill index" in check.found


@pytest.mark.claim("house.doctor")
def test_a_damaged_store_fails(indexed: Path, settings: Settings) -> None:
    os.truncate(indexed / ".tidemill" / "index.db", 5000)
    found = diagnose(settings=settings, cwd=indexed)
    assert not found.healthy
    check = by_subject(found.checks)["store"]
    assert check.verdict == "fail"
    assert check.remedy


@pytest.mark.claim("house.doctor")
def test_a_store_that_disagrees_with_itself_fails(indexed: Path, settings: Settings) -> None:
    with closing(sqlite3.connect(indexed / ".tidemill" / "index.db")) as connection:
        connection.execute("DELETE FROM journal")
        connection.commit()
    check = by_subject(diagnose(settings=settings, cwd=indexed).checks)["store"]
    assert check.verdict == "fail"
    assert "journal" in check.found


def test_torch_is_looked_up_and_never_loaded() -> None:
    already = "torch" in sys.modules
    assert diagnosis.check_torch().subject == "torch"
    assert ("torch" in sys.modules) is already


@pytest.mark.parametrize(
    ("check", "verdict"),
    [
        (diagnosis.check_python((3, 10, 1)), "fail"),
        (diagnosis.check_python((3, 12, 0)), "ok"),
        (diagnosis.check_sqlite((3, 8, 0)), "fail"),
        (diagnosis.check_memory(10**6), "warn"),
        (diagnosis.check_memory(None), "ok"),
        (diagnosis.check_processor(frozenset({"avx2"}), 1), "ok"),
    ],
)
def test_verdicts(check: Check, verdict: str) -> None:
    assert check.verdict == verdict
    assert bool(check.remedy) is (verdict != "ok")


@pytest.mark.parametrize(
    ("free", "verdict"), [(10**6, "fail"), (200 * 10**6, "warn"), (10**10, "ok")]
)
def test_disk(free: int, verdict: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    assert diagnosis.check_disk(tmp_path / "not" / "there").verdict == verdict


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (3_400_000_000, "3.4 GB"), (5e12, "5.0 TB")],
)
def test_bytes_as_people_read_them(number: int, words: str) -> None:
    assert diagnosis.readable_bytes(number) == words


def test_a_grammar_that_does_not_load_fails(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> None:
        raise ValueError("Incompatible Language version 99")

    monkeypatch.setattr(diagnosis, "grammar_of", refuse)
    check = by_subject(diagnose(settings=settings, cwd=tmp_path).checks)["grammars"]
    assert check.verdict == "fail"
    assert "99" in check.found
    assert "pip install" in check.remedy


def test_kernels_for_sparse_products_are_told_and_not_loaded(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = tmp_path / "nm.so"
    there = KernelStatus(name="nm", state="cached", library=library)
    monkeypatch.setattr(diagnosis, "status", lambda **_: (there,))
    check = diagnosis.check_kernels(settings, frozenset({"avx2", "fma"}))
    assert (check.verdict, check.found) == ("ok", "cached, for avx2 (not loaded)")


@pytest.mark.parametrize(
    ("missing", "remedy"),
    [
        (KernelStatus(name="nm", state="off"), "leave the setting native"),
        (KernelStatus(name="nm", state="not built"), "python -m tidemill.core.native"),
        (KernelStatus(name="nm", state="no compiler", reason="install g++"), "install g++"),
        (KernelStatus(name="nm", state="failed", reason="nm.cpp:3: bad\nmore"), "nm.cpp:3: bad"),
    ],
    ids=lambda value: getattr(value, "state", ""),
)
def test_missing_kernels_are_told_with_the_reason(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, missing: KernelStatus, remedy: str
) -> None:
    monkeypatch.setattr(diagnosis, "status", lambda **_: (missing,))
    check = diagnosis.check_kernels(settings, frozenset())
    assert (check.verdict, check.found.partition(":")[0]) == ("warn", missing.state)
    assert remedy in check.remedy
    assert "\n" not in check.remedy
