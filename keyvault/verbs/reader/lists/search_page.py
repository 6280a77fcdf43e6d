"""One page of what a search finds in its order, and how much of it there is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SearchPage(Generic[T]):
    """`more`: something follows. `total` is None where nobody counted from the beginning to the end."""

    shown: Sequence[T]
    more: bool
    total: int | None


def page_of(found: Iterator[T], limit: int, *, counted: bool, from_start: bool) -> SearchPage[T]:
    """The first `limit`; of the others one is looked for, or all of them are `counted`."""
    shown = [*islice(found, limit)]
    left = sum(1 for _ in (found if counted else islice(found, 1)))
    whole = from_start and (counted or not left)
    return SearchPage(shown, left > 0, len(shown) + left if whole else None)
