from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemill.core.errors import CapacityError, InputError
from tidemill.faces.lsp.documents import Change, Documents, Edit, file_of
from tidemill.faces.lsp.limits import Limits

URI = "file:///somewhere/app.ts"
TEXTS = st.text("abä😀\n", max_size=20)


def opened(text: str, limits: Limits | None = None) -> Documents:
    documents = Documents(limits or Limits())
    documents.open(URI, language_id="typescript", version=1, text=text)
    return documents


def place(text: str, number: int) -> tuple[int, int]:
    before = text[:number]
    line = before.rpartition("\n")[2]
    return before.count("\n"), len(line.encode("utf-16-le")) // 2


@given(TEXTS, st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20), TEXTS), max_size=6))
def test_edits_do_what_they_do_to_a_string(text: str, edits: list[tuple[int, int, str]]) -> None:
    documents = opened(text)
    changes = []
    for first, second, new in edits:
        start, end = sorted((min(first, len(text)), min(second, len(text))))
        changes.append(Change(start=place(text, start), end=place(text, end), text=new))
        text = text[:start] + new + text[end:]
    found = documents.change(URI, changes, 2)
    document = documents.get(URI)
    assert document is not None
    assert (document.text, document.version) == (text.encode(), 2)
    assert len(found) == len(changes)


@given(st.binary(max_size=30), st.integers(0, 30), st.integers(0, 30), st.binary(max_size=9))
def test_what_an_edit_leaves_alone_is_found_again(
    text: bytes, first: int, second: int, new: bytes
) -> None:
    start, end = sorted((min(first, len(text)), min(second, len(text))))
    after = text[:start] + new + text[end:]
    edit = Edit(start=start, end=end, size=len(new))
    for offset in range(len(text)):
        moved = edit.moved(offset)
        if offset < start or offset >= end > start:
            assert moved is not None
            assert after[moved] == text[offset]
        elif start < offset < end:
            assert moved is None


def test_a_whole_text_replaces_all() -> None:
    documents = opened("old")
    assert documents.change(URI, [Change(start=None, end=None, text="new one")], 7) == [
        Edit(start=0, end=3, size=7)
    ]
    document = documents.get(URI)
    assert document is not None
    assert document.text == b"new one"


def test_what_is_too_long_is_not_kept_until_a_whole_text_comes() -> None:
    documents = opened("x" * 2_000, Limits(document_bytes=1_024))
    document = documents.get(URI)
    assert document is not None
    seen = [(document.is_too_long, document.text)]
    assert documents.change(URI, [Change(start=(0, 0), end=(0, 1), text="")], 2) == []
    documents.change(URI, [Change(start=None, end=None, text="short")], 3)
    seen.append((document.is_too_long, document.text))
    documents.change(URI, [Change(start=(0, 0), end=(0, 0), text="x" * 1_024)], 4)
    seen.append((document.is_too_long, document.text))
    assert seen == [(True, b""), (False, b"short"), (True, b"")]


def test_too_many_files_are_refused_and_those_before_stay() -> None:
    documents = opened("a", Limits(documents=1))
    with pytest.raises(CapacityError, match="1 files are open"):
        documents.open("file:///b.ts", language_id="typescript", version=1, text="b")
    documents.open(URI, language_id="typescript", version=2, text="again")
    assert len(documents) == 1
    assert documents.close(URI) is not None
    assert documents.close(URI) is None


def test_a_file_that_nobody_has_opened_cannot_change() -> None:
    with pytest.raises(InputError, match="never opened"):
        opened("a").change("file:///b.ts", [], 2)


@pytest.mark.parametrize(
    ("uri", "language_id", "name"),
    [
        ("file:///a.ts", "plaintext", "typescript"),
        ("file:///a.tsx", "typescriptreact", "tsx"),
        ("file:///a%20b.mjs", "", "javascript"),
        ("untitled:Untitled-1", "typescript", "typescript"),
        ("untitled:Untitled-1", "javascriptreact", "javascript"),
        ("file:///a.py", "python", None),
        ("file:///a.md", "markdown", None),
    ],
)
def test_the_language_is_that_of_the_ending_or_what_the_editor_says(
    uri: str, language_id: str, name: str | None
) -> None:
    document = Documents(Limits()).open(uri, language_id=language_id, version=1, text="")
    assert (document.language.name if document.language else None) == name


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///a/b%20c/d%C3%A4.ts", Path("/a/b c/dä.ts")),
        ("file://localhost/a.ts", Path("/a.ts")),
        ("file:///a/../b.ts", Path("/b.ts")),
        ("file://elsewhere/a.ts", None),
        ("file:///a%00.ts", None),
        ("untitled:Untitled-1", None),
        ("http://[", None),
        ("", None),
    ],
)
def test_names_of_files(uri: str, path: Path | None) -> None:
    assert file_of(uri) == path
