"""What the gateway holds is bounded in number, in what is kept with it, and in time."""

import threading
import time
from collections.abc import Callable, Iterator
from itertools import count
from uuid import uuid4

import pytest

from keyvault.grants.grant import GrantBody
from keyvault.verbs.call import Call
from records.vocabulary.codes import PurposeOfUse
from viewer_api.gateway.held_grants import IDLE_S, ContentClosedError, HeldGrant, HeldGrants, key_of

NOW = 1_800_000_000.0
_NUMBERS = count()


class Kept(HeldGrant):
    """A grant of nothing, with so many places."""

    def __init__(self, clock: Callable[[], float], places: int = 0, expires: int = int(NOW) + 900) -> None:
        body = GrantBody((), (), ())
        super().__init__(uuid4(), str(uuid4()), expires, body, {}, frozenset(), clock)
        self._places = places

    @property
    def places(self) -> int:
        return self._places

    @property
    def is_open(self) -> bool:
        return self._blobs is not None


def key() -> bytes:
    return b"%d" % next(_NUMBERS)


class Clock:
    now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Iterator[Clock]:
    yield Clock()


def test_the_one_that_was_used_longest_ago_goes_first(clock: Clock) -> None:
    grants: HeldGrants[Kept] = HeldGrants(clock, most=3)
    keys, held = [key() for _ in range(4)], [Kept(clock) for _ in range(4)]
    for number in range(3):
        grants.put(keys[number], held[number])
    assert grants.get(keys[0]) is held[0]
    grants.put(keys[3], held[3])
    assert [each.is_open for each in held] == [True, False, True, True]
    assert grants.get(keys[1]) is None


def test_large_studies_make_room_for_each_other_and_one_stays_whatever_it_is(clock: Clock) -> None:
    grants: HeldGrants[Kept] = HeldGrants(clock, most_places=100)
    first, second, huge = Kept(clock, 60), Kept(clock, 60), Kept(clock, 1000)
    grants.put(key(), first)
    grants.put(key(), second)
    assert (first.is_open, second.is_open) == (False, True)
    kept = key()
    grants.put(kept, huge)
    assert not second.is_open
    assert grants.get(kept) is huge and huge.is_open


def test_a_key_goes_after_a_minute_though_nobody_asks() -> None:
    """A thread of its own sees to it, which ends with the last grant."""
    ahead = [0.0]

    def clock() -> float:
        return time.time() + ahead[0]

    grants: HeldGrants[Kept] = HeldGrants(clock)
    held = Kept(clock, expires=int(time.time()) + 900)
    held._used = clock() - IDLE_S + 0.3
    grants.put(key(), held)
    assert held.is_open
    give_up = time.monotonic() + 20
    while held.is_open or grants._sweeper is not None:
        assert time.monotonic() < give_up
        time.sleep(0.05)
    with pytest.raises(ContentClosedError):
        held.blob(uuid4())


def test_one_that_was_replaced_is_open_for_who_still_reads_and_goes_like_any(clock: Clock) -> None:
    grants: HeldGrants[Kept] = HeldGrants(clock)
    same, before, after = key(), Kept(clock), Kept(clock)
    grants.put(same, before)
    grants.put(same, after)
    assert before.is_open and grants.get(same) is after
    clock.now += IDLE_S
    assert grants.sweep() is None
    assert not before.is_open and not after.is_open


def test_one_that_is_dropped_is_closed_and_takes_no_newer_one_with_it(clock: Clock) -> None:
    grants: HeldGrants[Kept] = HeldGrants(clock)
    same, before, after = key(), Kept(clock), Kept(clock)
    grants.put(same, before)
    grants.put(same, after)
    grants.drop(same, before)
    assert not before.is_open
    assert grants.get(same) is after


def test_a_turn_is_of_one_at_a_time_and_leaves_nothing(clock: Clock) -> None:
    grants: HeldGrants[Kept] = HeldGrants(clock)
    same, inside, most = key(), [0], [0]

    def take() -> None:
        with grants.turn(same):
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            time.sleep(0.01)
            inside[0] -= 1

    threads = [threading.Thread(target=take) for _ in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert most == [1]
    assert grants._turns == {}


def test_nothing_that_differs_has_the_same_key() -> None:
    normal, glass = PurposeOfUse.NORMAL, PurposeOfUse.BRIS_DE_GLACE
    document = uuid4()
    asked = [
        (Call(token="a"), "1", "1.2", None),
        (Call(token="b"), "1", "1.2", None),
        (Call(token="a"), "2", "1.2", None),
        (Call(token="a"), "1", "1.3", None),
        (Call(token="a"), "1", None, document),
        (Call(token="a"), None, None, document),
        (Call(token="a", purpose=glass, reason="x"), "1", "1.2", None),
        (Call(token="a", purpose=glass, reason="y"), "1", "1.2", None),
        (Call(token="a", purpose=normal, reason="x"), "1", "1.2", None),
        (Call(token="a1"), "", "1.2", None),
        (Call(token="a"), "11", ".2", None),
        (Call(token="a"), "\ud800", "1.2", None),  # the vault refuses it, whatever came of it here
    ]
    assert len({key_of(*each) for each in asked}) == len(asked)
