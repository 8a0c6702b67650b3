"""Beam search: the most probable texts, among those that begin probably.

A hypothesis is as good as its probability: nothing is added for its length. So a score only
falls as a hypothesis grows, and search ends where nothing can get better any more.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from tidemill.core.errors import SettingError
from tidemill.models.seq2seq.batch import SourceBatch
from tidemill.models.seq2seq.candidates import Candidates
from tidemill.models.seq2seq.constraint import Constraint
from tidemill.models.seq2seq.following import Following
from tidemill.models.seq2seq.hypothesis import Hypothesis, Path
from tidemill.models.seq2seq.model import Seq2Seq

__all__ = ["MOST_BEAMS", "beam"]

MOST_BEAMS = 64
"""Hypotheses that are followed for one input."""


def beam(  # noqa: PLR0913  all but network and batch by name
    network: Seq2Seq,
    batch: SourceBatch,
    *,
    beams: int = 4,
    answers: int = 1,
    constraints: Sequence[Constraint[Any] | None] | None = None,
    prompts: Sequence[Sequence[int]] | None = None,
    most_tokens: int | None = None,
    whole: bool = False,
) -> list[tuple[Hypothesis, ...]]:
    """Write the most probable texts for each input.

    Equal to Hugging Face's ``generate`` with ``length_penalty=0`` (its default, 1, divides the
    score of a hypothesis by its length).

    Args:
        network: Is asked; without dropout.
        batch: The inputs.
        beams: Hypotheses that are followed for each.
        answers: That are wanted for each; fewer end the search earlier.
        constraints: What may be written, one a text, or None for those without.
        prompts: What each text begins with, by default one text for each input; otherwise as
            many for each, side by side and of equal length.
        most_tokens: That may be written for each; by default as many as the config allows.
        whole: Whether a text that has not come to its end by then is no answer.

    Returns:
        For each text, in the order of the inputs, up to ``answers`` hypotheses without what
        they began with, the most probable first; fewer where constraints allow no more.

    Raises:
        InputError: A constraint allows nothing or tokens that are not there, or there are not
            as many as texts; or prompts do not fit the inputs.
        SettingError: A number is out of range.
    """
    if not 1 <= answers <= beams <= MOST_BEAMS:
        raise SettingError(
            f"{answers} answers of {beams} beams; there are 1 to {MOST_BEAMS} beams, and no more"
            " answers than beams"
        )
    with torch.inference_mode():
        following = Following(network, batch, constraints, prompts=prompts, most_tokens=most_tokens)
        end = network.config.eos_token_id
        searches = [
            _Search([path], beams, answers, whole=whole, owner=number // following.width)
            for number, path in enumerate(following.first)
        ]
        layout = searches
        for length in range(1, following.most_tokens + 1):
            if not layout:
                break
            layout = _step(following, layout, end=end, is_last=length == following.most_tokens)
    return [search.answers() for search in searches]


class _Search:
    """What is followed and what is finished for one text.

    Attributes:
        running: Paths that go on, the best first.
        parents: Which of the rows before each of them was, counted within the text.
        owner: Number of the input.
    """

    def __init__(
        self, running: list[Path], beams: int, wanted: int, *, whole: bool, owner: int
    ) -> None:
        self.running = running
        self.owner = owner
        self.parents: list[int] = []
        self.beams = beams
        self._wanted = wanted
        self._whole = whole
        self._finished: list[Path] = []

    @property
    def is_over(self) -> bool:
        """Whether what runs cannot become better than what is wanted of what is finished."""
        if not self.running:
            return True
        if len(self._finished) < self._wanted:
            return False
        return self._finished[self._wanted - 1].score >= self.running[0].score

    def take(self, grown: Sequence[tuple[int, Path]], *, is_last: bool) -> None:
        """Go on with the best of some paths, and put aside those that are done.

        Args:
            grown: Which row each came from, and the path; the best first.
            is_last: Whether none may go on.
        """
        is_cut = is_last and not self._whole
        ended = [path for _, path in grown[: self.beams] if path.is_done or is_cut]
        self._finished = sorted(self._finished + ended, key=lambda path: -path.score)[: self.beams]
        going = [] if is_last else [pair for pair in grown if not pair[1].is_done][: self.beams]
        self.parents = [row for row, _ in going]
        self.running = [path for _, path in going]

    def answers(self) -> tuple[Hypothesis, ...]:
        """Return the best of what is finished."""
        return tuple(path.hypothesis() for path in self._finished[: self._wanted])


def _step(
    following: Following, layout: Sequence[_Search], *, end: int, is_last: bool
) -> list[_Search]:
    """Add a token to what runs, for all texts at once, and return what goes on.

    Args:
        following: Follows the paths of the layout.
        layout: As many texts for each input; where one has fewer, one stands there again.
        end: The token that ends every path.
        is_last: Whether none may go on.
    """
    width = max(len(search.running) for search in layout)
    paths = [path for search in layout for path in _filled(search.running, width)]
    found = following.candidates(paths)
    totals = found.log_probabilities.view(len(layout), width, -1) + _scores(layout, width, found)
    grown = _best(found, totals, most=2 * layout[0].beams)
    places: dict[_Search, int] = {}
    for place, (search, choices) in enumerate(zip(layout, grown, strict=True)):
        if search in places:
            continue
        places[search] = place
        search.take(
            [
                (row, search.running[row].extended(token, own, end=end))
                for row, token, own in choices
            ],
            is_last=is_last,
        )
    return _followed(following, places, width)


def _filled(paths: Sequence[Path], width: int) -> list[Path]:
    """Repeat the first path until there are as many as of other inputs."""
    return [*paths, *[paths[0]] * (width - len(paths))]


def _scores(
    live: Sequence[_Search], width: int, found: Candidates
) -> Float[Tensor, "inputs width 1"]:
    """Return the paths' scores; of repeated ones, -inf."""
    nothing = [float("-inf")] * width
    scores = [([path.score for path in search.running] + nothing)[:width] for search in live]
    return torch.tensor(scores, device=found.log_probabilities.device)[..., None]


def _best(
    found: Candidates, totals: Float[Tensor, "inputs width choices"], *, most: int
) -> list[list[tuple[int, int, float]]]:
    """Return the best choices of each input, as rows within it, tokens and log-probabilities."""
    inputs, width, choices = totals.shape
    flat = totals.view(inputs, -1)
    best = flat.topk(min(most, flat.shape[1]), dim=1)
    within, choice = best.indices // choices, best.indices % choices
    rows = within + torch.arange(inputs, device=within.device)[:, None] * width
    tokens = found.tokens_at(rows, choice).tolist()
    own = found.log_probabilities[rows, choice].tolist()
    there = best.values.isfinite().tolist()
    return [
        [entry[:3] for entry in zip(*parts, strict=True) if entry[3]]
        for parts in zip(within.tolist(), tokens, own, there, strict=True)
    ]


def _followed(following: Following, places: Mapping[_Search, int], width: int) -> list[_Search]:
    """Let the decoder follow what runs now, as many for each input, and return the new layout."""
    by_owner: dict[int, list[_Search]] = {}
    for search in places:
        if not search.is_over:
            by_owner.setdefault(search.owner, []).append(search)
    slots = max(map(len, by_owner.values()), default=0)
    layout = [
        search
        for searches in by_owner.values()
        for search in (*searches, *[searches[0]] * (slots - len(searches)))
    ]
    most = max((len(search.running) for search in layout), default=0)
    rows = [
        places[search] * width + row
        for search in layout
        for row in (search.parents + [search.parents[0]] * most)[:most]
    ]
    if rows:
        following.select(rows)
    return layout
