"""Whether calls cost the same processor time, so that no clock tells which of them was made."""

import random
import statistics
import time
from collections.abc import Callable, Mapping

ROUNDS, CALLS = 10, 40
LEAST = 0.85
"""Of the dearest's cost that the cheapest has."""


def assert_cost_alike(calls: Mapping[str, Callable[[], None]], between: Callable[[], None]) -> None:
    """AssertionError where one costs more than another; `between` is called before each turn of all.

    Whatever else the machine does can only add to a measured time. So each call counts with its best round,
    and all are measured anew, in turn, until they are alike or have had every chance to be.
    """
    order, best = random.Random(1), dict.fromkeys(calls, float("inf"))
    for _ in range(ROUNDS):
        for name, found in _one_round(calls, between, order).items():
            best[name] = min(best[name], found)
        if min(best.values()) / max(best.values()) > LEAST:
            return
    raise AssertionError(f"seconds of each: {best}")


def _one_round(
    calls: Mapping[str, Callable[[], None]], between: Callable[[], None], order: random.Random
) -> dict[str, float]:
    """Medians."""
    taken: dict[str, list[float]] = {each: [] for each in calls}
    for _ in range(CALLS):
        between()
        for name, call in order.sample([*calls.items()], len(calls)):
            began = time.thread_time()
            call()
            taken[name].append(time.thread_time() - began)
    return {name: statistics.median(found) for name, found in taken.items()}
