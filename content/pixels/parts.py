"""An answer that children make part by part: between two parts none of them waits for whoever reads it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from content.pixels.failures import DAMAGED, error_of
from content.pixels.held import Held

LONGEST = 2**32
"""Bytes of an answer, all parts together."""
_LONGEST_NAME = 16  # of a Photometric Interpretation (PS3.5 section 6.2, CS)


Mark = Mapping[str, Any]
"""Where a child goes on, as it says itself: it is handed back and means nothing here."""


@dataclass(frozen=True, slots=True)
class AnswerPart:
    """Bytes of an answer, and where its next part begins, as the child says; None at its end."""

    pieces: Held
    after: Mark | None


def following(part: AnswerPart, more: Callable[[Mark], AnswerPart]) -> Iterator[bytes]:
    left = LONGEST
    while True:
        left -= part.pieces.size
        if left < 0 or (part.after is not None and not part.pieces.size):
            raise error_of(DAMAGED)
        yield from part.pieces
        if part.after is None:
            return
        part = more(part.after)


def mark_of(result: Mapping[str, Any]) -> Mark | None:
    """Where a child says that it goes on."""
    after = result.get("after")
    if after is None:
        return None
    if not isinstance(after, dict) or after.keys() != {"next", "photometric"}:
        raise error_of(DAMAGED)
    number, photometric = after["next"], after["photometric"]
    known = photometric is None or (isinstance(photometric, str) and len(photometric) <= _LONGEST_NAME)
    if type(number) is not int or not 0 < number <= LONGEST or not known:
        raise error_of(DAMAGED)
    return after
