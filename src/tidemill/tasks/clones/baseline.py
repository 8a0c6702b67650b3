"""An earlier report: what it has is not news."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from pathlib import Path

from tidemill.core.errors import InputError
from tidemill.tasks.clones.report import CloneClass

__all__ = ["MEMBERS_PROPERTY", "Baseline", "read_baseline"]

MEMBERS_PROPERTY = "tidemillMembers"
"""Under this name SARIF results keep the fingerprints of their members."""


class Baseline:
    """The clone classes of an earlier report, by the fingerprints of their members.

    Args:
        classes: The members of each class.
    """

    def __init__(self, classes: Iterable[AbstractSet[str]]) -> None:
        self._classes = list(classes)
        self._holders: dict[str, list[int]] = {}
        for number, members in enumerate(self._classes):
            for member in members:
                self._holders.setdefault(member, []).append(number)

    def news_of(self, found: CloneClass) -> CloneClass | None:
        """Return the class with its new members marked; None when it has none.

        A member is known when a class of the baseline holds it together with another
        member of this class. So neither moved lines nor edited functions are news, nor
        that two classes became one.
        """
        company = {member.fingerprint for member in found.members}
        members = tuple(
            replace(member, is_new=not self._knows(member.fingerprint, company))
            for member in found.members
        )
        return replace(found, members=members) if any(one.is_new for one in members) else None

    def _knows(self, member: str, company: AbstractSet[str]) -> bool:
        others = company - {member}
        return any(
            not others.isdisjoint(self._classes[number]) for number in self._holders.get(member, ())
        )


def read_baseline(path: Path) -> Baseline:
    """Read an earlier report.

    Args:
        path: JSON or SARIF, as `tidemill clones` writes them.

    Raises:
        InputError: The file cannot be read, or is neither.
    """
    try:
        document = json.loads(path.read_bytes())
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=str(path)) from error
    except (ValueError, RecursionError) as error:
        raise _not_a_report(path, f"it is not JSON: {error}") from error
    try:
        return Baseline(_classes_of(document))
    except (KeyError, TypeError, AttributeError) as error:
        raise _not_a_report(path, f"{type(error).__name__}: {error}") from error


def _not_a_report(path: Path, reason: str) -> InputError:
    return InputError(
        f"not a report of clones: {reason}",
        path=str(path),
        hint="make one: tidemill clones PATH --json --output FILE",
    )


def _classes_of(document: Mapping[str, object]) -> Iterator[frozenset[str]]:
    """Yield the fingerprints of each class of a report; fail where it is none."""
    if "runs" not in document:
        for one in _listed(document["classes"]):
            yield frozenset(str(member["fingerprint"]) for member in _listed(one["members"]))
        return
    for run in _listed(document["runs"]):
        for result in _listed(run["results"]):
            properties = result["properties"]
            if not isinstance(properties, Mapping):
                raise TypeError("properties are no object")
            yield frozenset(map(str, _strings(properties[MEMBERS_PROPERTY])))


def _listed(value: object) -> Sequence[Mapping[str, object]]:
    if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
        raise TypeError("a list of objects is expected")
    return value


def _strings(value: object) -> Sequence[object]:
    if not isinstance(value, list):
        raise TypeError("a list is expected")
    return value
