"""Search a listing by QIDO-RS: matching, paging, chosen attributes (PS3.18 section 10.6)."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from records.errors import Invalid
from viewer_api.qido_attributes import BY_NAME, TIME_OF_DATE, Attribute, Level
from viewer_api.qido_matching import (
    DAY,
    LISTS,
    Interval,
    QueryTextError,
    interval_of,
    is_universal,
    moment_of,
    moments,
    overlaps,
    several,
    test_of,
)

MOST = 1_000
# what isn't matched (PS3.18 sections 8.3.3, 8.3.4); all attributes that are kept are in every answer
_NOT_MATCHED = frozenset({"fuzzymatching", "includefield", "limit", "offset", "accept", "charset"})
_ONCE = ("fuzzymatching", "limit", "offset")
_NAMED = re.compile(r"([A-Za-z]{1,64}|[0-9A-Fa-f]{8})(\.([A-Za-z]{1,64}|[0-9A-Fa-f]{8})){0,3}")
_COUNT = re.compile(r"[0-9]{1,9}")
_LITERAL = "The fuzzymatching parameter is not supported. Only literal matching has been performed."
Item = Mapping[str, Any]
Found = tuple[Item, dict[str, Any]]
"""What is matched, with what is answered where it matches."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One attribute, or a date with its time, and whether an item meets what was asked of it."""

    path: str
    holds: Callable[[Item], bool]


@dataclass(frozen=True, slots=True)
class Query:
    """A QIDO-RS request: conditions, and the page."""

    texts: Mapping[str, Sequence[str]]
    conditions: tuple[Condition, ...]
    limit: int | None
    offset: int
    fuzzy: bool = False

    @classmethod
    def parse(cls, parameters: Sequence[tuple[str, str]], level: Level) -> "Query":
        """Read decoded query parameters. Raises `Invalid` "bad_query", which names the parameter."""
        texts: dict[str, list[str]] = {}
        for name, text in parameters:
            if name.lower() not in _NOT_MATCHED:
                attribute = _attribute(name, level)
                _ask(texts.setdefault(attribute.path, []), attribute, name, text)
        once = _given_once(parameters)
        fuzzy = once.get("fuzzymatching", "false").lower()
        if fuzzy not in ("true", "false"):
            raise Invalid("The parameter fuzzymatching is true or false.", code="bad_query")
        limit, offset = _count(once, "limit"), _count(once, "offset")
        return cls(texts, tuple(_conditions(texts)), limit, offset or 0, fuzzy == "true")

    def values_of(self, path: str) -> Sequence[str]:
        """What is asked of an attribute, where that doesn't match everything; one has to match."""
        asked = self.texts.get(path, ())
        return () if any(map(is_universal, asked)) else asked

    def value_of(self, path: str) -> str | None:
        """The one value asked of an attribute."""
        return next(iter(self.texts.get(path, ())), None)

    def without(self, path: str) -> "Query":
        """The same, whatever was asked of this attribute."""
        kept = tuple(each for each in self.conditions if each.path != path)
        return Query(self.texts, kept, self.limit, self.offset, self.fuzzy)

    @property
    def most(self) -> int:
        """Items of the answer, at most."""
        return MOST if self.limit is None else min(self.limit, MOST)

    def page(self, found: Iterable[Found]) -> tuple[list[dict[str, Any]], list[str]]:
        """The matching items of the asked page, and what there is to say of it (PS3.18 section 8.3.4).

        Items are looked for no further than the answer asks.
        """
        matching = (answer for item, answer in found if all(each.holds(item) for each in self.conditions))
        page = list(islice(matching, self.offset, self.offset + self.most))
        warnings = [_LITERAL] if self.fuzzy else []
        if self.limit is None or self.limit > MOST:
            left = sum(1 for _ in islice(matching, MOST + 1))
            number = f"more than {MOST}" if left > MOST else left
            warnings += [f"There are {number} additional results that can be requested."] * bool(left)
        return page, warnings


