"""Legal time in France, without a table of time zones: the vault reads dates, and reads no file for it.

Summer time since 1976 (decree 75-866), its end in October since 1996, and on the days of all Member States
(directive 2000/84/EC): from the last Sunday of March to the last Sunday of October, 01:00 UTC. Before 1981 it
began on other Sundays than this rule has: an hour, on some days of March and April.
"""

from datetime import UTC, datetime, timedelta, tzinfo

_FIRST_SUMMER, _LONGER = 1976, 1996
_WINTER, _SUMMER = timedelta(hours=1), timedelta(hours=2)


class FrenchTime(tzinfo):
    """UTC+1, and UTC+2 in summer; of an hour that comes twice the first is meant, unless `fold` says."""

    def utcoffset(self, at: datetime | None) -> timedelta:
        if at is None:
            return _WINTER
        local = at.replace(tzinfo=UTC)
        offset = _SUMMER if not at.fold else _WINTER
        return _offset(local - offset)

    def dst(self, at: datetime | None) -> timedelta:
        return self.utcoffset(at) - _WINTER

    def tzname(self, at: datetime | None) -> str:
        return "CEST" if self.dst(at) else "CET"

    def fromutc(self, at: datetime) -> datetime:
        instant = at.replace(tzinfo=UTC)
        offset = _offset(instant)
        again = offset == _WINTER and _offset(instant - (_SUMMER - _WINTER)) == _SUMMER
        return (at + offset).replace(fold=int(again))


def _offset(at: datetime) -> timedelta:
    """At an instant in UTC."""
    if at.year < _FIRST_SUMMER:
        return _WINTER
    begins, ends = _last_sunday(at.year, 3), _last_sunday(at.year, 10 if at.year >= _LONGER else 9)
    return _SUMMER if begins <= at < ends else _WINTER


def _last_sunday(year: int, month: int) -> datetime:
    last = datetime(year, month + 1, 1, 1, tzinfo=UTC) - timedelta(days=1)
    return last - timedelta(days=last.isoweekday() % 7)
