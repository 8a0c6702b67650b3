"""Who answers: whoever is named; else whom a rule leaves; else whom a routing expert names.

An explicit name always wins, and costs nothing. Where there is none, what is known of the request
(its task, its language) may leave a single expert. Only then is a routing expert asked: an expert
like any other, so that its answer is a hop of a chain, with its times and its reasons.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tidemill.core.errors import ExpertError
from tidemill.experts.package import ExpertPackage
from tidemill.serving.answer import Request, Why
from tidemill.serving.decision import Decision
from tidemill.serving.node import THE_NAMED, Node

__all__ = ["AUTO", "Router"]

AUTO: Final = "auto"
"""The name that stands for whoever the router chooses."""

ROUTING: Final = "routing"

CODE_ALONE: Final = "clones"
"""The task whose experts read no queries."""

READS: Final = {"query": "words", "code": "marks"}
"""How a router reads what it is asked about."""


class Router:
    """Chooses among a node's experts.

    Args:
        node: The experts.
        defaults: Whom each task asks where nothing decides, the first that is there.
    """

    def __init__(self, node: Node, defaults: Mapping[str, Sequence[str]]) -> None:
        self._node = node
        self._defaults = defaults

    def chosen(
        self, name: str, *, task: str | None = None, language: str | None = None, kind: str
    ) -> tuple[tuple[str, ...], Why]:
        """Return whom a request asks, one after the other, and why the first.

        Args:
            name: An expert's, or the word ``auto``.
            task: What is wanted; by default search.
            language: Of the code that the request has or is about, if that is known.
            kind: ``query`` or ``code``.

        Raises:
            ExpertError: There is nobody for this.
        """
        if name != AUTO:
            return (name,), Why(reason="asked for by name")
        task = task or "search"
        able = self._able(task, language)
        if not able:
            about = f" in {language}" if language else ""
            raise ExpertError(f"there is no expert on {task}{about}")
        default = self._default(task, able)
        if len(able) == 1:
            return (default,), Why(reason=f"rule: the only expert on {_said(task, language)}")
        guide = self._guide(task, language, kind)
        if guide is not None:
            return (guide.name, THE_NAMED), Why(reason=f"rule: it knows the experts on {task}")
        runner_up = next(one for one in able if one != default)
        return (default,), Why(
            reason=f"rule: the first of {len(able)} on {_said(task, language)}",
            runner_up=runner_up,
        )

    async def explained(
        self, text: str, *, task: str | None = None, language: str | None = None
    ) -> dict[str, object]:
        """Return which expert would answer a text, and why.

        Args:
            text: A query; for clones, a function.
            task: As in `chosen`.
            language: As in `chosen`.

        Raises:
            ExpertError: There is nobody for this.
            CapacityError: The routing expert could not be asked.
        """
        kind = "code" if task == CODE_ALONE else "query"
        experts, why = self.chosen(AUTO, task=task, language=language, kind=kind)
        if len(experts) == 1:
            return _facts(experts[0], why, hops=[])
        request = Request(operation="route", items=(text,), experts=experts[:1], why=why)
        answer = await self._node.ask(request)
        (decision,) = answer.values
        if not isinstance(decision, Decision):
            raise ExpertError(f"{experts[0]} names nobody")
        name, reason = self._node.named(decision)
        return _facts(name, reason, hops=[hop.to_dict() for hop in answer.hops])

    def _able(self, task: str, language: str | None) -> list[str]:
        """Return who is for a task and knows a language, those that name it before others."""
        packages = [
            package
            for package in self._node.catalog.packages.values()
            if package.manifest.task == task and _knows(package, language)
        ]
        if language and any(package.manifest.languages for package in packages):
            packages = [package for package in packages if package.manifest.languages]
        return [package.name for package in packages]

    def _default(self, task: str, able: Sequence[str]) -> str:
        preferred = [name for name in self._defaults.get(task, ()) if name in able]
        return preferred[0] if preferred else able[0]

    def _guide(self, task: str, language: str | None, kind: str) -> ExpertPackage | None:
        """Return the routing expert that knows a task's experts, if there is one.

        Queries are told apart by words. Of code, what a router can tell is its language, so where
        that is known there is nothing to ask.
        """
        if kind == "code" and language:
            return None
        reads = READS[kind]
        packages = self._node.catalog.packages.values()
        guides = [
            package
            for package in packages
            if package.manifest.task == ROUTING and _knows(package, language)
        ]
        known = (one for one in guides if one.config.get("answers") == task)
        return next((one for one in known if one.config.get("reads") == reads), None)


def _knows(package: ExpertPackage, language: str | None) -> bool:
    languages = package.manifest.languages
    return language is None or not languages or language in languages


def _said(task: str, language: str | None) -> str:
    return f"{task} of {language}" if language else task


def _facts(name: str, why: Why, *, hops: list[Any]) -> dict[str, object]:
    return {
        "expert": name,
        "why": why.reason,
        "runner_up": why.runner_up or None,
        "confidence": why.confidence,
        "hops": hops,
    }
