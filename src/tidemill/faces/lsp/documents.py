"""The files that are open in an editor, as it shows them."""

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tidemill.core.errors import CapacityError, InputError
from tidemill.faces.lsp.drafts import Draft
from tidemill.faces.lsp.limits import Limits
from tidemill.faces.lsp.positions import Encoding, Place, Positions, encoded
from tidemill.source.annotations.finding import can_be_typed
from tidemill.source.language import LANGUAGES, Language, language_of

__all__ = ["Change", "Document", "Documents", "Edit", "file_of"]

_LOGGER = logging.getLogger("tidemill.lsp")

MOST_FOLLOWED = 100
"""Edits of one message through which places are followed; after more, looking anew costs less."""

LANGUAGE_IDS = {
    "javascript": "javascript",
    "javascriptreact": "javascript",
    "typescript": "typescript",
    "typescriptreact": "tsx",
}
"""What editors call the languages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What an editor says of an edit.

    Attributes:
        start: Where the old text begins; None where the whole text is new.
        end: Where it ends.
        text: What stands there now.
    """

    start: Place | None
    end: Place | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """Bytes that were replaced.

    Attributes:
        start: First byte of the old text.
        end: Byte after the last.
        size: Bytes of what stands there now.
    """

    start: int
    end: int
    size: int

    def moved(self, offset: int) -> int | None:
        """Return where a place is now, or None where what stood there has gone."""
        if offset <= self.start:
            return offset
        if offset < self.end:
            return None
        return offset + self.size - (self.end - self.start)


class Document:
    """An open file.

    Args:
        uri: Its name in the protocol.
        language: What it is written in; None where that has no types.
        version: Of the text, as the editor counts.
        text: UTF-8.
        encoding: What the editor's columns count.
        most_bytes: A longer text is not kept.

    Attributes:
        path: Where it is, or would be if it were saved.
    """

    def __init__(
        self,
        uri: str,
        *,
        language: Language | None,
        version: int,
        text: bytes,
        encoding: Encoding,
        most_bytes: int,
    ) -> None:
        self.uri = uri
        self.path: Path | None = file_of(uri)
        self.language = language
        self.version: int = version
        self._most = most_bytes
        self._encoding = encoding
        self._text: bytes | None = text if len(text) <= most_bytes else None
        self.positions: Positions = Positions(self._text or b"", encoding)

    @property
    def text(self) -> bytes:
        """Its text; empty where it is too long."""
        return self._text or b""

    @property
    def is_too_long(self) -> bool:
        """Whether it has more bytes than are looked at."""
        return self._text is None

    def apply(self, changes: Sequence[Change], version: int) -> list[Edit] | None:
        """Take over what the editor has changed.

        What is too long is not kept, so that only a whole new text brings it back.

        Args:
            changes: One after the other; each counts in the text that those before have left.
            version: Of the text after all of them.

        Returns:
            What was replaced; None where that was in too many places to follow.
        """
        edits: list[Edit] | None = [] if len(changes) <= MOST_FOLLOWED else None
        draft = Draft(self._text, self._encoding) if self._text is not None else None
        for change in changes:
            draft = self._changed(draft, change, edits)
        self._keep(draft.text if draft is not None else None, version)
        return edits

    def lose(self, version: int) -> None:
        """Keep its text no longer: nobody knows what it is."""
        self._keep(None, version)

    def _keep(self, text: bytes | None, version: int) -> None:
        self._text, self.version = text, version
        self.positions = Positions(self.text, self._encoding)

    def _changed(
        self, draft: Draft | None, change: Change, edits: list[Edit] | None
    ) -> Draft | None:
        """Return the text with a change in it, or None where it is not kept.

        Args:
            draft: The text; None where it is not known.
            change: The change.
            edits: Gets what was replaced, if that is followed.
        """
        new = encoded(change.text)
        if change.start is None or change.end is None:
            if edits is not None:
                edits.append(Edit(start=0, end=draft.size if draft else 0, size=len(new)))
            return Draft(new, self._encoding) if len(new) <= self._most else None
        if draft is None:
            return None
        first, last = sorted(map(draft.spot, (change.start, change.end)))
        gone = draft.between(first, last)
        if edits is not None:
            start = draft.offset(first)
            edits.append(Edit(start=start, end=start + gone, size=len(new)))
        if draft.size - gone + len(new) > self._most:
            return None
        draft.replace(first, last, new)
        return draft


class Documents:
    """The open files by their names.

    Args:
        limits: How many, and how long.
        encoding: What the editor's columns count.
    """

    def __init__(self, limits: Limits, encoding: Encoding = "utf-16") -> None:
        self._limits = limits
        self._open: dict[str, Document] = {}
        self.encoding: Encoding = encoding

    def __len__(self) -> int:
        return len(self._open)

    def get(self, uri: str) -> Document | None:
        """Return an open file, or None where nobody has opened it."""
        return self._open.get(uri)

    def all(self) -> tuple[Document, ...]:
        """Return the open files, in the order in which they were opened."""
        return tuple(self._open.values())

    def open(self, uri: str, *, language_id: str, version: int, text: str) -> Document:
        """Take a file that the editor shows.

        Args:
            uri: Its name.
            language_id: What the editor says it is written in.
            version: Of its text.
            text: As the editor shows it.

        Raises:
            CapacityError: Too many are open.
        """
        if uri not in self._open and len(self._open) >= self._limits.documents:
            raise CapacityError(
                f"{len(self._open):,} files are open, which is the most",
                hint="Close some; this one gets no types.",
            )
        document = Document(
            uri,
            language=_language(uri, language_id),
            version=version,
            text=encoded(text),
            encoding=self.encoding,
            most_bytes=self._limits.document_bytes,
        )
        self._open[uri] = document
        return document

    def change(self, uri: str, changes: Sequence[Change], version: int) -> list[Edit] | None:
        """Take over what the editor has changed in a file.

        Returns:
            What was replaced; None where that was in too many places to follow.

        Raises:
            InputError: Nobody has opened it.
        """
        document = self._open.get(uri)
        if document is None:
            raise InputError("changed, and was never opened", path=uri)
        if len(changes) <= self._limits.changes:
            return document.apply(changes, version)
        _LOGGER.warning(
            "%s: %s changes came at once, and %s are the most; it gets no types until it is "
            "opened again",
            uri,
            f"{len(changes):,}",
            f"{self._limits.changes:,}",
        )
        document.lose(version)
        return None

    def close(self, uri: str) -> Document | None:
        """Forget a file, and return it where it was open."""
        return self._open.pop(uri, None)


def file_of(uri: str) -> Path | None:
    """Return the file that a name means; None where it means none on this machine."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return None
    path = unquote(parts.path)
    if parts.scheme != "file" or parts.netloc not in {"", "localhost"} or "\0" in path:
        return None
    return Path(os.path.normpath(path)) if path.startswith("/") else None


def _language(uri: str, language_id: str) -> Language | None:
    """Return the language of a file: that of its ending, or else what the editor says."""
    known = language_of(unquote(uri))
    name = known.name if known is not None else LANGUAGE_IDS.get(language_id, "")
    return LANGUAGES[name] if can_be_typed(name) else None
