from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemill.core.errors import CapacityError, InputError
from tidemill.faces.lsp.documents import MOST_FOLLOWED, Change, Documents, Edit, file_of
from tidemill.faces.lsp.limits import Limits
from tidemill.faces.lsp.positions import Positions

URI = "file:///somewhere/app.ts"
TEXTS = st.text("abä😀\r\n", max_size=20)
PLAIN = st.text("abä😀\n", max_size=20)


def opened(text: str, limits: Limits | None = None) -> Documents:
    documents = Documents(limits or Limits())
    documents.open(URI, language_id="typescript", version=1, text=text)
    return documents


def lengthened(change: Change) -> Change:
    """A change after which a text may be too long."""
    return Change(start=change.start, end=change.end, text=change.text * 60)


def place(text: str, number: int) -> tuple[int, int]:
    before = text[:number]
    line = before.rpartition("\n")[2]
    return before.count("\n"), len(line.encode("utf-16-le")) // 2


@given(PLAIN, st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20), PLAIN), max_size=6))
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
    assert found is not None
    assert len(found) == len(changes)


PLACES = st.tuples(st.integers(-1, 6), st.integers(-1, 12))
CHANGES = st.builds(Change, start=st.none() | PLACES, end=PLACES, text=TEXTS)
MOST = 1_024


def naive(text: bytes | None, change: Change) -> tuple[bytes | None, Edit | None]:
    """Make a change in the whole text, as the protocol says it."""
    old, new = text or b"", change.text.encode()
    low, high = 0, len(old)
    if change.start is not None and change.end is not None:
        if text is None:
            return None, None
        low, high = sorted(map(Positions(text).offset, (change.start, change.end)))
    whole = old[:low] + new + old[high:]
    return whole if len(whole) <= MOST else None, Edit(start=low, end=high, size=len(new))


@given(TEXTS, st.lists(CHANGES | CHANGES.map(lengthened), max_size=12))
def test_changes_of_one_message_count_one_after_the_other(text: str, changes: list[Change]) -> None:
    documents = opened(text, Limits(document_bytes=MOST))
    found = documents.change(URI, changes, 2)
    expected: bytes | None = text.encode()
    edits = []
    for change in changes:
        expected, edit = naive(expected, change)
        edits += [edit] if edit is not None else []
    document = documents.get(URI)
    assert document is not None
    assert (document.text, document.is_too_long) == (expected or b"", expected is None)
    assert found == edits


@pytest.mark.parametrize("is_backwards", [False, True])
def test_two_thousand_changes_of_a_long_file_do_not_read_it_each_time(
    monkeypatch: pytest.MonkeyPatch, *, is_backwards: bool
) -> None:
    lines = [f"const größe{number} = '😀' + a;" for number in range(20_000)]
    column = [len(line.encode("utf-16-le")) // 2 - 2 for line in lines]
    documents = opened("\r\n".join(lines))
    changed = range(0, 20_000, 10)
    changes = [
        Change(start=(number, column[number]), end=(number, column[number] + 1), text="ä\u2028b")
        for number in (reversed(changed) if is_backwards else changed)
    ]
    with monkeypatch.context() as patch:
        # Whoever reads lines anew from the whole text fails.
        patch.setattr(Positions, "offset", None)
        assert documents.change(URI, changes, 2) is None
    for number in changed:
        lines[number] = lines[number].replace("+ a", "+ ä\u2028b")
    document = documents.get(URI)
    assert document is not None
    assert document.text == "\r\n".join(lines).encode()
    assert document.positions.place(len(document.text)) == (19_999, column[-1] + 2)


def test_places_are_followed_through_so_many_changes_and_no_more() -> None:
    change = Change(start=(0, 0), end=(0, 0), text="a")
    documents = opened("")
    assert documents.change(URI, [change] * MOST_FOLLOWED, 2) is not None
    assert documents.change(URI, [change] * (MOST_FOLLOWED + 1), 3) is None


def test_more_changes_than_may_come_at_once_leave_a_text_that_nobody_knows(
    caplog: pytest.LogCaptureFixture,
) -> None:
    change = Change(start=(0, 0), end=(0, 0), text="a")
    documents = opened("old", Limits(changes=2))
    document = documents.get(URI)
    assert document is not None
    documents.change(URI, [change] * 2, 2)
    assert (document.text, caplog.messages) == (b"aaold", [])
    assert documents.change(URI, [change] * 3, 3) is None
    assert (document.text, document.is_too_long, document.version) == (b"", True, 3)
    (said,) = caplog.messages
    assert "3 changes came at once, and 2 are the most" in said
    assert URI in said
    documents.change(URI, [Change(start=None, end=None, text="new")], 4)
    assert document.text == b"new"


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
