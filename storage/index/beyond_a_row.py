"""Pages by key: each begins after the last key of the one before, and costs the same wherever it begins.

An offset would read and drop all that comes before it (docs/architecture.md).
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, bindparam, select, tuple_

from storage.engines.transactions import Database


def beyond(key: Sequence[Column[Any]], *, newest_first: bool = False) -> ColumnElement[bool]:
    """What follows the parameters `after_0`, `after_1`… in the order of `key`."""
    after = [bindparam(f"after_{at}", type_=column.type) for at, column in enumerate(key)]
    here, there = (key[0], after[0]) if len(key) == 1 else (tuple_(*key), tuple_(*after))
    return here < there if newest_first else here > there


def parameters_of(after: Sequence[object]) -> dict[str, object]:
    """The values that `beyond` compares with."""
    return {f"after_{at}": value for at, value in enumerate(after)}


def _page(columns: Sequence[Column[Any]], key: Sequence[Column[Any]]) -> Select[Any]:
    return select(*columns).order_by(*key).limit(bindparam("limit"))


class Pages:
    """The two statements of one table: its first page, and every other."""

    def __init__(self, columns: Sequence[Column[Any]], key: Sequence[Column[Any]]) -> None:
        self._first = _page(columns, key)
        self._next = self._first.where(beyond(key))

    def read(self, database: Database, after: Sequence[object] | None, limit: int) -> list[Any]:
        """At most `limit` rows after this key; None: from the beginning."""
        statement = self._first if after is None else self._next
        values = {"limit": limit, **parameters_of(after or ())}
        with database.reading() as connection:
            return list(connection.execute(statement, values))
