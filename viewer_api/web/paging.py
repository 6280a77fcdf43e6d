"""Long lists by the page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from records.numbers import whole

PAGE = 100
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page:
    """Pages count from 1; `previous` and `following` are None at the ends."""

    number: int
    previous: int | None
    following: int | None


def page_at(index: int) -> str:
    """The number of the page that shows the item at `index`, as an address asks for it."""
    return str(index // PAGE + 1)


def paged(items: Sequence[T], asked: str | None) -> tuple[Sequence[T], Page]:
    """The items of the page asked for: of the first if that is no page, of the last if it lies behind it."""
    pages = max(1, -(-len(items) // PAGE))
    try:
        number = whole(asked or "")
    except ValueError:
        number = 1
    number = min(max(1, number), pages)
    shown = items[(number - 1) * PAGE : number * PAGE]
    following = number + 1 if number < pages else None
    return shown, Page(number, number - 1 or None, following)
