"""The places for connections."""

from hypothesis import given
from hypothesis import strategies as st

from tidemill.faces.http.places import Places


class Visitor:
    """A connection that notes when it must go."""

    def __init__(self) -> None:
        self.went = False

    def give_way(self) -> None:
        self.went = True


def test_whoever_has_waited_longest_gives_way() -> None:
    places = Places(2)
    first, second, third = Visitor(), Visitor(), Visitor()
    assert places.admit(first)
    assert places.admit(second)
    assert places.admit(third)
    assert [visitor.went for visitor in (first, second, third)] == [True, False, False]
    assert len(places) == 2


def test_nobody_gives_way_at_work() -> None:
    places = Places(1)
    worker, comer = Visitor(), Visitor()
    assert places.admit(worker)
    places.begins_work(worker)
    assert not places.admit(comer)
    assert not worker.went
    places.begins_to_wait(worker)
    assert places.admit(comer)
    assert worker.went


def test_who_leaves_makes_room_and_has_time() -> None:
    places = Places(1)
    first, second, third = Visitor(), Visitor(), Visitor()
    for visitor in (first, second, third):
        assert places.admit(visitor)
        places.begins_work(visitor)
        # As many as there are places may take their time; the others go at once.
        assert places.begins_to_leave(visitor) is (visitor is first)
    places.left(first)
    assert places.begins_to_leave(second)


def test_who_was_never_let_in_cannot_wait() -> None:
    places = Places(1)
    inside, outside = Visitor(), Visitor()
    assert places.admit(inside)
    places.begins_work(inside)
    assert not places.admit(outside)
    places.begins_to_wait(outside)
    assert not places.admit(Visitor())
    assert not outside.went


@given(st.integers(1, 4), st.lists(st.tuples(st.integers(0, 4), st.integers(0, 7))))
def test_there_are_never_more_than_places(most: int, steps: list[tuple[int, int]]) -> None:
    places = Places(most)
    visitors = [Visitor() for _ in range(8)]
    working: set[int] = set()
    for step, who in steps:
        visitor = visitors[who]
        if step == 0 and who not in working:
            visitor.went = False
            places.admit(visitor)
        elif step == 1 and not visitor.went:
            places.begins_work(visitor)
            working.add(who)
        elif step == 2:
            places.begins_to_wait(visitor)
            working.discard(who)
        elif step == 3:
            places.begins_to_leave(visitor)
            working.discard(who)
        elif step == 4:
            places.left(visitor)
            working.discard(who)
        assert len(places) <= most
        assert not any(visitors[busy].went for busy in working)
