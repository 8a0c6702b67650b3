"""Finding the compiler, and what it says when it cannot compile."""

import shutil
from pathlib import Path

import pytest

from tidemill.core.compiler import Compiler, compile_library, find_compiler, processor_identity
from tidemill.core.errors import TidemillError


def fake_program(folder: Path, name: str, script: str = "exit 0") -> Path:
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return program


def test_the_wish_comes_first(tmp_path: Path) -> None:
    fake_program(tmp_path, "c++")
    mine = fake_program(tmp_path, "mine")
    found = find_compiler({"CXX": "mine -m64", "PATH": str(tmp_path)})
    assert found is not None
    assert found.command == (str(mine), "-m64")


@pytest.mark.parametrize("name", ["c++", "g++", "clang++"])
def test_the_usual_names_are_tried(tmp_path: Path, name: str) -> None:
    program = fake_program(tmp_path, name)
    found = find_compiler({"PATH": str(tmp_path)})
    assert found is not None
    assert found.command == (str(program),)


def test_a_wish_that_is_not_there_is_no_compiler(tmp_path: Path) -> None:
    fake_program(tmp_path, "c++")
    assert find_compiler({"CXX": "absent", "PATH": str(tmp_path)}) is None


def test_an_empty_path_has_none(tmp_path: Path) -> None:
    assert find_compiler({"PATH": str(tmp_path)}) is None


def test_another_version_is_another_identity(tmp_path: Path) -> None:
    fake_program(tmp_path, "c++")
    first = find_compiler({"PATH": str(tmp_path)})
    fake_program(tmp_path, "c++", "echo newer; exit 0")
    second = find_compiler({"PATH": str(tmp_path)})
    assert first is not None
    assert second is not None
    assert first.identity != second.identity


def test_the_compilers_words_are_in_the_error(tmp_path: Path) -> None:
    program = fake_program(tmp_path, "c++", "echo 'line 3: no such type' >&2; exit 4")
    compiler = Compiler(command=(str(program),), identity="x")
    with pytest.raises(TidemillError, match="code 4: line 3: no such type"):
        compile_library(compiler, [tmp_path / "a.cpp"], [], tmp_path / "a.so")


def test_a_program_that_cannot_run_is_an_error(tmp_path: Path) -> None:
    compiler = Compiler(command=(str(tmp_path / "absent"),), identity="x")
    with pytest.raises(TidemillError, match="could not be run"):
        compile_library(compiler, [], [], tmp_path / "a.so")


def test_each_source_is_compiled_in_its_language(tmp_path: Path) -> None:
    program = fake_program(tmp_path, "c++", f'echo "$@" > {tmp_path / "told"}')
    compiler = Compiler(command=(str(program), "-m64"), identity="x")
    compile_library(compiler, [Path("a.cpp"), Path("lib.c")], ["-O2"], Path("out.so"))
    told = (tmp_path / "told").read_text()
    assert told == "-m64 -shared -fPIC -O2 -o out.so -x c++ a.cpp -x c lib.c\n"


@pytest.mark.skipif(shutil.which("c++") is None, reason="there is no C++ compiler")
def test_the_processor_has_one_identity() -> None:
    assert processor_identity() == processor_identity()
