"""Dates of FHIR R4 (section 2.24.0.2) and the ranges of time that they stand for (section 3.1.1.4.8)."""

import re
from datetime import UTC, date, datetime, time, timedelta

from records.fhir.french_time import FrenchTime

FRANCE = FrenchTime()
"""A date without an offset is a day there."""
INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,12})?(Z|[+-][0-9]{2}:[0-9]{2})"
)
_DATE = re.compile(
    r"(?P<year>[0-9]{4})(-(?P<month>[0-9]{2})(-(?P<day>[0-9]{2})"
    r"(T(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(:(?P<second>[0-9]{2})(\.(?P<part>[0-9]{1,12}))?)?"
    r"(?P<zone>Z|[+-][0-9]{2}:[0-9]{2})?)?)?)?"
)
Span = tuple[int, int]
"""Microseconds since the epoch: the first, and the first that comes after."""
ALWAYS: Span = (-(2**62), 2**62)
_SECOND = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instant(ms: int) -> str:
    """An `instant` in UTC, to the millisecond."""
    text = datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def span(text: str) -> Span:
    """What a date means at the precision in which it is written. Raises `ValueError`."""
    found = _DATE.fullmatch(text)
    if found is None:
        raise ValueError("no date of FHIR")
    try:
        return _span({name: value for name, value in found.groupdict().items() if value is not None})
    except OverflowError:
        raise ValueError("no date of FHIR") from None


def _span(parts: dict[str, str]) -> Span:
    first, last = _days(parts)
    if "hour" not in parts:
        return _micros(_midnight(first)), _micros(_midnight(last))
    # a leap second is read as the second before it
    second = min(int(parts.get("second", "0")), 59)
    clock = time(int(parts["hour"]), int(parts["minute"]), second)
    zone = parts.get("zone")
    aware = (
        datetime.combine(first, clock, tzinfo=FRANCE)
        if zone is None
        else datetime.fromisoformat(f"{first.isoformat()}T{clock.isoformat()}{zone}")
    )
    fraction = parts.get("part", "")
    start = _micros(aware) + int(fraction[:6].ljust(6, "0") or 0)
    length = 60 * _SECOND if "second" not in parts else 10 ** max(0, 6 - len(fraction))
    return start, start + length


def _days(parts: dict[str, str]) -> tuple[date, date]:
    year, month, day = int(parts["year"]), int(parts.get("month", 1)), int(parts.get("day", 1))
    first = date(year, month, day)
    if "day" in parts:
        return first, first + timedelta(days=1)
    if "month" in parts:
        return first, date(year + month // 12, month % 12 + 1, 1)
    return first, date(year + 1, 1, 1)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=FRANCE)


def _micros(at: datetime) -> int:
    found = at - _EPOCH
    return (found.days * 86_400 + found.seconds) * _SECOND + found.microseconds
