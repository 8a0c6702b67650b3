"""Which licences a corpus may hold, and what a package says of its own."""

import re
from collections.abc import Iterable
from collections.abc import Set as AbstractSet

__all__ = ["PERMISSIVE", "is_allowed", "names_in", "said_in"]

PERMISSIVE = frozenset(
    {
        "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0", "HPND",
        "ISC", "MIT", "MIT-0", "PHP-3.01", "PSF-2.0", "Python-2.0", "Ruby", "Unlicense",
        "W3C", "X11", "Zlib", "ZPL-2.1",
    }
)  # fmt: skip
"""Licences that ask for their own text and a name, and for nothing else."""

SPELLINGS = tuple(
    (re.compile(words, re.IGNORECASE | re.VERBOSE), name)
    for name, words in {
        "MIT": r"(?:the[ ])?mit(?:[ ]licen[sc]e)?(?:[ ]\(mit\))? | expat",
        "X11": r"x11",
        "Apache-2.0": r"apache(?:[ ]software)?(?:[- ]licen[sc]e)?,?"
        r"(?:[- ]?(?:version[ ])?2(?:\.0)?)?(?:[ ]licen[sc]e)? | asl[ ]2\.0",
        "BSD-3-Clause": r"bsd(?:[- ]?3)?(?:[- ]clause)?(?:[ ]licen[sc]e)?"
        r"| (?:new|modified)[ ]bsd.* | 3-clause[ ]bsd.* | bsd[ ]3-clause.* | bsd-(?:like|style)",
        "BSD-2-Clause": r"bsd[- ]?2(?:[- ]clause)?(?:[ ]licen[sc]e)?"
        r"| simplified[ ]bsd.* | freebsd",
        "ISC": r"isc(?:[ ]licen[sc]e)?(?:[ ]\(iscl\))?",
        "PSF-2.0": r"psf(?:-2(?:\.0)?)? | psfl | python[ ]software[ ]foundation[ ]licen[sc]e",
        "Python-2.0": r"python-2\.0",
        "Zlib": r"zlib",
        "Unlicense": r"(?:the[ ])?unlicense.* | public[- ]domain",
        "CC0-1.0": r"cc0(?:[- ]1\.0)?(?:-universal)?",
        "Ruby": r"ruby(?:'s)?",
        "PHP-3.01": r"php-3\.0?1?",
        "ZPL-2.1": r"zpl(?:[- ]2\.1)? | zope[ ]public[ ]licen[sc]e",
        "HPND": r"hpnd",
        "0BSD": r"0bsd",
        "MIT-0": r"mit-0",
        "BSL-1.0": r"boost | bsl-1\.0",
        "W3C": r"w3c.*",
        "GPL": r"[al]?gpl.* | gnu.* | .*general[ ]public[ ]licen[sc]e.*",
        "MPL-2.0": r"mpl.* | mozilla.*",
        "EPL": r"epl.* | eclipse.*",
        "CDDL": r"cddl.*",
        "Artistic": r"artistic.*",
    }.items()
)
"""How people write licences. Those that ask for more are known too, so that they are noticed."""

JOINT = re.compile(r"\s+(?:or|and)\s+|[/,;|]|\s*&\s*", re.IGNORECASE)
CLASSIFIER = re.compile(r"^Classifier: License :: (?:OSI Approved :: )?(.+)$", re.MULTILINE)
EXPRESSION = re.compile(r"^License-Expression: (.+)$", re.MULTILINE)
LICENCE = re.compile(r"^License: (.+)$", re.MULTILINE)
JSON_LICENCE = re.compile(r'"license"\s*:\s*(?:"([^"]+)"|\{[^}]*"type"\s*:\s*"([^"]+)")')
ALL_FILES = re.compile(
    r"^Files: *\*(?: [^\n]*)?\n(?:(?!\n\n).)*?^License: *([^\n]+)$", re.MULTILINE | re.DOTALL
)
PHRASES = tuple(
    (name, re.compile(words, re.IGNORECASE | re.DOTALL))
    for name, words in (
        ("Apache-2.0", r"Apache License,?\s+Version 2\.0"),
        ("GPL", r"GNU (?:LESSER |LIBRARY |AFFERO )?GENERAL PUBLIC LICENSE"),
        ("EPL", r"Eclipse (?:Public|Distribution) License"),
        ("MPL-2.0", r"Mozilla Public License"),
        ("BSD-3-Clause", r"Redistributions? (?:of|in) source.{0,1500}endorse"),
        ("BSD-2-Clause", r"Redistributions? (?:of|in) source"),
        ("MIT", r"Permission is hereby granted, free of charge"),
    )
)
"""What stands in a licence's own text; the first that is found decides."""


def is_allowed(expression: str, allowed: AbstractSet[str]) -> bool:
    """Say whether an SPDX expression lets a package in.

    Args:
        expression: One licence, or several joined by ``OR`` (one is enough) or by
            ``AND`` (all are needed); ``AND`` binds tighter.
        allowed: Names of licences.
    """
    choices = re.split(r"\s+OR\s+", expression.strip("() "))
    return any(
        all(part.strip("() ") in allowed for part in re.split(r"\s+AND\s+", choice))
        for choice in choices
    )


def names_in(expression: str) -> frozenset[str]:
    """Return the licences that an SPDX expression names."""
    return frozenset(part.strip("() ") for part in re.split(r"\s+(?:OR|AND)\s+", expression))


def said_in(path: str, text: str) -> frozenset[str]:
    """Return the licences that a package's own metadata names.

    Args:
        path: Where the text stands: ``METADATA``, ``package.json``, a Debian
            ``copyright``, or a licence's own text.
        text: What it says.

    Returns:
        SPDX names as far as the words are known; empty when nothing can be said.
    """
    if path.endswith("METADATA"):
        found = EXPRESSION.findall(text) or CLASSIFIER.findall(text) or LICENCE.findall(text)
        return _named(found)
    if path.endswith("package.json"):
        return _named("".join(groups) for groups in JSON_LICENCE.findall(text)[:1])
    if path.endswith("copyright") and (found := ALL_FILES.findall(text)):
        return _named(found)
    return frozenset([next((name for name, words in PHRASES if words.search(text)), "")]) - {""}


def _named(words: Iterable[str]) -> frozenset[str]:
    parts = (part.strip("() ") for word in words for part in JOINT.split(word))
    return frozenset(
        name for part in parts for pattern, name in SPELLINGS if pattern.fullmatch(part)
    )
