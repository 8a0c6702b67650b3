"""What is measured of a model while it trains."""

from collections.abc import Sequence

import pytest
import torch

from tests.corpus.typed.making import labelled
from tests.models.typed.small import FORGETFUL, LEXICON, vocabulary
from tests.training.typed.small import INFERRED, MILL, NARROW, rows
from tidemill.models.seq2seq.batch import SourceBatch, source_batch
from tidemill.models.seq2seq.config import Seq2SeqConfig
from tidemill.models.seq2seq.model import Seq2Seq
from tidemill.models.typed.inference import AskedFile, Inferred, Reading, TypeInference
from tidemill.training.typed import measuring
from tidemill.training.typed.measuring import asked_files, judged_types, type_measure
from tidemill.training.typed.reading import TypedShape, answered_windows, learnt_files
from tidemill.training.typed.remembering import remembered, seen_in

READING = Reading(window=48, facts=24, most_sites=4, most_tokens=96, hypotheses=2, longest=6)


class Oracle:
    """Answers with the types that it is told, site by site."""

    def __init__(self, answers: Sequence[Sequence[str]]) -> None:
        self.answers = answers
        self.asked: list[AskedFile] = []

    def infer(self, model: Seq2Seq, files: Sequence[AskedFile]) -> list[list[Inferred]]:
        del model
        self.asked += files
        return [
            [
                Inferred(site=mark.site, texts=(text,) if text else (), scores=(-0.5,))
                for mark, text in zip(file.document.marks, own, strict=True)
            ]
            for file, own in zip(files, self.answers, strict=True)
        ]


@pytest.fixture
def network() -> Seq2Seq:
    config = Seq2SeqConfig(
        vocab_size=vocabulary().size,
        **NARROW,
        bos_token_id=1,
        eos_token_id=2,
        decoder_start_token_id=1,
        max_tokens=96,
        max_target_tokens=32,
    )
    return Seq2Seq(config, torch.Generator().manual_seed(1)).eval()


def measured(network: Seq2Seq, text: str, *answers: str) -> dict[str, float]:
    return type_measure(network, (Oracle([answers]), FORGETFUL), [labelled(text)], 0)  # type: ignore[arg-type]  # all that is asked of it


TEXT = "let a: Array<string>, b: Promise<void>, c: number, d: A | B"


@pytest.mark.parametrize(
    ("answers", "exact", "heads"),
    [
        (("string[]", "Promise<void>", "number", "B | A"), 1.0, 1.0),
        (("number[]", "Promise<string>", "string", "A"), 0.0, 0.5),
        (("", "", "number", ""), 0.25, 0.25),
    ],
)
def test_types_are_compared_in_normal_form_and_by_their_heads(
    network: Seq2Seq, answers: tuple[str, ...], exact: float, heads: float
) -> None:
    assert measured(network, TEXT, *answers) == {"exact": exact, "head": heads}


def test_what_is_not_answered_has_no_score(network: Seq2Seq) -> None:
    oracle = Oracle([["", "Promise<void>", "", ""]])
    judged = judged_types(network, (oracle, FORGETFUL), [labelled(TEXT)], 0)  # type: ignore[arg-type]
    assert [one.score for one in judged] == [None, -0.5, None, None]
    assert [one.exact for one in judged] == [False, True, False, False]


def test_only_what_authors_wrote_is_asked_for() -> None:
    row = labelled(MILL, inferred=INFERRED)
    ((asked, wanted),) = asked_files([row], FORGETFUL)
    assert len(wanted) == sum(site.user for site in row.sites) == len(row.sites) - 1
    assert {mark.site for mark in asked.document.marks} == {*wanted} == {*asked.places}
    starts = {site.start for site in row.sites if site.user}
    assert {*asked.places.values()} == starts


def test_what_is_asked_is_read_as_it_was_learnt(
    network: Seq2Seq, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tidemill.training.typed.remembering.LEAST_PLACES", 2)
    shown: list[list[int]] = []
    memory = remembered(seen_in([row]) for row in rows()).memory

    def noted(texts: Sequence[Sequence[int]], config: Seq2SeqConfig) -> SourceBatch:
        shown.extend([*text] for text in texts)
        return source_batch(texts, config)

    monkeypatch.setattr("tidemill.models.typed.inference.source_batch", noted)
    shape = TypedShape(window=48, facts=24, most_tokens=96, most_sites=4, most_answer=64)
    inference = TypeInference(vocabulary(), LEXICON, shape.reading)
    judged_types(network, (inference, memory), rows(), 0)
    # All that these files have was written by their authors: the same is asked and learnt.
    learnt = [
        ids.tolist()
        for row in rows()
        for _, file in learnt_files([row], memory, seed=0)
        for ids, answer in answered_windows(file, vocabulary(), shape)
        if answer[0] in vocabulary().sentinels
    ]
    assert len(learnt) > 6
    assert sorted(shown) == sorted(learnt)


def test_a_part_of_many_files_is_drawn_by_the_seed(
    network: Seq2Seq, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "MOST_FILES", 2)
    drawn = []
    for seed in range(6):
        oracle = Oracle([[""] * 4] * 2)
        files = [labelled(TEXT + f", e{n} = 1", path=f"{n}.ts") for n in range(9)]
        judged_types(network, (oracle, FORGETFUL), files, seed)  # type: ignore[arg-type]
        drawn.append([file.document.words[-3] for file in oracle.asked])
    assert len({tuple(names) for names in drawn}) > 1
    assert all(names == sorted(names) and len({*names}) == 2 for names in drawn)


def test_nothing_written_is_no_measure(network: Seq2Seq) -> None:
    assert type_measure(network, (Oracle([]), FORGETFUL), [], 0) == {}  # type: ignore[arg-type]
    assert measured(network, "let a = 1") == {}


def test_a_model_that_knows_nothing_is_measured(network: Seq2Seq) -> None:
    tools = (TypeInference(vocabulary(), LEXICON, READING), FORGETFUL)
    found = type_measure(network, tools, rows(), 0)
    assert {*found} == {"exact", "head"}
    assert all(0 <= value <= 1 for value in found.values())
    assert found == type_measure(network, tools, rows(), 0)
