"""Legal time in France, beside the table of time zones that records do not read."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis.strategies import datetimes

from records.fhir.french_time import FrenchTime

PARIS, OURS = ZoneInfo("Europe/Paris"), FrenchTime()
SINCE, UNTIL = datetime(1981, 1, 1), datetime(2037, 12, 31)  # noqa: DTZ001 - what `datetimes` takes


@given(datetimes(SINCE, UNTIL))
def test_an_instant_has_the_clock_of_the_table(at: datetime) -> None:
    instant = at.replace(tzinfo=UTC)
    assert instant.astimezone(OURS).isoformat() == instant.astimezone(PARIS).isoformat()


def test_at_the_changes_of_each_year_to_the_second() -> None:
    for year in range(1981, 2038):
        for month in (3, 9, 10):
            for day in range(20, 31):
                for hour in (0, 1, 2):
                    at = datetime(year, month, day, hour, tzinfo=UTC)
                    for each in (at, at - timedelta(seconds=1)):
                        assert each.astimezone(OURS).utcoffset() == each.astimezone(PARIS).utcoffset(), each


@given(datetimes(SINCE, UNTIL))
def test_a_day_begins_when_it_begins_there(at: datetime) -> None:
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    assert midnight.replace(tzinfo=OURS).timestamp() == midnight.replace(tzinfo=PARIS).timestamp()
