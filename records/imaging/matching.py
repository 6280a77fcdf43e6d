"""Matching by value representation (PS3.4 section C.2.2.2): from the text that was asked to a test of values.

A text that no value of its representation could ever match is refused: an empty answer would tell that there
is no such study.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date

from records.imaging.patterns import matches
from records.imaging.person_names import sounds_like

Interval = tuple[int, int]  # both ends included: microseconds of a day, or days since the first
Test = Callable[[Sequence[object]], bool]
DAY = 24 * 3600 * 10**6  # microseconds
LONGEST_TEXT = 324
"""Characters of a person name of five components in three groups, with what separates them."""
ALWAYS: Interval = (-(2**62), 2**62)
_DATE = re.compile(r"([0-9]{4})([.]?)([0-9]{2})\2([0-9]{2})")  # with dots before 1993 (PS3.5 table 6.2-1)
_TIME = re.compile(r"([0-9]{2})(?:(:?)([0-9]{2})(?:\2([0-9]{2})(?:\.([0-9]{1,6}))?)?)?")
_UID = re.compile(r"[0-9.]{1,64}")
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_SEVERAL = re.compile(r"[,\\]")


class QueryTextError(ValueError):
    """The text is none that values of this kind are searched by; it says what is."""


def is_universal(asked: str) -> bool:
    """Matches everything, what has no value too (PS3.4 section C.2.2.2.3)."""
    return not asked.strip("* ")


def interval_of(vr: str, asked: str) -> Interval:
    """What a date or time, or a range of them open on either side, covers (PS3.4 section C.2.2.2.5)."""
    read, form = _MOMENTS[vr]
    first, dash, last = (part.strip() for part in asked.partition("-"))
    low, high = read(first), read(last) if dash else read(first)
    unread = (first and low is None) or (last and high is None) or not (first or last)
    if unread:
        raise QueryTextError(f"is {form}, or a range: from-to, from- or -to")
    return (low or ALWAYS)[0], (high or ALWAYS)[1]


def moment_of(dates: Interval, times: Interval) -> Interval | None:
    """A range of dates and one of times as one range of moments; None where a time would have no date."""
    if (dates[0] == ALWAYS[0] and times[0] != ALWAYS[0]) or (dates[1] == ALWAYS[1] and times[1] != ALWAYS[1]):
        return None
    low = ALWAYS[0] if dates[0] == ALWAYS[0] else dates[0] * DAY + max(times[0], 0)
    high = ALWAYS[1] if dates[1] == ALWAYS[1] else dates[1] * DAY + min(times[1], DAY - 1)
    return low, high


def moments(vr: str, values: Sequence[object]) -> list[Interval]:
    """What the values cover: a time of less precision is all the time it may stand for."""
    read, _ = _MOMENTS[vr]
    return [found for each in values if (found := read(str(each).strip())) is not None]


def overlaps(one: Interval, other: Interval) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]


def test_of(vr: str, asked: Sequence[str], *, fuzzy: bool = False) -> Test:
    """The test for texts of which one has to match. Raises `QueryTextError`.

    `fuzzy`: names also where they are spelled in another way (PS3.18 section 8.3.4.2).
    """
    maker = _fuzzy_name if fuzzy and vr == "PN" else _MAKERS[vr]
    tests = [maker(text.strip()) for text in asked]
    return lambda values: any(test(values) for test in tests)


def several(vr: str, text: str) -> list[str]:
    """The texts that one parameter holds: lists of UIDs (PS3.4 section C.2.2.2.2), and of codes likewise."""
    if vr not in LISTS:
        return [text]
    return [part for part in _SEVERAL.split(text) if part.strip()]


def _moment(vr: str) -> Callable[[str], Test]:
    def make(asked: str) -> Test:
        wanted = interval_of(vr, asked)
        return lambda values: any(overlaps(wanted, each) for each in moments(vr, values))

    return make


def _text(asked: str) -> Test:
    """Single value or wild card matching (section C.2.2.2.4) in any case; * and ? alone are special."""
    pattern = _bounded(asked).casefold()
    return lambda values: any(matches(pattern, str(each).strip().casefold()) for each in values)


def _bounded(asked: str) -> str:
    if len(asked) > LONGEST_TEXT:
        raise QueryTextError(f"has at most {LONGEST_TEXT} characters")
    return asked


def _fuzzy_name(asked: str) -> Test:
    """What matches literally, and what the national identity rules read as the same name."""
    literal, similar = _name(asked), sounds_like(asked)
    return lambda values: literal(values) or any(similar(group) for each in values for group in _groups(each))


def _name(asked: str) -> Test:
    """Any component group of a name; carets at the end say nothing (PS3.5 section 6.2)."""
    test = _text(asked.rstrip("^ "))
    return lambda values: test([group.rstrip("^ ") for each in values for group in _groups(each)])


def _groups(value: object) -> list[str]:
    return [str(group) for group in value.values()] if isinstance(value, Mapping) else [str(value)]


def _uid(asked: str) -> Test:
    if not _UID.fullmatch(asked):
        raise QueryTextError("is a UID, or several separated by commas")
    return lambda values: any(str(each) == asked for each in values)


def _number(asked: str) -> Test:
    if not _INTEGER.fullmatch(asked):
        raise QueryTextError("is a whole number")
    wanted = int(asked)
    return lambda values: any(_integer(each) == wanted for each in values)


def _integer(value: object) -> int | None:
    text = str(value).strip()
    return int(text) if _INTEGER.fullmatch(text) else None


def _read_date(text: str) -> Interval | None:
    found = _DATE.fullmatch(text)
    try:
        day = date(int(found[1]), int(found[3]), int(found[4])).toordinal() if found else None
    except ValueError:
        return None
    return None if day is None else (day, day)


def _read_time(text: str) -> Interval | None:
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    hour, minute, second = (int(found[group] or 0) for group in (1, 3, 4))
    if hour > 23 or minute > 59 or second > 60:
        return None
    fraction = found[5] or ""
    second = min(second, 59)  # a leap second is 60 (PS3.5 table 6.2-1)
    start = ((hour * 60 + minute) * 60 + second) * 10**6 + int(fraction.ljust(6, "0"))
    return start, start + _precision(found[3], found[4], fraction) - 1


def _precision(minute: str | None, second: str | None, fraction: str) -> int:
    """Microseconds that a time may stand for."""
    if second is not None:
        return int(10 ** (6 - len(fraction)))
    return 60 * 10**6 if minute is not None else 3600 * 10**6


_MOMENTS: Mapping[str, tuple[Callable[[str], Interval | None], str]] = {
    "DA": (_read_date, "a date YYYYMMDD"),
    "TM": (_read_time, "a time HH, HHMM, HHMMSS or HHMMSS.FFFFFF"),
}
_MAKERS: Mapping[str, Callable[[str], Test]] = {
    **dict.fromkeys(("CS", "LO", "SH"), _text),
    **{vr: _moment(vr) for vr in _MOMENTS},
    **dict.fromkeys(("IS", "US"), _number),
    "PN": _name,
    "UI": _uid,
}
LISTS = frozenset({"UI", "CS"})
"""Representations without comma and backslash in their repertoire, of which several may be asked."""
