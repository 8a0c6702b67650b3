"""Kernels: declared, built, cached, switched off, and told about."""

import ctypes
import functools
import shutil
import threading
from pathlib import Path

import pytest

from tests.core.test_distributions import FILES, archive
from tidemill.core import native
from tidemill.core.compiler import find_compiler
from tidemill.core.errors import InputError, TidemillError
from tidemill.core.executor import Resources
from tidemill.core.native import Kernel, build, kernels, load, status
from tidemill.core.processes import ProcessExecutor

SOURCE = '#include "value.h"\nextern "C" int answer() { return VALUE; }\n'
needs_compiler = pytest.mark.skipif(find_compiler() is None, reason="there is no C++ compiler")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package and a cache of the test's own, native code on."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("TIDEMILL_NATIVE", raising=False)
    monkeypatch.setattr(native, "_PACKAGE", tmp_path / "package")
    return tmp_path / "package" / "_native"


def write_kernel(tmp_path: Path, value: int = 42, source: str = SOURCE) -> Kernel:
    folder = tmp_path / "package" / "layer" / "native"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "kernel.cpp").write_text(source)
    (folder / "value.h").write_text(f"#define VALUE {value}\n")
    (folder / "kernel.toml").write_text(
        'name = "tiny"\nsources = ["kernel.cpp"]\nflags = ["-O1", "-std=c++17"]\n'
    )
    (found,) = kernels(tmp_path / "package")
    return found


def answer(library: ctypes.CDLL | None) -> int:
    assert library is not None
    return int(library.answer())


