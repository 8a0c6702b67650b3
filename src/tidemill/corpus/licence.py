"""Which licences a corpus may hold, and what a package says of its own."""

import re
from collections.abc import Iterable
from collections.abc import Set as AbstractSet

__all__ = ["PERMISSIVE", "is_allowed", "said_in"]

PERMISSIVE = frozenset(
    {
        "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0", "HPND",
        "ISC", "MIT", "MIT-0", "PHP-3.01", "PSF-2.0", "Python-2.0", "Ruby", "Unlicense",
        "W3C", "X11", "Zlib", "ZPL-2.1",
    }
)  # fmt: skip
"""Licences that ask for their own text and a name, and for nothing else."""

_SPELLINGS = {
    r"mit|expat|mit license|the mit license(?: \(mit\))?|license :: osi approved :: mit license": "MIT",
    r"x11": "X11",
    r"apache[- ]?(?:license|software license)?,?[- ]?(?:version )?2(?:\.0)?|apache|asl 2\.0"
    r"|apache license|apache software license|apache 2\.0 license": "Apache-2.0",
    r"bsd[- ]?3(?:[- ]clause)?(?: license)?|new bsd(?: license)?|modified bsd(?: license)?|3-clause bsd"
    r"|bsd 3-clause (?:new|\"new\").*|bsd-3-clause|bsd|bsd license|bsd-like|bsd-style": "BSD-3-Clause",
    r"bsd[- ]?2(?:[- ]clause)?(?: license)?|simplified bsd|bsd-2-clause|freebsd": "BSD-2-Clause",
    r"isc(?: license)?(?: \(iscl\))?": "ISC",
    r"psf(?:-2(?:\.0)?)?|python software foundation license|psfl": "PSF-2.0",
    r"python-2\.0": "Python-2.0",
    r"zlib": "Zlib",
    r"unlicense|the unlicense.*|public[- ]domain": "Unlicense",
    r"cc0(?:[- ]1\.0)?(?:-universal)?": "CC0-1.0",
    r"ruby|ruby's": "Ruby",
    r"php-3\.0?1?": "PHP-3.01",
    r"zpl(?:[- ]2\.1)?|zope public license": "ZPL-2.1",
    r"hpnd": "HPND",
    r"0bsd": "0BSD",
    r"mit-0": "MIT-0",
    r"boost|bsl-1\.0": "BSL-1.0",
    r"w3c.*": "W3C",
    r"a?gpl.*|gnu.*|.*general public license.*|lgpl.*": "GPL",
    r"mpl.*|mozilla.*": "MPL-2.0",
    r"epl.*|eclipse.*": "EPL",
    r"cddl.*": "CDDL",
    r"artistic.*": "Artistic",
}  # fmt: skip
SPELLINGS = tuple((re.compile(words, re.IGNORECASE), name) for words, name in _SPELLINGS.items())
JOINT = re.compile(r"\s+(?:or|and)\s+|[/,;|]|\s*&\s*", re.IGNORECASE)
CLASSIFIER = re.compile(r"^Classifier: License :: (?:OSI Approved :: )?(.+)$", re.MULTILINE)
EXPRESSION = re.compile(r"^License-Expression: (.+)$", re.MULTILINE)
LICENCE = re.compile(r"^License: (.+)$", re.MULTILINE)
JSON_LICENCE = re.compile(r'"license"\s*:\s*(?:"([^"]+)"|\{[^}]*"type"\s*:\s*"([^"]+)")')
ALL_FILES = re.compile(r"^Files: *\*(?: [^\n]*)?\n(?:(?!\n\n).)*?^License: *([^\n]+)$", re.M | re.S)
PHRASES = (
    ("Apache-2.0", re.compile(r"Apache License,?\s+Version 2\.0", re.IGNORECASE)),
    ("GPL", re.compile(r"GNU (?:LESSER |LIBRARY |AFFERO )?GENERAL PUBLIC LICENSE", re.IGNORECASE)),
    ("EPL", re.compile(r"Eclipse (?:Public|Distribution) License", re.IGNORECASE)),
    ("MPL-2.0", re.compile(r"Mozilla Public License", re.IGNORECASE)),
    ("BSD-3-Clause", re.compile(r"Redistributions? (?:of|in) source.{0,1500}endorse", re.S)),
    ("BSD-2-Clause", re.compile(r"Redistributions? (?:of|in) source", re.IGNORECASE)),
    ("MIT", re.compile(r"Permission is hereby granted, free of charge", re.IGNORECASE)),
)


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
