"""Tables of a palette written as segments (PS3.3 §C.7.9.2), expanded no further than they are declared long.

Three numbers make a line of 65 535 entries, and a segment may repeat others: without a bound a short value
fills any memory.
"""

from collections.abc import Sequence

import numpy as np

from content.pixels.failures import DAMAGED, Unpictured

_DISCRETE, _LINEAR, _INDIRECT = range(3)
_MOST_SEGMENTS = 2**16
"""A table has no more entries, and each segment adds one."""
_OFFSET_BYTES = 4


def expanded(numbers: Sequence[int], width: int, count: int) -> list[int]:
    """At most `count` entries. `numbers`: the value as numbers of `width` bytes each. Raises `Unpictured`."""
    table = _Table(numbers, width, count)
    try:
        table.read(0, len(numbers))
    except (IndexError, RecursionError):
        raise Unpictured(DAMAGED) from None
    return table.entries[:count]


class _Table:
    def __init__(self, numbers: Sequence[int], width: int, count: int) -> None:
        self._numbers, self._width, self._count = numbers, width, count
        self._read = 0
        self.entries: list[int] = []

    def read(self, at: int, segments: int) -> None:
        """So many segments, the first of them at a number; fewer at the end of the value, or of the table."""
        while segments and at + 1 < len(self._numbers) and len(self.entries) < self._count:
            self._read += 1
            if self._read > _MOST_SEGMENTS:
                raise Unpictured(DAMAGED)
            at = self._segment(at)
            segments -= 1

    def _segment(self, at: int) -> int:
        """Adds what a segment stands for; where the next one begins."""
        kind, length = self._numbers[at], self._numbers[at + 1]
        at += 2
        if kind == _DISCRETE:
            self.entries.extend(self._numbers[at : at + length])
            return at + length
        if kind == _LINEAR and self.entries:
            self.entries.extend(_line(self.entries[-1], self._numbers[at], length))
            return at + 1
        if kind == _INDIRECT and self.entries:
            end = at + _OFFSET_BYTES // self._width
            self.read(self._offset(self._numbers[at:end]), length)
            return end
        raise Unpictured(DAMAGED)

    def _offset(self, parts: Sequence[int]) -> int:
        """In numbers; it is stored in bytes, the least significant part first."""
        places = (part << (8 * self._width * place) for place, part in enumerate(parts))
        return sum(places) // self._width


def _line(last: int, end: int, length: int) -> list[int]:
    steps = np.arange(1, length + 1) * (end - last) / max(length, 1)
    return [int(entry) for entry in np.rint(last + steps)]
