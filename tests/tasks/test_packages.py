"""Names of packages become files, and nothing is imported."""

import subprocess
import sys
from pathlib import Path

import pytest

from tidemill.core.errors import InputError
from tidemill.core.settings import Settings
from tidemill.tasks.packages import Package, package_named, packages_named, source_files


def names_in(package: Package) -> set[str]:
    root = package.root if package.root.is_dir() else package.root.parent
    return {str(Path(f.path).relative_to(root)) for f in source_files(package, Settings())}


def test_the_standard_library_comes_without_tests_and_neighbours() -> None:
    files = names_in(package_named("stdlib"))
    assert {"argparse.py", "json/decoder.py", "unittest/case.py"} <= files
    folders = {part for name in files for part in Path(name).parts[:-1]}
    assert folders.isdisjoint({"site-packages", "test", "tests", "idle_test"})
    assert len(files) > 300


def test_a_path_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "till.go").write_text("package shop\n")
    package = package_named(str(tmp_path / "shop"))
    assert package == Package(name="shop", root=tmp_path / "shop")
    assert names_in(package) == {"till.go"}
    assert names_in(package_named(str(tmp_path / "shop" / "till.go"))) == {"till.go"}


def test_tests_are_left_out_below_the_root_only(tmp_path: Path) -> None:
    root = tmp_path / "tests" / "pkg"
    kept = ["a.py", "latest.py", "contest/b.py", "Attest.java", "protest.js"]
    left = ["tests/c.py", "test_d.py", "e_test.go", "f.test.ts", "g.spec.js", "UserTest.java"]
    left += ["conftest.py", "src/test/I.java", "__tests__/j.js", "idle_test/k.py"]
    for name in kept + left:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("")
    assert names_in(package_named(str(root))) == set(kept)


@pytest.mark.parametrize(
    ("name", "end"),
    [
        ("json", "json"),
        ("json.decoder", "json/decoder.py"),
        ("argparse", "argparse.py"),
        ("hypothesis.strategies", "hypothesis/strategies"),
    ],
)
def test_python_names_are_found(name: str, end: str) -> None:
    package = package_named(name)
    assert package.name == name
    assert str(package.root).endswith(end)
    assert package.root.exists()


def test_nothing_is_imported() -> None:
    code = (
        "import sys; from tidemill.tasks.packages import package_named\n"
        "package_named('xmlrpc.client'); package_named('wsgiref')\n"
        "print([n for n in sys.modules if n.startswith(('xmlrpc', 'wsgiref'))])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == "[]\n"


@pytest.mark.parametrize("name", ["no_such_package", "no/such/path", "", "...", "json..decoder"])
def test_unknown_names_are_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="there is no file, folder or package"):
        package_named(name)


@pytest.mark.parametrize("name", ["sys", "json.absent"])
def test_names_without_sources_are_refused(name: str) -> None:
    with pytest.raises(InputError, match="has no Python sources"):
        package_named(name)


def test_packages_of_one_name_are_told_apart(tmp_path: Path) -> None:
    for name in ("one/src", "two/src", "other"):
        (tmp_path / name).mkdir(parents=True)
    names = [str(tmp_path / name) for name in ("one/src", "two/src", "other", "one/src")]
    found = packages_named(names)
    assert [package.name for package in found] == [*names[:2], "other"]
    assert [str(package.root) for package in found] == names[:3]
