"""Whether work grows with the size of a file or faster, told by processor time alone."""

import gc
import time
from collections.abc import Callable

LARGER = 16
"""How many times the small size the large one is: squared work costs 256 times as much."""
MOST = 2 * LARGER
"""Work that grows with the size, logarithms included, stays below it; what is squared soon doesn't."""
ATTEMPTS = 6


def processor_seconds(work: Callable[[], object]) -> float:
    """Without the garbage collector, which goes through all that other tests left, too."""
    gc.collect()
    gc.disable()
    try:
        started = time.process_time()
        work()
        return time.process_time() - started
    finally:
        gc.enable()


def assert_grows_with_the_size(make: Callable[[int], Callable[[], object]], small: int) -> float:
    """Processor seconds of the large size; AssertionError where the work grows faster than the size.

    `make(size)` prepares the work on a file of that size. Whatever else the machine does can only add to a
    measured time. So each size counts with its shortest, and both are measured anew, in turn, until the work
    has shown that it doesn't grow faster, or has had every chance to.
    """
    little, much = make(small), make(LARGER * small)
    least, most = [], []
    for _ in range(ATTEMPTS):
        least.append(processor_seconds(little))
        most.append(processor_seconds(much))
        if min(most) < MOST * min(least):
            return min(most)
    raise AssertionError(f"{LARGER} times the size costs {min(most) / min(least):.0f} times as much")
