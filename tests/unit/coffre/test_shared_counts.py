"""What web processes count together: the same limits, whichever of them accepts."""

import os
from collections.abc import Callable

from coffre.serving.shared_counts import Buckets, Connections

ADDRESSES = [f"192.0.2.{number}" for number in range(200)]


def elsewhere(work: Callable[[], object]) -> None:
    """In a process forked now."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
        finally:
            os._exit(0)
    os.waitpid(pid, 0)


def test_a_bucket_is_one_for_all_processes() -> None:
    buckets = Buckets(5, 1.0, lambda: 0.0)
    for _ in range(3):
        elsewhere(lambda: buckets.take("192.0.2.1"))
    assert [buckets.take("192.0.2.1") > 0 for _ in range(3)] == [False, False, True]
    assert buckets.take("192.0.2.2") == 0


def test_many_addresses_do_not_use_up_each_other_s_calls() -> None:
    buckets = Buckets(1, 0.001, lambda: 0.0)
    assert [buckets.take(each) for each in ADDRESSES] == [0] * len(ADDRESSES)
    assert all(buckets.take(each) > 0 for each in ADDRESSES)


def test_connections_of_an_address_add_up_over_processes() -> None:
    connections = Connections(3)
    first, second = connections.of_process(0), connections.of_process(1)
    assert first.enter("192.0.2.1") == 1
    assert second.enter("192.0.2.1") == 2
    elsewhere(lambda: connections.of_process(2).enter("192.0.2.1"))
    assert first.enter("192.0.2.1") == 4
    first.leave("192.0.2.1")
    assert second.enter("192.0.2.1") == 4
    assert (first.total, second.total) == (1, 2)


def test_what_a_killed_process_had_open_is_dropped_when_it_starts_again() -> None:
    connections = Connections(2)
    first = connections.of_process(0)

    def open_three() -> None:
        here = connections.of_process(1)
        for _ in range(3):
            here.enter("192.0.2.1")

    elsewhere(open_three)
    assert first.enter("192.0.2.1") == 4
    connections.of_process(1)
    assert first.enter("192.0.2.1") == 2


def test_every_address_that_left_makes_room() -> None:
    here = Connections().of_process(0)
    for _ in range(3):
        assert [here.enter(each) for each in ADDRESSES] == [1] * len(ADDRESSES)
        for each in ADDRESSES:
            here.leave(each)
    assert here.total == 0
