"""What is kept of a file for clones: the normal forms of its functions, packed."""

import json
import sys
import zlib
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from tidemill.source.lines import LineTable
from tidemill.source.normalised import Normaliser
from tidemill.source.parsing import SyntaxTree
from tidemill.source.units import Unit, units_of
from tidemill.tasks.clones.rules import FEWEST_TOKENS

__all__ = ["FileForms", "Fragment", "Vocabulary", "pack_forms", "unpack_forms"]

COMPRESSION = 1
HEAD_BYTES = 4
COLUMNS = (
    "kind",
    "name",
    "namesake",
    "start",
    "end",
    "line",
    "end_line",
    "parent",
    "tokens",
    "exact",
    "renamed",
)
"""What a row of the header holds of a `Fragment`, before the number of its codes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragment:
    """A function that clones are looked for among.

    Attributes:
        path: Its file, absolute.
        language: Its language.
        kind: ``function`` or ``method``.
        name: Its qualified name.
        namesake: How many of that name stand before it in the file.
        start: First byte in the decoded file.
        end: The byte after its last.
        line: First line, counted from 1.
        end_line: Last line.
        parent: Place of the function around it among the fragments of the file.
        tokens: How many it has.
        exact: Hash of its tokens as they stand.
        renamed: Hash of its normal form.
        codes: Its normal form, by the numbers of a vocabulary.
    """

    path: str
    language: str
    kind: str
    name: str
    namesake: int
    start: int
    end: int
    line: int
    end_line: int
    parent: int | None
    tokens: int
    exact: str
    renamed: str
    codes: "array[int]"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileForms:
    """The functions of one file.

    Attributes:
        path: The file, absolute.
        key: Hash of its content, after what else shapes its forms.
        lines: Lines of the file.
        functions: How many functions it has, small ones too.
        fragments: Those with enough tokens to be copies, in order of their place.
    """

    path: str
    key: str
    lines: int
    functions: int
    fragments: tuple[Fragment, ...]


@dataclass(slots=True)
class Vocabulary:
    """Numbers codes, the same code with the same number wherever it comes from."""

    numbers: dict[str, int] = field(default_factory=dict)

    def numbered(self, codes: Sequence[str]) -> list[int]:
        """Return the number of each code; an unknown one gets the next."""
        numbers = self.numbers
        return [numbers.setdefault(code, len(numbers)) for code in codes]


def pack_forms(tree: SyntaxTree) -> bytes:
    """Make all that clones need of a parsed file, without its path.

    Layout, compressed: bytes of the header, the header (JSON), and for each fragment
    its codes as numbers of four bytes, which count in the header's vocabulary.
    """
    units = units_of(tree)
    vocabulary = Vocabulary()
    codes = array("I")
    rows = list(_rows(tree, units, vocabulary, codes))
    header = {
        "language": tree.language.name,
        "lines": tree.text.count(b"\n") + (not tree.text.endswith(b"\n")),
        "functions": len(units) - 1,
        "rows": rows,
        "vocabulary": list(vocabulary.numbers),
    }
    head = json.dumps(header, separators=(",", ":")).encode()
    if sys.byteorder == "big":
        codes.byteswap()
    whole = len(head).to_bytes(HEAD_BYTES, "little") + head + codes.tobytes()
    return zlib.compress(whole, COMPRESSION)


def _rows(
    tree: SyntaxTree, units: Sequence[Unit], vocabulary: Vocabulary, codes: "array[int]"
) -> Iterator[tuple[object, ...]]:
    """Yield the row of each function that is large enough, and append its codes."""
    normaliser = Normaliser(tree, units)
    table = LineTable(tree.text)
    places: dict[int | None, int] = {}
    names: Counter[str] = Counter()
    for number, unit in enumerate(units):
        form = normaliser.form(unit) if unit.kind != "module" else None
        if form is None or form.tokens < FEWEST_TOKENS:
            continue
        # What is around a function has its tokens too, so it is there already.
        parent = places.get(unit.parent)
        places[number] = len(places)
        names[unit.qualified_name] += 1
        codes.extend(vocabulary.numbered(form.codes))
        yield (
            unit.kind,
            unit.qualified_name,
            names[unit.qualified_name] - 1,
            unit.start,
            unit.end,
            table.line(unit.start),
            table.line(unit.end - 1),
            parent,
            form.tokens,
            form.exact,
            form.renamed,
            len(form.codes),
        )


def unpack_forms(packed: bytes, path: str, *, key: str, vocabulary: Vocabulary) -> FileForms:
    """Return what was packed.

    Args:
        packed: By `pack_forms`.
        path: Where the file is.
        key: As in `FileForms.key`.
        vocabulary: Numbers the codes of all files alike.

    Raises:
        ValueError: The bytes are damaged.
    """
    try:
        whole = zlib.decompress(packed)
        first = HEAD_BYTES + int.from_bytes(whole[:HEAD_BYTES], "little")
        header = json.loads(whole[HEAD_BYTES:first])
        codes = array("I", whole[first:])
        if sys.byteorder == "big":
            codes.byteswap()
        numbers = vocabulary.numbered(header["vocabulary"])
        fragments = tuple(_fragments(header, array("I", map(numbers.__getitem__, codes)), path))
        return FileForms(
            path=path,
            key=key,
            lines=header["lines"],
            functions=header["functions"],
            fragments=fragments,
        )
    except (zlib.error, KeyError, TypeError, IndexError) as error:
        raise ValueError(f"damaged forms: {error}") from error


def _fragments(header: dict[str, Any], codes: "array[int]", path: str) -> Iterator[Fragment]:
    """Yield the fragments of a header, each with its part of the codes."""
    first = 0
    for *facts, length in header["rows"]:
        own = codes[first : first + length]
        first += length
        row = dict(zip(COLUMNS, facts, strict=True))
        yield Fragment(path=path, language=header["language"], codes=own, **row)
