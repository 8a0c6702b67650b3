"""Types are tried together, and what causes an objection steps back, until none is left.

Each phase tries a group of sites on top of what holds, and ends when the compiler objects to
nothing new in their files; what holds there stands when nothing new is found in any other file
either. Of a large program the sites of some files come before those of others, so that something
stands whenever time is over. Sites that were suspected beside others have another turn, in ever
smaller company.
Ours; JoernTI checks members alone.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import groupby

from tidemill.tasks.types.blame import Blame, blamed
from tidemill.tasks.types.checker import Checker, Objection, SiteKey
from tidemill.tasks.types.ladder import Ladder
from tidemill.tasks.types.offer import Offer
from tidemill.tasks.types.project import ProjectFile
from tidemill.tasks.types.writing import Written, written

__all__ = ["Checking"]

MOST_ROUNDS = 16
"""Of a phase; then whatever is near an objection steps back at once."""

LAST_ROUNDS = 4
SMALL = 8
"""Groups of no more sites are tried together."""

MOST_TOGETHER = 2048
"""Sites that a group begins with at most, unless one file has more: every round checks the files
of all of them."""

OUT_OF_TIME = "there was no time left to check it"


class Checking:
    """Decides which types stand.

    Args:
        checker: The program.
        files: Its files, in the checker's order.
        invoked: What is invoked on the values of sites.
        seconds_left: How long it may still take; nothing is begun when that is over.
        told: Told how many sites have been settled, whenever that changes.
    """

    def __init__(
        self,
        checker: Checker,
        files: Sequence[ProjectFile],
        *,
        invoked: Mapping[SiteKey, frozenset[str]],
        seconds_left: Callable[[], float],
        told: Callable[[int], None],
    ) -> None:
        self._checker = checker
        self._files = files
        self._invoked = invoked
        self._seconds_left = seconds_left
        self._told = told
        self._changed: set[str] = set()
        self._held: dict[SiteKey, Offer] = {}
        self._made: dict[int, tuple[dict[int, Offer], Written]] = {}
        self._asked: set[tuple[SiteKey, Offer]] = set()
        self._last = 0
        self._said = 0
        self.standing: dict[SiteKey, Offer] = {}
        self.refused: dict[SiteKey, tuple[Offer, str]] = {}

    def run(self, offers: Mapping[SiteKey, Sequence[Offer]], *, done: int = 0) -> None:
        """Let what can be written stand; what cannot is noted with what speaks against it.

        Args:
            offers: Best first, by site.
            done: How many sites were settled before.
        """
        ladder = Ladder(offers)
        groups = _by_files([key for key in offers if key in ladder])
        self._last = done + len(offers)
        while groups and self._seconds_left() > 0:
            groups = self._turn(groups, ladder)
        for key in (key for group in groups for key in group):
            ladder.doubt(key, OUT_OF_TIME)
        self.refused |= ladder.refused
        self._write({})

    def _turn(self, groups: list[list[SiteKey]], ladder: Ladder) -> list[list[SiteKey]]:
        """Try groups one after the other in their own files, then what holds in all files.

        Returns:
            Those who may have another turn.
        """
        while groups and self._seconds_left() > 0:
            # The largest first: the fewer stepped back together, the likelier one was at fault.
            groups.sort(key=len)
            if len(groups[-1]) <= SMALL:
                groups = [[key for group in groups for key in group]]
            tried, doubted = self._phase(groups.pop(), ladder, is_deep=False)
            self._held |= tried
            groups += doubted
            # What holds in its own file is half done.
            self._tell(self._last - sum(map(len, groups)) - len(self._held) // 2)
        held, self._held = self._held, {}
        tried, doubted = self._phase(list(held), ladder, is_deep=True)
        for key, offer in tried.items():
            self.standing[key] = offer
            ladder.settle(key)
        groups += doubted
        self._tell(self._last - sum(map(len, groups)))
        return groups

    def _tell(self, done: int) -> None:
        """Say how many sites are done; that some are doubted again does not take that back."""
        self._said = max(self._said, done)
        self._told(self._said)

    def confirm(self) -> list[Objection]:
        """Look at the whole program once more; what is still objected to takes its files along.

        Returns:
            What could not be helped: nothing, unless a file that is not ours is at fault.
        """
        for turn in range(LAST_ROUNDS):
            objections = self._of_all(suspected=self.standing)
            if not objections:
                return []
            is_late = turn >= LAST_ROUNDS // 2
            guilty = {} if is_late else _at(objections, self.standing)
            guilty = guilty or _around(objections, self.standing)
            if not guilty:
                break
            for key, text in guilty.items():
                self.refused[key] = (self.standing.pop(key), text)
        return self._of_all() and self._emptied()

    def _of_all(self, *, suspected: Collection[SiteKey] = ()) -> list[Objection]:
        self._write({})
        found = self._checker.objections(self._changed, depth="all", suspected=suspected)
        self._changed.clear()
        return found

    def _emptied(self) -> list[Objection]:
        text = "the files as a whole were objected to"
        self.refused |= {key: (offer, text) for key, offer in self.standing.items()}
        self.standing.clear()
        return self._of_all()

    def _phase(
        self, group: Sequence[SiteKey], ladder: Ladder, *, is_deep: bool
    ) -> tuple[dict[SiteKey, Offer], list[list[SiteKey]]]:
        """Try some sites on top of what stands.

        Args:
            group: Whom.
            ladder: What they offer.
            is_deep: Whether to look at the files, too, that hang on those that have changed.

        Returns:
            Those that hold, and those that stepped back, in the groups in which they did.
        """
        tried = {key: ladder.top(key) for key in group}
        groups: list[list[SiteKey]] = []
        seen: Counter[tuple[str, int, int]] = Counter()
        turn = late = 0
        while tried and late < LAST_ROUNDS:
            is_late = turn >= MOST_ROUNDS or self._seconds_left() <= 0
            turn, late = turn + 1, late + is_late
            self._hold_to_members(tried, ladder)
            if not tried:
                break
            objections = self._objections(tried, is_deep=is_deep)
            if not objections:
                return tried, [one for one in groups if one]
            if is_late:
                blame = _near(objections, tried)
            else:
                blame = blamed(objections, tried, seen, held=self._held)
            groups.append(self._step_back(tried, ladder, blame))
        return {}, [one for one in (*groups, list(tried)) if one]

    def _step_back(
        self, tried: dict[SiteKey, Offer], ladder: Ladder, blame: Blame
    ) -> list[SiteKey]:
        """Take back what is blamed; return who may have another turn."""
        for key, reason in blame.guilty.items():
            self._held.pop(key, None)
            tried.pop(key, None)
            if ladder.step(key, reason):
                tried[key] = ladder.top(key)
        for key, reason in blame.doubtful.items():
            ladder.doubt(key, reason)
            self._held.pop(key, None)
            tried.pop(key, None)
        return list(blame.doubtful)

    def _hold_to_members(self, tried: dict[SiteKey, Offer], ladder: Ladder) -> None:
        """Step back from types that lack what is invoked on their values."""
        while True:
            open_keys = [
                key
                for key, offer in tried.items()
                if key in self._invoked and (key, offer) not in self._asked
            ]
            if not open_keys:
                return
            self._write(tried)
            guilty: dict[SiteKey, str] = {}
            for key, members in self._members(open_keys):
                self._asked.add((key, tried[key]))
                missing = sorted(self._invoked[key] - members) if members is not None else []
                if missing:
                    text = tried[key].type.text
                    guilty[key] = f"{missing[0]} is invoked, which {text} does not have"
            self._step_back(tried, ladder, Blame(guilty=guilty))

    def _members(self, keys: Collection[SiteKey]) -> list[tuple[SiteKey, frozenset[str] | None]]:
        by_file: defaultdict[int, list[SiteKey]] = defaultdict(list)
        for key in keys:
            by_file[key[0]].append(key)
        found: list[tuple[SiteKey, frozenset[str] | None]] = []
        for number, own in by_file.items():
            places = [self._files[number].sites[site].place.start for _, site in own]
            found += zip(own, self._checker.members(number, places), strict=True)
        return found

    def _objections(self, tried: Mapping[SiteKey, Offer], *, is_deep: bool) -> list[Objection]:
        self._write(tried)
        found = self._checker.objections(
            self._changed,
            depth="hanging" if is_deep else "own",
            suspected={*tried, *self._held},
        )
        self._changed.clear()
        return found

    def _write(self, tried: Mapping[SiteKey, Offer]) -> None:
        self._changed.update(self._checker.write(self.texts(tried)))

    def texts(self, tried: Mapping[SiteKey, Offer] | None = None) -> dict[int, Written]:
        """Return the files with what stands, and with what is tried besides.

        Args:
            tried: On top of what stands.
        """
        offers: defaultdict[int, dict[int, Offer]] = defaultdict(dict)
        for (number, site), offer in {**self.standing, **self._held, **(tried or {})}.items():
            offers[number][site] = offer
        for number, own in offers.items():
            if number not in self._made or self._made[number][0] != own:
                self._made[number] = (own, written(self._files[number], own))
        return {number: self._made[number][1] for number in offers}


def _by_files(keys: Sequence[SiteKey]) -> list[list[SiteKey]]:
    """Part sites into groups of whole files."""
    groups: list[list[SiteKey]] = [[]]
    for _, own in groupby(sorted(keys), lambda key: key[0]):
        sites = [*own]
        if groups[-1] and len(groups[-1]) + len(sites) > MOST_TOGETHER:
            groups.append([])
        groups[-1] += sites
    return groups


def _near(objections: Sequence[Objection], tried: Mapping[SiteKey, Offer]) -> Blame:
    """Doubt everything in the files that objections have to do with, or else everything."""
    everything = dict.fromkeys(tried, objections[0].text)
    return Blame(doubtful=_around(objections, tried) or everything)


def _at(objections: Sequence[Objection], tried: Mapping[SiteKey, Offer]) -> dict[SiteKey, str]:
    """Return the sites on whose types objections hang, each with one of them."""
    found: dict[SiteKey, str] = {}
    for one in objections:
        for key in (*one.exact, *one.near):
            if key in tried:
                found.setdefault(key, one.text)
    return found


def _around(objections: Sequence[Objection], tried: Mapping[SiteKey, Offer]) -> dict[SiteKey, str]:
    """Return the sites in all files that objections have to do with, each with one of them."""
    texts: dict[int | None, str] = {}
    for one in objections:
        for file in (one.file, *(key[0] for key in (*one.exact, *one.near, *one.far))):
            texts.setdefault(file, one.text)
    return {key: texts[key[0]] for key in tried if key[0] in texts}
