"""Dates and hours in the words of a page; hours are those of Paris."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from records.errors import Invalid
from records.text.languages import FRENCH

PARIS = ZoneInfo("Europe/Paris")
_MONTH_NAMES = {
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "en": "January February March April May June July August September October November December",
}
_MONTHS = {language: names.split() for language, names in _MONTH_NAMES.items()}
_LAST_YEAR = int(datetime(9999, 6, 1, tzinfo=UTC).timestamp())


def day(value: date, language: str) -> str:
    """3 mars 2026, or 3 March 2026."""
    number = "1er" if language == FRENCH and value.day == 1 else str(value.day)
    return f"{number} {_MONTHS[language][value.month - 1]} {value.year}"


def moment(value: datetime, language: str) -> str:
    """3 mars 2026 à 14 h 05, or 3 March 2026, 14:05; in Paris."""
    between = " à " if language == FRENCH else ", "
    return f"{day(value.astimezone(PARIS), language)}{between}{hour(value, language)}"


def moment_of(ms: int, language: str) -> str:
    """The same of milliseconds since the epoch."""
    return moment(datetime.fromtimestamp(ms / 1000, UTC), language)


def hour(value: datetime, language: str) -> str:
    """14 h 05, or 14:05; in Paris."""
    local = value.astimezone(PARIS)
    return f"{local.hour}\u00a0h\u00a0{local.minute:02}" if language == FRENCH else f"{local:%H:%M}"


def day_of_unix(seconds: int, language: str) -> str:
    """A card of an earlier version may hold an end that no calendar has: it is shown as the last year's."""
    return day(datetime.fromtimestamp(min(seconds, _LAST_YEAR), PARIS), language)


def last_day(until: int, language: str) -> str:
    """The last day of what ends at `until` (unix seconds, not included)."""
    return day_of_unix(until - 1, language)


def end_of(text: str) -> int:
    """The end of a day (YYYY-MM-DD) in Paris, unix seconds. Raises `Invalid` "bad_authorisation"."""
    try:
        following = date.fromisoformat(text.strip()) + timedelta(days=1)
        return int(datetime.combine(following, time(), PARIS).timestamp())
    except (ValueError, OverflowError):
        raise Invalid("Give the last day as YYYY-MM-DD.", code="bad_authorisation") from None
