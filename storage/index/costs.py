"""What depositors' files cost where they are validated, by day: turns follow from it."""

from sqlalchemy import bindparam, delete, func, select, update

from storage.conflicts import insert_new
from storage.index import tables
from storage.rows import Burdens
from storage.transactions import Database

MOST = 500
"""More depositors at once are told to none: turns then do what they can."""

_COST = tables.depositor_cost.c
_NEW = insert_new(tables.depositor_cost)
_ADD = (
    update(tables.depositor_cost)
    .where(_COST.depositor_token == bindparam("b_token"), _COST.day == bindparam("b_day"))
    .values(
        cpu_ms=_COST.cpu_ms + bindparam("b_cpu_ms"),
        slow_until=func.coalesce(func.nullif(bindparam("b_slow_until"), 0), _COST.slow_until),
    )
)
_SLOW = select(_COST.depositor_token).where(_COST.slow_until > bindparam("now")).limit(MOST)
_OVER = (
    select(_COST.depositor_token)
    .where(_COST.day == bindparam("day"), _COST.cpu_ms > bindparam("allowance"))
    .order_by(_COST.cpu_ms.desc())
    .limit(MOST)
)
_OF_DAY = select(_COST.cpu_ms).where(_COST.day == bindparam("day")).order_by(_COST.cpu_ms.desc()).limit(1)
_FORGET = delete(tables.depositor_cost).where(_COST.day < bindparam("before"))


class Costs:
    """The accounts of depositors (see `storage.ports`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def charge(self, depositor: bytes, day: int, cpu_ms: int, slow_until: int) -> None:
        row = {"depositor_token": depositor, "day": day, "cpu_ms": cpu_ms, "slow_until": slow_until}
        with self._database.writing() as connection:
            if connection.execute(_NEW, row).rowcount == 0:
                values = {"b_token": depositor, "b_day": day, "b_cpu_ms": cpu_ms, "b_slow_until": slow_until}
                connection.execute(_ADD, values)

    def burdens(self, day: int, allowance_ms: int, now: int) -> Burdens:
        with self._database.reading() as connection:
            slow = connection.execute(_SLOW, {"now": now}).scalars()
            over = connection.execute(_OVER, {"day": day, "allowance": allowance_ms}).scalars()
            return Burdens(frozenset(slow), frozenset(over))

    def highest_cost(self, day: int) -> int:
        with self._database.reading() as connection:
            return int(connection.execute(_OF_DAY, {"day": day}).scalar() or 0)

    def forget_costs(self, before: int) -> None:
        with self._database.writing() as connection:
            connection.execute(_FORGET, {"before": before})
