"""Which language a file is written in, and all languages that are understood."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from tidemill.source.languages.cfamily import CPP, C
from tidemill.source.languages.csharp import CSHARP
from tidemill.source.languages.ecmascript import JAVASCRIPT, TSX, TYPESCRIPT
from tidemill.source.languages.go import GO
from tidemill.source.languages.java import JAVA
from tidemill.source.languages.php import PHP
from tidemill.source.languages.python import PYTHON
from tidemill.source.languages.ruby import RUBY
from tidemill.source.tables import Language

__all__ = ["LANGUAGES", "Language", "language_of", "registry"]

SHEBANG = re.compile(
    rb"#![ \t]*(?:\S*/)?(?:env[ \t]+(?:-\S+[ \t]+|\w+=\S*[ \t]+)*(?:\S*/)?)?([A-Za-z][\w-]*)"
)
CPP_HEADER = re.compile(
    rb"^[ \t]*(?:"
    rb"(?:class|enum[ \t]+class)[ \t]+\w[^;\n]*(?:[{:]|$)"
    rb"|(?:inline[ \t]+)?namespace\b|template[ \t]*<|using[ \t]+[\w:]"
    rb"|(?:public|private|protected)[ \t]*:|(?:virtual|constexpr|explicit|friend)\b"
    rb"|\#[ \t]*include[ \t]*<\w+>"
    rb")",
    re.MULTILINE,
)
MARKUP = (b"<?xml", b"<!DOCTYPE")


def registry(*languages: Language) -> Mapping[str, Language]:
    """Return languages by name; the one seam through which a language comes in.

    Raises:
        ValueError: Two languages claim the same name, extension, file name or
            interpreter.
    """
    seen: dict[str, str] = {}
    for language in languages:
        claims = (*language.extensions, *language.filenames, *language.interpreters)
        for claim in (f"name {language.name}", *claims):
            if claim in seen:
                raise ValueError(f"{claim!r} is claimed by {seen[claim]} and {language.name}")
            seen[claim] = language.name
    return MappingProxyType({language.name: language for language in languages})


LANGUAGES = registry(
    PYTHON, JAVASCRIPT, TYPESCRIPT, TSX, JAVA, CSHARP, GO, RUBY, PHP, C, CPP
)  # fmt: skip

BY_EXTENSION = {end: language for language in LANGUAGES.values() for end in language.extensions}
BY_FILENAME = {name: language for language in LANGUAGES.values() for name in language.filenames}
BY_INTERPRETER = {
    name: language for language in LANGUAGES.values() for name in language.interpreters
}


def language_of(name: str, head: bytes = b"") -> Language | None:
    """Say which language a file is written in.

    Args:
        name: The file's name or path.
        head: Its first bytes (some thousands): tells C++ headers from C ones,
            finds ``#!`` lines, and keeps XML out that carries a code ending.

    Returns:
        The language, or None when the file is none of those understood.
    """
    base = re.split(r"[/\\]", name)[-1]
    if base in BY_FILENAME:
        return BY_FILENAME[base]
    stem, dot, ending = base.rpartition(".")
    language = BY_EXTENSION.get((dot + ending).lower()) if stem else None
    if language is None:
        return _by_shebang(head) if not stem else None
    if head.lstrip(b"\xef\xbb\xbf").startswith(MARKUP):
        return LANGUAGES["php"] if language is PHP else None
    if language is C and (ending in {"C", "H"} or _is_cpp_header(ending, head)):
        return CPP
    return language


def _by_shebang(head: bytes) -> Language | None:
    """Find the language of the interpreter in a ``#!`` line."""
    found = SHEBANG.match(head.split(b"\n", 1)[0][:200])
    if found is None:
        return None
    program = found[1].decode("ascii", "replace").rstrip("0123456789.-")
    return BY_INTERPRETER.get(program)


def _is_cpp_header(ending: str, head: bytes) -> bool:
    """Say whether a ``.h`` file holds what only C++ knows."""
    return ending.lower() == "h" and CPP_HEADER.search(head) is not None
