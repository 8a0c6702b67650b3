"""Which files of a package are read, and why others are not."""

from collections import Counter
from pathlib import Path

import pytest

from tests.corpus.making import tarred
from tests.corpus.typed.making import npm
from tidemill.core.errors import InputError
from tidemill.corpus.typed.reading import PackageFiles, files_of

CODE = "export const depth: number = {};\n"


def read(tmp_path: Path, files: dict[str, str], only: tuple[str, ...] = ()) -> PackageFiles:
    return files_of(npm(tmp_path, "pond", files), only=only, most_bytes=10_000)


def test_files_of_the_language_are_read_in_order_of_their_paths(tmp_path: Path) -> None:
    names = ["src/b.ts", "src/a.ts", "view.tsx", "src/c.mts", "src/d.cts"]
    found = read(tmp_path, {name: CODE.format(n) for n, name in enumerate(names)})
    assert [*found.texts] == ["src/a.ts", "src/b.ts", "src/c.mts", "src/d.cts", "view.tsx"]
    assert found.texts["src/a.ts"] == CODE.format(1).encode()
    assert found.left_out == Counter()
    assert found.licences == {"MIT"}


@pytest.mark.parametrize(
    ("path", "text", "reason"),
    [
        ("src/index.d.ts", CODE, None),
        ("src/index.d.mts", CODE, None),
        ("src/index.js", CODE, None),
        ("src/notes.md", CODE, None),
        ("src/pond.test.ts", CODE, "test"),
        ("__tests__/pond.ts", CODE, "test"),
        ("examples/pond.ts", CODE, "sample"),
        ("vendor/other/pond.ts", CODE, "copy of another package"),
        ("src/made.ts", "// @generated\n" + CODE, "made by a program"),
        ("src/binary.ts", "a\0b", "not a text"),
        ("src/copy.ts", "export class Pond {}\n", "equal file"),
    ],
)
def test_what_is_not_read_and_why(tmp_path: Path, path: str, text: str, reason: str | None) -> None:
    found = read(tmp_path, {"main.ts": "export class Pond {}\n", path: text})
    assert [*found.texts] == ["main.ts"]
    assert found.left_out == Counter([reason] if reason else [])


def test_too_large_files_are_passed_over(tmp_path: Path) -> None:
    files = {"large.ts": CODE + " " * 10_000, "small.ts": CODE}
    assert [*read(tmp_path, files).texts] == ["small.ts"]


def test_of_equal_files_the_first_by_path_is_read(tmp_path: Path) -> None:
    found = read(tmp_path, {"src/z.ts": CODE, "esm/a.ts": CODE, "lib/m.ts": CODE})
    assert [*found.texts] == ["esm/a.ts"]
    assert found.left_out == {"equal file": 2}


def test_a_recipe_may_take_a_part_only(tmp_path: Path) -> None:
    files = {"src/a.ts": CODE.format(1), "lib/a.ts": CODE.format(2), "srcs/b.ts": CODE.format(3)}
    found = read(tmp_path, files, only=("src/",))
    assert [*found.texts] == ["src/a.ts"]
    assert found.licences == {"MIT"}


def test_texts_become_utf_8(tmp_path: Path) -> None:
    archive = tarred(
        tmp_path / "pond-1.0.tgz",
        {"package/a.ts": 'let a = "ä";'.encode("latin-1"), "package/b.ts": "\ufefflet b = 1;"},
    )
    found = files_of(archive, most_bytes=1_000)
    assert found.texts == {"a.ts": 'let a = "ä";'.encode(), "b.ts": b"let b = 1;"}
    assert found.licences == frozenset()


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pond-1.0.tgz"
    path.write_bytes(b"no archive")
    with pytest.raises(InputError):
        files_of(path, most_bytes=1_000)
