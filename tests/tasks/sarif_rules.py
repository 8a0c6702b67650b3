"""What SARIF 2.1.0 asks of a log, as far as we write one: checked by hand, without its schema."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

LEVELS = {"none", "note", "warning", "error"}
STATES = {"new", "unchanged", "updated", "absent"}
URI = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-F]{2})+")
LINK = re.compile(r"(?<!\\)\[(?:[^\]\[\\]|\\.)+\]\((\d+)\)")


def complaints(log: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with a log, one sentence each."""
    found: list[str] = []
    if log.get("version") != "2.1.0":
        found.append("the version is not 2.1.0")
    if not str(log.get("$schema", "")).endswith("sarif-schema-2.1.0.json"):
        found.append("the schema is not that of 2.1.0")
    if set(log) != {"$schema", "version", "runs"} or not isinstance(log["runs"], list):
        found.append("a log has a schema, a version and a list of runs")
    for run in log["runs"]:
        found += _of_run(run)
    return found


def _of_run(run: Mapping[str, Any]) -> Iterator[str]:
    rules = run["tool"]["driver"]["rules"]
    yield from _of_rules(rules)
    ids = [rule["id"] for rule in rules]
    for invocation in run["invocations"]:
        if not isinstance(invocation["executionSuccessful"], bool):
            yield "an invocation says whether it succeeded"
        for notice in invocation.get("toolExecutionNotifications", []):
            yield from _of_places(notice["locations"], run, needs_region=False)
    for result in run["results"]:
        yield from _of_result(result, ids, run)


def _of_rules(rules: list[Mapping[str, Any]]) -> Iterator[str]:
    if len({rule["id"] for rule in rules}) != len(rules):
        yield "rules have ids of their own"
    for rule in rules:
        if not rule["shortDescription"]["text"].endswith("."):
            yield f"{rule['id']}: a description is a sentence"
        if rule["defaultConfiguration"]["level"] not in LEVELS:
            yield f"{rule['id']}: an unknown level"


def _of_result(result: Mapping[str, Any], ids: list[str], run: Mapping[str, Any]) -> Iterator[str]:
    if ids[result["ruleIndex"]] != result["ruleId"]:
        yield "rule and index do not agree"
    if result["level"] not in LEVELS or result.get("baselineState", "new") not in STATES:
        yield "an unknown level or state"
    if len(result["locations"]) != 1:
        yield "a result has one place"
    related = [place["id"] for place in result["relatedLocations"]]
    if len(set(related)) != len(related):
        yield "related places have ids of their own"
    if not {int(number) for number in LINK.findall(result["message"]["text"])} <= set(related):
        yield "a message leads to a place that is not there"
    if not all(
        isinstance(value, str) and value for value in result["partialFingerprints"].values()
    ):
        yield "a fingerprint is a text"
    yield from _of_places([*result["locations"], *result["relatedLocations"]], run)


def _of_places(
    places: list[Mapping[str, Any]], run: Mapping[str, Any], *, needs_region: bool = True
) -> Iterator[str]:
    for place in places:
        physical = place["physicalLocation"]
        artifact = physical["artifactLocation"]
        if not URI.fullmatch(artifact["uri"]):
            yield f"{artifact['uri']!r} is no URI"
        base = artifact.get("uriBaseId")
        if artifact["uri"].startswith("file:///") == (base is not None):
            yield "a relative path counts from a base, an absolute one from none"
        if base is not None and base not in run["originalUriBaseIds"]:
            yield f"nobody says what {base} is"
        region = physical.get("region")
        if needs_region and not 1 <= region["startLine"] <= region["endLine"]:
            yield "lines count from 1 and rise"
