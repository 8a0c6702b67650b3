from hypothesis import given
from hypothesis import strategies as st

from tidemill.serving.policies.lazy_heap import LazyHeap

KEYS = st.sampled_from("abcdef")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("place"), KEYS, st.integers(min_value=0, max_value=9)),
        st.tuples(st.just("drop"), KEYS, st.just(0)),
        st.tuples(st.just("lowest"), KEYS, st.just(0)),
    ),
    max_size=120,
)


@given(steps=STEPS)
def test_the_lowest_is_what_a_search_finds(steps: list[tuple[str, str, int]]) -> None:
    heap = LazyHeap()
    model: dict[str, tuple[float, float]] = {}
    for what, key, value in steps:
        if what == "place":
            heap.place(key, (value, 0))
            model[key] = (value, 0)
        elif what == "drop":
            heap.drop(key)
            model.pop(key, None)
        else:
            free = [(priority, name) for name, priority in model.items() if name != key]
            assert heap.lowest(lambda name, busy=key: name != busy) == (  # type: ignore[misc]
                min(free)[1] if free else None
            )
        everyone = [(priority, name) for name, priority in model.items()]
        assert heap.lowest() == (min(everyone)[1] if everyone else None)
        assert set(heap) == set(model)
        assert len(heap) == len(model)


def test_it_stays_as_small_as_what_it_holds() -> None:
    heap = LazyHeap()
    for number in range(10_000):
        heap.place("a", (-number, 0))
        heap.place(f"e{number}", (number, 0))
        heap.drop(f"e{number}")
    assert len(heap) == 1
    assert heap.priority("a") == (-9_999, 0)
    assert len(heap._entries) <= 20  # noqa: SLF001 - its size is not to be seen from outside
