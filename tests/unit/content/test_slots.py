"""Who waits for a child: so many, of one caller half of them, and what is under way is not cut for it."""

from contextlib import ExitStack

import pytest

from content.pixels.failures import RenderingBusy
from content.pixels.slots import UNDER_WAY, Slots


def test_one_caller_has_half_of_the_places() -> None:
    slots = Slots(working=4, waiting=0, patience=0.05)
    with ExitStack() as present:
        for _ in range(2):
            present.enter_context(slots.one("one"))
        with pytest.raises(RenderingBusy), slots.one("one"):
            pass
        with slots.one("another"), slots.one(), pytest.raises(RenderingBusy), slots.one("a third"):
            pytest.fail("there is no place")
    with slots.one("one"):
        pass


def test_what_is_under_way_waits_where_a_new_one_is_refused() -> None:
    slots = Slots(working=1, waiting=0, patience=0.01)
    with slots.one("one"):
        with pytest.raises(RenderingBusy), slots.one("another"):
            pytest.fail("there is no place")
        assert slots._present.total() == 1
        with pytest.raises(RenderingBusy), slots.one("another", under_way=True):
            pytest.fail("nobody leaves")
    with slots.one("another", under_way=True):
        assert slots._present.total() == 1


def test_places_for_what_is_under_way_are_bounded_too() -> None:
    slots = Slots(working=100, waiting=-99, patience=0.01)
    with ExitStack() as present:
        for number in range(1 + UNDER_WAY):
            present.enter_context(slots.one(number, under_way=True))
        with pytest.raises(RenderingBusy), slots.one("more", under_way=True):
            pytest.fail("there is no place")
