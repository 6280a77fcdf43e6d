"""CPU that examining files cost, by structure and day; tokens stand for depositors and structures."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, select, text, update

from records.durations import DAY_MS
from storage.engines.transactions import Database, repeated
from storage.index import counted, tables
from storage.rows.submissions import CpuOfDay, CpuUse
from storage.sql.conflicts import insert_new, upsert

HALF_LIFE_MS = 30_000
"""What a file cost counts half after so long: who waits for long is not made to wait for yesterday's."""

_USE = tables.cpu_use.c
_THIS = (_USE.structure_token == bindparam("b_structure")) & (_USE.day == bindparam("b_day"))
_TOUCH_DEPOSITOR = upsert(tables.depositor, ["structure_token", "day"])
_INTRODUCE = insert_new(tables.depositor)
_BEGIN_DAY = insert_new(tables.cpu_use)
_LATELY = select(_USE.lately_ms, _USE.at).where(_THIS).with_for_update()
_ADD = (
    update(tables.cpu_use)
    .where(_THIS)
    .values(cpu_ms=_USE.cpu_ms + bindparam("b_ms"), lately_ms=bindparam("b_lately"), at=bindparam("b_at"))
)
_OF = select(_USE.structure_token, _USE.day, _USE.cpu_ms, _USE.lately_ms, _USE.at).where(
    _USE.structure_token.in_(bindparam("structures", expanding=True)), _USE.day >= bindparam("since")
)
_OF_DAY = text(counted.CPU_OF_DAY)
_FORGET = (
    delete(tables.cpu_use).where(_USE.day < bindparam("b_before")),
    delete(tables.depositor).where(tables.depositor.c.day < bindparam("b_before")),
)


@dataclass(frozen=True, slots=True)
class CpuOfStructure:
    """Milliseconds: the present day's, and the recent ones, which count less as they grow old."""

    today_ms: int = 0
    lately_ms: int = 0


class CpuUses:
    """The index's part about CPU (see `storage.ports.index`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def introduce(self, depositor_token: bytes, structure_token: bytes, at: int) -> bool:
        row = {"depositor_token": depositor_token, "structure_token": structure_token, "day": at // DAY_MS}
        with self._database.writing() as connection:
            return connection.execute(_INTRODUCE, row).rowcount == 1

    @repeated
    def count_cpu(self, use: CpuUse, at: int) -> None:
        with self._database.writing() as connection:
            add(connection, use, at)

    def cpu_of_day(self, at: int, allowance_ms: int) -> CpuOfDay:
        with self._database.reading() as connection:
            values = {"day": at // DAY_MS, "allowance": allowance_ms}
            return CpuOfDay(*map(int, connection.execute(_OF_DAY, values).one()))

    def forget_cpu(self, before: int) -> int:
        with self._database.writing() as connection:
            days = {"b_before": before // DAY_MS}
            return sum(connection.execute(statement, days).rowcount for statement in _FORGET)


def add(connection: Connection, use: CpuUse, at: int) -> None:
    """Counts in a transaction that is open; its last step, since others wait for the row."""
    day = at // DAY_MS
    this = {"b_structure": use.structure_token, "b_day": day}
    named = {"depositor_token": use.depositor_token, "structure_token": use.structure_token, "day": day}
    connection.execute(_TOUCH_DEPOSITOR, named)
    empty = {"structure_token": use.structure_token, "day": day, "cpu_ms": 0, "lately_ms": 0, "at": at}
    connection.execute(_BEGIN_DAY, empty)
    row = connection.execute(_LATELY, this).one()
    lately = _aged(row.lately_ms, row.at, at) + use.cpu_ms
    values = {"b_ms": use.cpu_ms, "b_lately": lately, "b_at": max(at, row.at)}
    connection.execute(_ADD, this | values)


def together(uses: Iterable[CpuUse]) -> list[CpuUse]:
    """One for each depositor, in the order of the rows that they are counted in."""
    spent: dict[tuple[bytes, bytes], int] = defaultdict(int)
    for use in uses:
        spent[use.structure_token, use.depositor_token] += use.cpu_ms
    return [
        CpuUse(depositor_token=depositor, structure_token=structure, cpu_ms=spent[structure, depositor])
        for structure, depositor in sorted(spent)
    ]


def cpu_of(connection: Connection, structures: Iterable[bytes], now: int) -> Mapping[bytes, CpuOfStructure]:
    """By structure token; those that used nothing today or yesterday are not among them."""
    today = now // DAY_MS
    used: defaultdict[bytes, CpuOfStructure] = defaultdict(CpuOfStructure)
    for row in connection.execute(_OF, {"structures": sorted(structures), "since": today - 1}):
        so_far = used[row.structure_token]
        used[row.structure_token] = CpuOfStructure(
            so_far.today_ms + (row.cpu_ms if row.day == today else 0),
            so_far.lately_ms + _aged(row.lately_ms, row.at, now),
        )
    return used


def _aged(lately_ms: int, then: int, now: int) -> int:
    return int(lately_ms * 0.5 ** (max(0, now - then) / HALF_LIFE_MS))
