"""What is open in a program, and what a source of types says of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tidemill.source.typescript.syntax.anchors import documented, self_typed
from tidemill.source.typescript.syntax.wording import says_any
from tidemill.tasks.types.checker import Checker, SiteKey
from tidemill.tasks.types.exports import Exports
from tidemill.tasks.types.naming import Namer
from tidemill.tasks.types.offer import Offer, offers_of
from tidemill.tasks.types.project import Project
from tidemill.tasks.types.report import State
from tidemill.tasks.types.rules import TypeRules
from tidemill.tasks.types.source import Candidate, TypeQuestion, TypeSource
from tidemill.tasks.types.specifiers import style_of

__all__ = ["OpenSites", "asked", "open_sites"]


@dataclass(slots=True, kw_only=True)
class OpenSites:
    """The sites of a program by what is known of them.

    Attributes:
        settled: Those whose type is known already, and from whom.
        open: The others.
        asked: Those of them whose type a source is asked for.
    """

    settled: dict[SiteKey, State] = field(default_factory=dict)
    open: list[SiteKey] = field(default_factory=list)
    asked: list[SiteKey] = field(default_factory=list)


def open_sites(project: Project, rules: TypeRules, checker: Checker | None) -> OpenSites:
    """Find the sites whose type neither the author nor the compiler knows.

    Without a compiler, what is given a value on the spot is left alone: that most often says it.

    Args:
        project: The program.
        rules: What is asked for.
        checker: The compiler, if there is one.
    """
    found = OpenSites()
    for number, file in enumerate(project.files):
        said = documented(file.tree, file.sites) if file.is_script else frozenset()
        holders = self_typed(file.tree, file.sites)
        inferred = checker.types(number, file.sites) if checker else [None] * len(file.sites)
        for place, (site, answer) in enumerate(zip(file.sites, inferred, strict=True)):
            key = (number, place)
            is_open = answer is None or says_any(answer)
            if site.annotation is not None or place in said:
                found.settled[key] = "declared"
            elif site.kind not in rules.kinds:
                continue
            elif not is_open or (checker is None and site.initialised):
                found.settled[key] = "known"
            else:
                found.open.append(key)
                if place not in holders:
                    found.asked.append(key)
    return found


def asked(
    source: TypeSource,
    project: Project,
    keys: Sequence[SiteKey],
    *,
    least: float,
) -> dict[SiteKey, tuple[Offer, ...]]:
    """Ask a source for types; return what of its answers could be written.

    Args:
        source: Who is asked.
        project: The program.
        keys: For which sites.
        least: Confidence that a type has at least.
    """
    wanted: dict[int, list[int]] = {}
    for number, place in keys:
        wanted.setdefault(number, []).append(place)
    exports = Exports(project.files)
    namers = _Namers(project, exports)
    questions = [_question(project, one, own, exports) for one, own in wanted.items()]
    offers: dict[SiteKey, tuple[Offer, ...]] = {}
    for number, answers in zip(wanted, source.candidates(questions), strict=True):
        offers |= _offers(project, number, answers, namers, least=least)
    return {key: own for key, own in offers.items() if own}


def _question(
    project: Project, number: int, wanted: Sequence[int], exports: Exports
) -> TypeQuestion:
    file = project.files[number]
    return TypeQuestion(
        path=file.name,
        tree=file.tree,
        sites=file.sites,
        wanted=wanted,
        names=file.type_names,
        importable=exports.names_for(file),
    )


def _offers(
    project: Project,
    number: int,
    answers: Mapping[int, Sequence[Candidate]],
    namers: "_Namers",
    *,
    least: float,
) -> dict[SiteKey, tuple[Offer, ...]]:
    file, namer = project.files[number], namers.of(number)
    return {
        (number, place): offers_of(
            [one for one in candidates if one.confidence >= least], file.sites[place], file, namer
        )
        for place, candidates in answers.items()
        if 0 <= place < len(file.sites)
    }


class _Namers:
    """Makes a namer for each file: files that import nothing write endings as most others do."""

    def __init__(self, project: Project, exports: Exports) -> None:
        self._project = project
        self._exports = exports
        self._styles = [style_of(file) for file in project.files]
        told = [style for style in self._styles if style is not None]
        self._usual = max(sorted(set(told)), key=told.count) if told else "none"

    def of(self, number: int) -> Namer:
        style = self._styles[number] or self._usual
        return Namer(self._project.files[number], self._exports, style)
