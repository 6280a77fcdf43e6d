"""The measure of growth itself: it passes what grows with the size and finds what grows with its square."""

from collections.abc import Callable
from itertools import product

import pytest

from tests.unit.content.growth import assert_grows_with_the_size


def in_proportion(size: int) -> Callable[[], object]:
    return lambda: sum(range(200 * size))


def sorting(size: int) -> Callable[[], object]:
    scattered = [number * 7919 % 104_729 for number in range(20 * size)]
    return lambda: sorted(scattered)


def squared(size: int) -> Callable[[], object]:
    return lambda: sum(1 for _ in product(range(size), repeat=2))


def partly_squared(size: int) -> Callable[[], object]:
    """Of the large size nearly all work is squared, of the small one not even a half."""
    return lambda: (in_proportion(size)(), squared(size // 2)())


@pytest.mark.parametrize("work", [in_proportion, sorting])
def test_what_grows_with_the_size_passes(work: Callable[[int], Callable[[], object]]) -> None:
    assert_grows_with_the_size(work, small=100)


@pytest.mark.parametrize("work", [pytest.param(squared, marks=pytest.mark.long), partly_squared])
def test_what_grows_with_its_square_is_found(work: Callable[[int], Callable[[], object]]) -> None:
    with pytest.raises(AssertionError, match="times as much"):
        assert_grows_with_the_size(work, small=100)
