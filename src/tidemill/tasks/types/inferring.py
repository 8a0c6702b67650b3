"""Types for code without: declared > the compiler's > an expert's, checked > none."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from tidemill.core.clock import Clock, SystemClock
from tidemill.core.progress import Progress, Silence
from tidemill.core.settings import Settings, resolve
from tidemill.source.typescript.syntax.wording import says_any
from tidemill.tasks.types.asking import OpenSites, asked, open_sites
from tidemill.tasks.types.baseline import known_fingerprints
from tidemill.tasks.types.checker import Checker, SiteKey, is_checked
from tidemill.tasks.types.checking import Checking
from tidemill.tasks.types.compiling import found_compiler, opened
from tidemill.tasks.types.members import invoked_members
from tidemill.tasks.types.offer import Offer
from tidemill.tasks.types.outcome import Outcome, unchecked_outcome
from tidemill.tasks.types.project import Project, read_project
from tidemill.tasks.types.report import TypesReport
from tidemill.tasks.types.rules import TypeRules
from tidemill.tasks.types.showing import shown
from tidemill.tasks.types.source import TypeSource

__all__ = ["types_of"]


def types_of(  # noqa: PLR0913  whoever is told or asked is passed in
    paths: Iterable[str | Path],
    *,
    source: TypeSource,
    rules: TypeRules | None = None,
    settings: Settings | None = None,
    progress: Progress | None = None,
    clock: Clock | None = None,
    cwd: Path | None = None,
) -> TypesReport:
    """Find types for the parameters, results, variables and fields that have none.

    What its author or the compiler says of a site is never asked for. What is offered has every
    member that is invoked on it, and, where a compiler checks, causes no objection that was not
    there before. Nothing is written.

    Args:
        paths: Files and folders.
        source: Who guesses.
        rules: What is asked for.
        settings: Limits of reading, and where the compiler is; by default those in force.
        progress: Told how far each step is.
        clock: Where the time comes from.
        cwd: Where relative paths count from, in and out; by default the working folder.

    Raises:
        InputError: No paths were given, one does not exist, or the baseline is no report.
        MissingToolError: A check is demanded, and there is no compiler.
        CapacityError: The compiler took too long, or ran out of memory.
    """
    rules = rules or TypeRules()
    settings = settings or resolve().settings
    progress = progress or Silence()
    clock = clock or SystemClock()
    began = clock.monotonic()
    cwd = (cwd or Path.cwd()).resolve()
    known = known_fingerprints(cwd / rules.baseline) if rules.baseline else frozenset()
    project = read_project(paths, settings=settings, progress=progress, cwd=cwd)
    found = found_compiler(project.root, settings, rules)
    with ExitStack() as stack:
        checker = None
        if found.compiler is not None and project.files:
            service, root = opened(found.compiler, project, rules)
            checker = Checker(stack.enter_context(service), root, project.files)
        sites = open_sites(project, rules, checker)
        offers = asked(source, project, sites.asked, least=rules.min_confidence)
        time = _Time(clock, rules.seconds)
        outcome = _outcome(checker, project, offers, time=time, progress=progress)
        if checker is not None:
            outcome.derived = _derived(checker, project, sites, outcome)
    return shown(
        project,
        sites,
        outcome,
        known=known,
        source=source.name,
        compiler=found.compiler.version if found.compiler else "",
        unchecked=found.reason,
        seconds=clock.monotonic() - began,
    )


def _outcome(
    checker: Checker | None,
    project: Project,
    offers: Mapping[SiteKey, tuple[Offer, ...]],
    *,
    time: "_Time",
    progress: Progress,
) -> Outcome:
    if checker is None:
        return unchecked_outcome(project, offers)
    return _checked(checker, project, offers, time=time, progress=progress)


class _Time:
    """How long something may still take."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._end = clock.monotonic() + seconds

    def left(self) -> float:
        return self._end - self._clock.monotonic()


def _checked(
    checker: Checker,
    project: Project,
    offers: Mapping[SiteKey, tuple[Offer, ...]],
    *,
    time: _Time,
    progress: Progress,
) -> Outcome:
    """Check parameters and fields first: what they make known need not be written besides."""
    blind = {number for number, file in enumerate(project.files) if not is_checked(file)}
    able = {key: own for key, own in offers.items() if key[0] not in blind}
    total = len(able)
    checking = Checking(
        checker,
        project.files,
        invoked=_invoked(project, able),
        seconds_left=time.left,
        told=lambda done: progress.advance(min(done, total), total, "checked"),
    )
    outer = {key: own for key, own in able.items() if _kind(project, key) in {"parameter", "field"}}
    checking.run(outer)
    inner = [key for key in able if key not in outer]
    answers = _answers(checker, project, inner)
    checking.run({key: able[key] for key in inner if _is_open(answers[key])}, done=len(outer))
    objections = checking.confirm()
    rest = unchecked_outcome(project, {key: offers[key] for key in offers if key[0] in blind})
    return Outcome(
        standing=checking.standing,
        unverified=rest.unverified,
        refused=checking.refused | rest.refused,
        texts=checking.texts() | rest.texts,
        checking=(checker.checking_before, checker.checking),
        objections=tuple(one.text for one in objections),
    )


def _derived(
    checker: Checker, project: Project, sites: OpenSites, outcome: Outcome
) -> dict[SiteKey, str]:
    """Return the sites whose types the compiler infers from what stands elsewhere."""
    rest = [
        key for key in sites.open if key not in outcome.standing and key not in outcome.unverified
    ]
    answers = _answers(checker, project, rest)
    return {key: text for key, text in answers.items() if text is not None and not says_any(text)}


def _answers(
    checker: Checker, project: Project, keys: Sequence[SiteKey]
) -> dict[SiteKey, str | None]:
    by_file: dict[int, list[int]] = {}
    for number, place in keys:
        by_file.setdefault(number, []).append(place)
    return {
        (number, place): answer
        for number, places in by_file.items()
        for place, answer in zip(
            places,
            checker.types(number, [project.files[number].sites[place] for place in places]),
            strict=True,
        )
    }


def _is_open(answer: str | None) -> bool:
    return answer is None or says_any(answer)


def _kind(project: Project, key: SiteKey) -> str:
    return project.files[key[0]].sites[key[1]].kind


def _invoked(
    project: Project, offers: Mapping[SiteKey, tuple[Offer, ...]]
) -> dict[SiteKey, frozenset[str]]:
    numbers = {number for number, _ in offers}
    return {
        (number, place): names
        for number in sorted(numbers)
        for place, names in invoked_members(project.files[number]).items()
    }
