import json

import pytest

from tests.faces.http.fleet.reports import report
from tidemill.core.errors import InputError
from tidemill.faces.http.fleet.knowledge import (
    FIRST_CALL_SECONDS,
    CallSeconds,
    NodeKnowledge,
    read_report,
)


@pytest.fixture
def known() -> NodeKnowledge:
    return NodeKnowledge("a")


def there(known: NodeKnowledge) -> bool:
    return known.is_there


def test_a_report_is_read(known: NodeKnowledge) -> None:
    known.note_report(read_report(report("hot", waiting=3, workers=2)))
    view = known.view({"hot": 0.004})
    assert (view.name, view.is_there, view.resident) == ("a", True, frozenset({"hot"}))
    assert (view.waiting, view.workers, view.load_seconds) == (3, 2, {"hot": 0.004})
    assert known.report.load_seconds == {"hot": pytest.approx(0.004)}


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b'{"experts": 1}', report("hot").replace(b'"waiting": 0}', b'"x": 0}')],
)
def test_what_is_no_report_is_refused(body: bytes) -> None:
    with pytest.raises(InputError, match="does not say what it has"):
        read_report(body)


def test_a_node_is_there_once_it_has_said_something(known: NodeKnowledge) -> None:
    assert not there(known)
    known.note_report(read_report(report()))
    assert there(known)


def test_one_late_answer_is_forgiven_and_two_are_not(known: NodeKnowledge) -> None:
    known.note_report(read_report(report()))
    known.note_silence(2.0)
    assert there(known)
    known.note_silence(2.0)
    assert not there(known)
    known.note_report(read_report(report()))
    known.note_silence(2.0)
    assert there(known)


def test_a_connection_that_breaks_or_is_refused_counts_at_once(known: NodeKnowledge) -> None:
    known.note_report(read_report(report()))
    known.note_broken()
    assert not there(known)
    assert not known.is_refused
    known.note_report(read_report(report()))
    known.note_silence(0.0, is_refused=True)
    assert not there(known)
    assert known.is_refused


def test_silence_adds_up_until_it_says_something(known: NodeKnowledge) -> None:
    known.note_report(read_report(report()))
    known.note_silence(2.0)
    known.note_silence(0.5)
    assert known.silent_seconds == 2.5
    known.note_report(read_report(report()))
    assert known.silent_seconds == 0
    known.note_silence(2.0)
    known.note_begun()
    assert known.silent_seconds == 0


def test_who_has_no_time_to_say_how_it_is_lives(known: NodeKnowledge) -> None:
    known.note_report(read_report(report("hot")))
    known.note_silence(2.0)
    known.note_silence(2.0)
    known.note_alive()
    assert (there(known), known.silent_seconds) == (True, 0)
    assert known.view({}).resident == {"hot"}


def test_what_was_sent_waits_and_makes_its_expert_resident(known: NodeKnowledge) -> None:
    known.note_report(read_report(report("hot")))
    with known.asked("new"), known.asked("new"), known.asked(""):
        assert known.view({}).resident == {"hot", "new"}
        assert known.view({}).waiting == known.under_way == 3
    assert known.view({}).resident == {"hot"}
    assert known.view({}).waiting == 0


def test_calls_of_others_are_added_and_ours_are_not_counted_twice(known: NodeKnowledge) -> None:
    with known.asked("hot"), known.asked("hot"):
        known.note_report(read_report(report("hot", waiting=5)))
        assert known.view({}).waiting == 5
        known.note_report(read_report(report("hot", waiting=1)))
        assert known.view({}).waiting == 2


def test_a_new_server_has_nothing(known: NodeKnowledge) -> None:
    known.note_report(read_report(report("hot", waiting=5)))
    known.note_begun()
    assert not there(known)
    assert known.view({}).resident == frozenset()
    assert known.view({}).waiting == 0


def test_a_call_takes_its_share_of_what_was_waited() -> None:
    alone, behind = CallSeconds(), CallSeconds()
    for _ in range(200):
        alone.add(0.02, ahead=0, workers=2)
        behind.add(0.2, ahead=19, workers=2)
    assert alone.average == pytest.approx(0.02, rel=1e-3)
    assert behind.average == pytest.approx(0.02, rel=1e-3)
    assert CallSeconds().average == FIRST_CALL_SECONDS


def test_reports_are_made_as_servers_write_them() -> None:
    assert {"tiers", "experts", "workers", "waiting"} == set(json.loads(report()))
