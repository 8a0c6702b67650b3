"""Findings as SARIF 2.1.0, which code hosts and editors show beside the code.

Only what OASIS's standard asks for and what readers use: rules, results with their
place, with related places and the way of a value, fingerprints that outlive moved lines,
and notices of files that could not be looked at. Paths count from ``%SRCROOT%``, the
folder in which the command ran; where that is, the reader knows.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import quote

__all__ = ["Notice", "Place", "Result", "Rule", "escaped", "sarif_log"]

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
VERSION = "2.1.0"
BASE = "%SRCROOT%"
BASE_TEXT = "The folder in which the command ran."


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A kind of finding.

    Attributes:
        id: Its stable name.
        text: What it says of the code, in one sentence.
        level: How serious it is.
    """

    id: str
    text: str
    level: Literal["note", "warning", "error"] = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Lines of a file, or a part of them.

    Attributes:
        path: Absolute, or relative to the folder in which the command ran.
        line: First line, counted from 1.
        end_line: Last line.
        message: What is there; empty for nothing to say.
        columns: First column, and the one after the last, in characters from 1; None for
            whole lines.
    """

    path: str
    line: int
    end_line: int
    message: str = ""
    columns: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A finding.

    Attributes:
        rule: Id of its rule.
        message: What was found; ``[words](n)`` leads to the related place n, from 1.
        place: Where.
        related: What else belongs to it.
        steps: The way of a value, from where it comes to where it goes.
        fingerprints: Names that stay when lines move, each with its version.
        properties: Facts of our own.
        state: How it stands to a baseline; None without one.
    """

    rule: str
    message: str
    place: Place
    related: Sequence[Place] = ()
    steps: Sequence[Place] = ()
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, object] = field(default_factory=dict)
    state: Literal["new", "updated"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A file that could not be looked at.

    Attributes:
        path: The file.
        text: Why.
    """

    path: str
    text: str


def sarif_log(
    results: Iterable[Result],
    *,
    rules: Sequence[Rule],
    version: str,
    notices: Iterable[Notice] = (),
) -> dict[str, object]:
    """Return a log with one run, ready for JSON.

    Args:
        results: The findings.
        rules: All kinds there are, found or not.
        version: Of Tidemill.
        notices: What could not be looked at.
    """
    places = {rule.id: place for place, rule in enumerate(rules)}
    levels = {rule.id: rule.level for rule in rules}
    driver = {
        "name": "tidemill",
        "version": version,
        "rules": [
            {
                "id": rule.id,
                "shortDescription": {"text": rule.text},
                "defaultConfiguration": {"level": rule.level},
            }
            for rule in rules
        ],
    }
    told = [
        {
            "level": "warning",
            "message": {"text": escaped(notice.text)},
            "locations": [{"physicalLocation": {"artifactLocation": _artifact(notice.path)}}],
        }
        for notice in notices
    ]
    run = {
        "tool": {"driver": driver},
        "originalUriBaseIds": {BASE: {"description": {"text": BASE_TEXT}}},
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": told}],
        "columnKind": "unicodeCodePoints",
        "results": [
            {"ruleIndex": places[one.rule], "level": levels[one.rule], **_result(one)}
            for one in results
        ],
    }
    return {"$schema": SCHEMA, "version": VERSION, "runs": [run]}


def escaped(words: str) -> str:
    """Return words as they stand in a message, where brackets would make a link."""
    return words.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")


def _result(result: Result) -> dict[str, object]:
    further: dict[str, object] = {"baselineState": result.state} if result.state else {}
    if result.steps:
        ways = [{"location": _location(place)} for place in result.steps]
        further["codeFlows"] = [{"threadFlows": [{"locations": ways}]}]
    return {
        "ruleId": result.rule,
        "message": {"text": result.message},
        "locations": [_location(result.place)],
        "relatedLocations": [
            {"id": number, **_location(place)} for number, place in enumerate(result.related, 1)
        ],
        "partialFingerprints": dict(result.fingerprints),
        "properties": dict(result.properties),
        **further,
    }


def _location(place: Place) -> dict[str, object]:
    message = {"message": {"text": place.message}} if place.message else {}
    region = {"startLine": place.line, "endLine": place.end_line}
    if place.columns is not None:
        region |= {"startColumn": place.columns[0], "endColumn": place.columns[1]}
    return {
        "physicalLocation": {"artifactLocation": _artifact(place.path), "region": region},
        **message,
    }


def _artifact(path: str) -> dict[str, str]:
    whole = Path(path)
    # A name may be any bytes; `as_uri` and `quote` both write them out.
    if whole.is_absolute():
        return {"uri": whole.as_uri()}
    return {"uri": quote(os.fsencode(whole)), "uriBaseId": BASE}