class TestBuilding:
    @needs_compiler
    def test_built_then_cached_then_loaded(self, tmp_path: Path, cache: Path) -> None:
        kernel = write_kernel(tmp_path)
        first = build(kernel)
        assert (first.state, first.reason) == ("built", "")
        assert first.library is not None
        assert first.library.parent == cache
        assert build(kernel) == native.KernelStatus(
            name="tiny", state="cached", library=first.library
        )
        assert answer(load(kernel)) == 42
        assert load(kernel) is load(kernel)

    @needs_compiler
    def test_loading_builds_what_is_missing(self, tmp_path: Path) -> None:
        assert answer(load(write_kernel(tmp_path, 7))) == 7

    @needs_compiler
    def test_a_changed_header_is_another_library(self, tmp_path: Path) -> None:
        first = build(write_kernel(tmp_path, 1))
        second = build(write_kernel(tmp_path, 2))
        assert first.library != second.library
        assert second.state == "built"
        assert answer(load(write_kernel(tmp_path, 2))) == 2

    @needs_compiler
    def test_another_compiler_builds_its_own(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        kernel = write_kernel(tmp_path)
        assert build(kernel).state == "built"
        wrapper = tmp_path / "wrapper"
        wrapper.write_text(f'#!/bin/sh\nexec {shutil.which("c++") or "g++"} "$@"\n')
        wrapper.chmod(0o755)
        monkeypatch.setenv("CXX", str(wrapper))
        assert build(kernel).state == "built"

    @needs_compiler
    def test_what_does_not_compile_is_told_and_not_tried_again(
        self, tmp_path: Path, cache: Path
    ) -> None:
        kernel = write_kernel(tmp_path, source="int broken(")
        assert load(kernel) is None
        (standing,) = status(package=tmp_path / "package")
        assert standing.state == "failed"
        assert "expected" in standing.reason
        assert load(kernel) is None
        assert build(kernel).state == "failed"
        assert [path.suffix for path in cache.iterdir()].count(".failed") == 1
        assert not list(cache.glob(".build-*"))

    @needs_compiler
    def test_the_users_cache_serves_where_the_package_is_not_ours(
        self, tmp_path: Path, cache: Path
    ) -> None:
        kernel = write_kernel(tmp_path)
        cache.write_text("a file where the folder should be")
        built = build(kernel)
        assert built.library is not None
        assert built.library.parent == tmp_path / "cache" / "tidemill" / "native"
        assert answer(load(kernel)) == 42

    @needs_compiler
    def test_threads_build_it_once(self, tmp_path: Path) -> None:
        kernel = write_kernel(tmp_path)
        found: list[native.KernelStatus] = []
        threads = [threading.Thread(target=lambda: found.append(build(kernel))) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(standing.state for standing in found) == ["built"] + ["cached"] * 5

    @needs_compiler
    def test_processes_build_it_once(self, tmp_path: Path) -> None:
        kernel = write_kernel(tmp_path)
        fn = functools.partial(state_after_building, kernel)
        package = str(tmp_path / "package")
        outcomes = ProcessExecutor().map(fn, [package] * 4, resources=Resources(workers=2))
        states = sorted(outcome.unwrap() for outcome in outcomes)
        assert states == ["built", "cached", "cached", "cached"]


def state_after_building(kernel: Kernel, package: str) -> str:
    native._PACKAGE = Path(package)  # noqa: SLF001  a worker has no monkeypatch
    return build(kernel).state


class TestWithout:
    @pytest.mark.claim("house.native.optional")
    @pytest.mark.parametrize("value", ["off", "OFF", " off "])
    def test_switched_off_by_the_environment(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str
    ) -> None:
        kernel = write_kernel(tmp_path)
        monkeypatch.setenv("TIDEMILL_NATIVE", value)
        assert load(kernel) is None
        assert [s.state for s in status(package=tmp_path / "package")] == ["off"]

    def test_switched_off_by_the_setting(self, tmp_path: Path, cache: Path) -> None:
        assert load(write_kernel(tmp_path), native="off") is None
        assert not cache.exists()

    @pytest.mark.claim("house.native.optional")
    def test_no_compiler(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        kernel = write_kernel(tmp_path)
        monkeypatch.setenv("CXX", str(tmp_path / "absent"))
        assert load(kernel) is None
        told = build(kernel)
        assert told.state == "no compiler"
        assert "CXX" in told.reason
        assert told.to_dict()["library"] is None

    @needs_compiler
    def test_without_compiler_what_was_built_is_still_loaded(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        kernel = write_kernel(tmp_path, 5)
        built = build(kernel)
        monkeypatch.setenv("CXX", str(tmp_path / "absent"))
        assert build(kernel).library == built.library
        assert answer(load(kernel)) == 5

    def test_a_damaged_library_is_not_loaded(self, tmp_path: Path, cache: Path) -> None:
        kernel = write_kernel(tmp_path)
        compiler = find_compiler()
        cache.mkdir(parents=True)
        identity = compiler.identity if compiler else "none"
        (cache / native._library_name(kernel, identity)).write_bytes(b"\x7fELF")  # noqa: SLF001
        assert load(kernel) is None

    def test_status_builds_nothing(self, tmp_path: Path, cache: Path) -> None:
        write_kernel(tmp_path)
        (told,) = status(package=tmp_path / "package")
        assert told.state in {"not built", "no compiler"}
        assert not cache.exists()


class TestSourceDistribution:
    def declared(self, tmp_path: Path) -> Kernel:
        folder = tmp_path / "package" / "native"
        folder.mkdir(parents=True)
        (folder / "kernel.cpp").write_text(
            'extern "C" {\n#include "api.h"\nint answer() { return 41 + one(); }\n}\n'
        )
        (folder / "kernel.toml").write_text(
            'name = "with-sources"\n'
            'sources = ["kernel.cpp", "{source_distribution}/core/lib/src/lib.c"]\n'
            'flags = ["-I{source_distribution}/core/lib/include"]\n'
            "[source_distribution]\n"
            'name = "pytest"\n'
            'paths = ["core/lib"]\n'
        )
        (kernel,) = kernels(tmp_path / "package")
        return kernel

    @needs_compiler
    def test_it_is_fetched_when_building_only(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def download(requirement: str, folder: Path) -> Path:
            assert requirement == f"pytest=={pytest.__version__}"
            return archive(folder / "pytest.tar.gz", FILES)

        kernel = self.declared(tmp_path)
        monkeypatch.setattr(native, "download_with_pip", download)
        assert load(kernel) is None
        assert build(kernel, may_fetch=False).state == "not available"
        assert build(kernel).state == "built"
        assert answer(load(kernel)) == 42

    @needs_compiler
    def test_without_network_it_is_not_available(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def download(requirement: str, folder: Path) -> Path:
            raise TidemillError(f"no network for {requirement}, {folder.exists()}")

        monkeypatch.setattr(native, "download_with_pip", download)
        told = build(self.declared(tmp_path))
        assert told.state == "not available"
        assert "no network for pytest" in told.reason

    def test_a_package_that_is_not_installed(self, tmp_path: Path) -> None:
        kernel = self.declared(tmp_path)
        path = kernel.folder / "kernel.toml"
        path.write_text(path.read_text().replace('"pytest"', '"no-such-thing"'))
        native._read.cache_clear()  # noqa: SLF001
        (kernel,) = kernels(tmp_path / "package")
        told = build(kernel)
        assert told.state == "not available"
        assert "no-such-thing is not installed" in told.reason


class TestDeclarations:
    @pytest.mark.parametrize(
        "text",
        [
            "",
            'name = "x"\n',
            "name = [\n",
            'name = "../x"\nsources = []\n',
            'name = "x"\nsources = 3\n',
            'name = "x"\nsources = ["a.cpp"]\n[source_distribution]\nname = "y"\n',
            'name = "x"\nsources = ["a.cpp"]\n[source_distribution]\nname = "y"\npaths = "z"\n',
            'name = "x"\nsources = ["a.cpp"]\nflag = ["-O2"]\n',
        ],
    )
    def test_what_is_no_declaration_is_refused_with_its_place(
        self, tmp_path: Path, text: str
    ) -> None:
        (tmp_path / "native").mkdir()
        (tmp_path / "native" / "kernel.toml").write_text(text)
        with pytest.raises(InputError, match=r"kernel\.toml: not a kernel declaration"):
            kernels(tmp_path)

    def test_no_kernels_are_none(self, tmp_path: Path) -> None:
        assert kernels(tmp_path) == ()

    def test_the_packages_own_declarations_are_sound(self) -> None:
        names = [kernel.name for kernel in kernels(Path(native.__file__).parents[1])]
        assert names == sorted(set(names))


@needs_compiler
def test_the_program_says_how_each_went(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = write_kernel(tmp_path)
    broken = Kernel(name="broken", folder=tmp_path, sources=("absent.cpp",))
    monkeypatch.setattr(native, "kernels", lambda: (broken, kernel))
    assert native.main() == 0
    assert native.main() == 0
    said = capsys.readouterr().out
    assert "broken: failed: the compiler ended with code" in said
    assert "tiny: built\n" in said
    assert said.endswith("tiny: cached\n")
