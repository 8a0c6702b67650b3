"""Stars over links: every point is near the middle, and nobody is left out."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from tidemill.tasks.clones.stars import Star, linked, stars


def star_of(middle: int, *points: int, is_whole: bool = True) -> Star:
    return Star(middle=middle, points=points, is_whole=is_whole)


def test_the_heaviest_star_comes_first() -> None:
    links = linked([(0, 1, 0.9), (1, 2, 0.9), (1, 3, 0.9), (3, 4, 0.8), (4, 5, 0.8)])
    assert stars([1] * 6, links) == [star_of(1, 0, 2, 3), star_of(4, 5)]


def test_a_chain_is_cut() -> None:
    links = linked([(at, at + 1, 0.9) for at in range(8)])
    found = stars([1] * 9, links)
    assert max(len(star.points) for star in found) == 2


def test_copies_weigh() -> None:
    links = linked([(0, 1, 0.9), (1, 2, 0.9), (2, 3, 0.9)])
    assert stars([1, 1, 1, 5], links)[0] == star_of(2, 1, 3)


def test_copies_without_neighbours_are_a_star_of_their_own() -> None:
    assert stars([3, 1, 2], {}) == [star_of(0), star_of(2)]


def test_who_is_left_over_stands_beside_the_most_similar() -> None:
    # 1 and 4 are taken by heavier stars; 2 has no one else.
    pairs = [(0, 1, 0.9), (0, 7, 0.9), (0, 8, 0.9), (1, 2, 0.8), (2, 4, 0.7)]
    links = linked([*pairs, (3, 4, 0.9), (3, 5, 0.9), (3, 6, 0.9)])
    found = stars([1] * 9, links)
    assert found == [star_of(0, 1, 7, 8), star_of(3, 4, 5, 6), star_of(1, 2, is_whole=False)]


def test_of_equal_stars_the_smaller_middle_comes_first() -> None:
    assert stars([1, 1], linked([(1, 0, 0.9)])) == [star_of(0, 1)]


@given(
    st.lists(st.tuples(st.integers(0, 14), st.integers(0, 14), st.integers(1, 9)), max_size=40),
    st.lists(st.integers(1, 3), min_size=15, max_size=15),
)
def test_what_always_holds(pairs: list[tuple[int, int, int]], weights: list[int]) -> None:
    links = linked((left, right, size / 10) for left, right, size in pairs if left != right)
    found = stars(weights, links)
    assert found == stars(weights, {node: links[node] for node in sorted(links, reverse=True)})
    for star in found:
        assert set(star.points) <= set(links.get(star.middle, ()))
        assert star.points or weights[star.middle] > 1
    # A leftover's star lends its middle; all else is in exactly one star.
    places = Counter(node for star in found for node in star.points)
    places.update(star.middle for star in found if star.is_whole)
    wanted = {node for node, weight in enumerate(weights) if weight > 1 or links.get(node)}
    assert set(places) == wanted
    assert set(places.values()) <= {1}
