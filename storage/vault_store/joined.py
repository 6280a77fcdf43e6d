"""The two questions of the vault that go beyond one table's rows; each is one statement, on every engine."""

from sqlalchemy import BigInteger, ColumnElement, ScalarSelect, Select, Table, bindparam, cast, func, select
from sqlalchemy.sql.dml import ReturningInsert
from sqlalchemy.sql.selectable import NamedFromClause

from storage.sql.conflicts import add_up


def counting(counters: Table) -> ReturningInsert[tuple[int, int, int]]:
    """Add `n` to the counter of `subject` in `hour`.

    Answers `n`, `before`, that of the hour `last`, and `others`, the sum of those from the hour `first` on
    without `but`, each of the subject `of`: hours that the statement does not change, so that RETURNING reads
    the same on every engine.
    """
    others = counters.alias("others")
    first, but, last = (bindparam(name, type_=BigInteger) for name in ("first", "but", "last"))
    before = _sum(others, others.c.hour == last).label("before")
    rest = _sum(others, others.c.hour >= first, others.c.hour != but).label("others")
    return add_up(counters, ["n"]).returning(counters.c.n, before, rest)


def _sum(counters: NamedFromClause, *hours: ColumnElement[bool]) -> ScalarSelect[int]:
    subject = bindparam("of", type_=counters.c.subject.type)
    total = cast(func.coalesce(func.sum(counters.c.n), 0), BigInteger)
    return select(total).where(counters.c.subject == subject, *hours).scalar_subquery()


def standing(grants: Table, records: Table, withdrawn: Table) -> Select[tuple[object, ...]]:
    """A grant with its record's epoch, and since when its credential and its holder's are withdrawn."""
    alone, every = withdrawn.alias("alone"), withdrawn.alias("every")
    joined = (
        grants.outerjoin(records, records.c.record_id == grants.c.record_id)
        .outerjoin(alone, alone.c.credential == grants.c.credential)
        .outerjoin(every, every.c.credential == grants.c.holder)
    )
    moved = (
        records.c.epoch,
        alone.c.since.label("credential_since"),
        every.c.since.label("holder_since"),
    )
    return select(grants, *moved).select_from(joined).where(grants.c.grant_id == bindparam("grant_id"))
