"""Months of instances and of verdicts of parts, which grow by arrival: on Postgres each month is a partition
(ADR 41 and 45).

The housekeeper has those made that come next. A row of a month without one lies in `part_others`
or `instance_others`, and is moved when its month is made.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy import text

from storage.engines.postgres.database import partitions
from storage.engines.postgres.roles import POSTGRES
from storage.engines.transactions import Database

AHEAD = 2
"""Months that are there before they begin, counted from the present one."""
_MAKE = text("SELECT coffre_make_month(:month)")
_NAME = re.compile(r"[a-z]+_(until_)?([0-9]{6})")
BY_MONTH = ("instance", "part")


def missing(partitions: Iterable[str], now_ms: int, ahead: int = AHEAD) -> list[int]:
    """Months such as 202612, from the present one on, that none of these partitions holds."""
    found = [match for name in partitions if (match := _NAME.fullmatch(name))]
    months = {int(match[2]) for match in found if not match[1]}
    until = max((int(match[2]) for match in found if match[1]), default=0)
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    wanted = [_month(now.year, now.month + more) for more in range(ahead + 1)]
    return [month for month in wanted if month >= until and month not in months]


def _month(year: int, month: int) -> int:
    return (year + (month - 1) // 12) * 100 + (month - 1) % 12 + 1


class Months:
    """The housekeeper's and the operator's part of the index (see `storage.ports.index`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def make_months(self, now_ms: int) -> int:
        if self._database.engine.dialect.name != POSTGRES:
            return 0
        for month in (found := self._missing(now_ms, AHEAD)):
            with self._database.writing() as connection:
                connection.execute(_MAKE, {"month": month})
        return len(found)

    def months_missing(self, now_ms: int) -> list[int]:
        if self._database.engine.dialect.name != POSTGRES:
            return []
        return self._missing(now_ms, ahead=1)

    def _missing(self, now_ms: int, ahead: int) -> list[int]:
        with self._database.reading() as connection:
            found = [missing(partitions(connection, table), now_ms, ahead) for table in BY_MONTH]
        return sorted({month for months in found for month in months})
