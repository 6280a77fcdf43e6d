"""Conditions that a search puts on attributes, which have all to hold (PS3.4 section C.2.2.2)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from records.errors import Invalid
from records.imaging.attributes import BY_NAME, TIME_OF_DATE, Level
from records.imaging.matching import (
    DAY,
    Interval,
    QueryTextError,
    interval_of,
    is_universal,
    moment_of,
    moments,
    overlaps,
    test_of,
)

Item = Mapping[str, Any]
"""Attributes of a study, series or instance with those of the levels above, DICOM JSON (PS3.18 section F)."""
Asked = Mapping[str, tuple[str, ...]]
"""Texts by path of the attribute (`records/imaging/attributes.py`); one of them has to match."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One attribute, or a date with its time, and whether an item meets what was asked of it."""

    path: str
    holds: Callable[[Item], bool]

    @property
    def level(self) -> Level:
        return BY_NAME[self.path].level


@dataclass(frozen=True, slots=True)
class Conditions:
    """Of one search."""

    each: tuple[Condition, ...]

    @classmethod
    def of(cls, asked: Asked, *, fuzzy: bool = False) -> "Conditions":
        """Raises `Invalid` "bad_query", which names the attribute and repeats nothing of what was asked."""
        return cls(tuple(_conditions(asked, fuzzy)))

    def of_levels(self, *levels: Level) -> "Conditions":
        return Conditions(tuple(each for each in self.each if each.level in levels))

    def about(self, paths: frozenset[str]) -> "Conditions":
        """Those on these attributes alone."""
        return Conditions(tuple(each for each in self.each if each.path in paths))

    def hold(self, item: Item) -> bool:
        return all(each.holds(item) for each in self.each)


def _conditions(texts: Asked, fuzzy: bool) -> Iterator[Condition]:
    asked = {path: each for path, each in texts.items() if not any(map(is_universal, each))}
    together = {path: both for path in asked if (both := _moment(path, asked)) is not None}
    spoken_for = {TIME_OF_DATE[path] for path in together}
    for path, each in asked.items():
        holds = _holds(path, each, fuzzy)  # reads what was asked, of a moment's halves too
        if path not in spoken_for:
            yield together.get(path, Condition(path, holds))


def _holds(path: str, asked: Sequence[str], fuzzy: bool) -> Callable[[Item], bool]:
    attribute = BY_NAME[path]
    try:
        test = test_of(attribute.vr, asked, fuzzy=fuzzy)
    except QueryTextError as wanted:
        raise Invalid(f"The parameter {attribute.keyword} {wanted}.", code="bad_query") from None
    return lambda item: test(values(item, path))


def _moment(path: str, asked: Asked) -> Condition | None:
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
    times = moments("TM", values(item, time)) or [(0, DAY - 1)]
    days = moments("DA", values(item, date))
    return [(day * DAY + start, day * DAY + end) for day, _ in days for start, end in times]


def values(item: Item, path: str) -> list[Any]:
    """The values at a path, in every item of the sequences it leads through."""
    first, _, below = path.partition(".")
    found = item.get(first, {}).get("Value", [])
    if not below:
        return list(found)
    return [value for each in found if isinstance(each, Mapping) for value in values(each, below)]