def _attribute(name: str, level: Level) -> Attribute:
    found = BY_NAME.get(name) or BY_NAME.get(name.upper())
    if found is None or found.level > level:
        shown = name if _NAMED.fullmatch(name) else "with another form than a keyword or tag"
        below = "" if found is None else f"; it belongs to each {found.level.name.lower()}"
        raise Invalid(
            f"The parameter {shown} names no attribute that {LEVELS[level]} are searched by{below}.",
            code="bad_query",
        )
    return found


LEVELS: Mapping[Level, str] = {Level.STUDY: "studies", Level.SERIES: "series", Level.INSTANCE: "instances"}


def _ask(texts: list[str], attribute: Attribute, name: str, text: str) -> None:
    """Add what one parameter asks. UIDs and codes may come several times, one of which has to match."""
    if texts and attribute.vr not in LISTS:
        raise Invalid(f"The parameter {name} is given twice: only UIDs and codes may be.", code="bad_query")
    asked = several(attribute.vr, text)
    if text.strip() and not asked:
        raise Invalid(f"The parameter {name} is a list of nothing.", code="bad_query")
    texts += asked or [""]


def _conditions(texts: Mapping[str, Sequence[str]]) -> Iterator[Condition]:
    asked = {path: each for path, each in texts.items() if not any(map(is_universal, each))}
    moments = {path: both for path in asked if (both := _moment(path, asked)) is not None}
    spoken_for = {TIME_OF_DATE[path] for path in moments}
    for path, each in asked.items():
        holds = _holds(path, each)  # reads what was asked, of a moment's halves too
        if path not in spoken_for:
            yield moments.get(path, Condition(path, holds))


def _holds(path: str, asked: Sequence[str]) -> Callable[[Item], bool]:
    attribute = BY_NAME[path]
    try:
        test = test_of(attribute.vr, asked)
    except QueryTextError as wanted:
        raise Invalid(f"The parameter {attribute.keyword} {wanted}.", code="bad_query") from None
    return lambda item: test(_values(item, path))


def _moment(path: str, asked: Mapping[str, Sequence[str]]) -> Condition | None:
    """A range of dates with a range of times is one range: from this moment to that (C.2.2.2.5)."""
    time = TIME_OF_DATE.get(path)
    if time is None or time not in asked or not all("-" in asked[each][0] for each in (path, time)):
        return None
    try:
        wanted = moment_of(interval_of("DA", asked[path][0]), interval_of("TM", asked[time][0]))
    except QueryTextError:  # told with the name of the half that can't be read
        return None
    if wanted is None:
        return None
    return Condition(path, lambda item: any(overlaps(wanted, each) for each in _instants(item, path, time)))


def _instants(item: Item, date: str, time: str) -> list[Interval]:
    """What an item's date and time cover together: without a time, the day."""
    times = moments("TM", _values(item, time)) or [(0, DAY - 1)]
    days = moments("DA", _values(item, date))
    return [(day * DAY + start, day * DAY + end) for day, _ in days for start, end in times]


def _values(item: Item, path: str) -> list[Any]:
    """The values at a path, in every item of the sequences it leads through."""
    first, _, below = path.partition(".")
    values = item.get(first, {}).get("Value", [])
    if not below:
        return list(values)
    return [found for each in values if isinstance(each, Mapping) for found in _values(each, below)]


def _given_once(parameters: Sequence[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, text in parameters:
        if name.lower() in _ONCE and found.setdefault(name.lower(), text) != text:
            raise Invalid(f"The parameter {name.lower()} is given twice.", code="bad_query")
    return found


def _count(found: Mapping[str, str], name: str) -> int | None:
    text = found.get(name)
    if text is not None and not _COUNT.fullmatch(text):
        raise Invalid(f"The parameter {name} is a number of at most nine digits.", code="bad_query")
    return None if text is None else int(text)
