"""INSERT that meets an existing key: the ON CONFLICT that SQLite and Postgres write alike."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Insert, Table, insert
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.base import SyntaxExtension
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.sql.visitors import InternalTraversal


class _OnConflict(SyntaxExtension, ClauseElement):
    """Do nothing, or, with `keys`, change `columns` of the row that has them; with `table`, add to them."""

    _traverse_internals = [  # noqa: RUF012  # SQLAlchemy's own name and type: what tells two of them apart
        ("keys", InternalTraversal.dp_string_list),
        ("columns", InternalTraversal.dp_string_list),
        ("table", InternalTraversal.dp_string),
    ]

    def __init__(self, keys: Sequence[str] = (), columns: Sequence[str] = (), table: str = "") -> None:
        self.keys, self.columns, self.table = list(keys), list(columns), table

    def apply_to_insert(self, insert_stmt: Insert) -> None:
        insert_stmt.apply_syntax_extension_point(lambda existing: [*existing, self], "post_values")


@compiles(_OnConflict)
def _render(clause: _OnConflict, compiler: Any, **_: object) -> str:
    quote = compiler.preparer.quote
    if not clause.keys:
        return "ON CONFLICT DO NOTHING"
    keys = ", ".join(quote(name) for name in clause.keys)
    present = f"{quote(clause.table)}." if clause.table else ""
    changes = ", ".join(
        f"{name} = {present + name + ' + ' if present else ''}excluded.{name}"
        for name in map(quote, clause.columns)
    )
    return f"ON CONFLICT ({keys}) DO UPDATE SET {changes}"


def insert_new(table: Table) -> Insert:
    """INSERT that does nothing where a primary or unique key exists; `rowcount` tells."""
    # unasked, SQLAlchemy forgets how many rows an INSERT made
    return insert(table).inline().ext(_OnConflict()).execution_options(preserve_rowcount=True)


def upsert(table: Table, columns: Sequence[str]) -> Insert:
    """INSERT that changes `columns` of the row with the same primary key."""
    return insert(table).inline().ext(_OnConflict([key.name for key in table.primary_key], columns))


def add_up(table: Table, columns: Sequence[str]) -> Insert:
    """INSERT that adds to `columns` of the row with the same primary key."""
    keys = [key.name for key in table.primary_key]
    return insert(table).inline().ext(_OnConflict(keys, columns, table.name))
