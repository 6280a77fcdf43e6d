"""A connection that ends before a statement, as that of a process which ends in the middle."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, event

from storage.engines.opening import Database


class CutError(Exception):
    """A process that ends in the middle."""


@contextmanager
def cut_at(database: Database, number: int) -> Iterator[list[str]]:
    """Its connection ends before the statement of this number; lists those before it."""
    seen: list[str] = []

    def before(_connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        if len(seen) == number:
            raise CutError
        seen.append(statement)

    event.listen(database.engine, "before_cursor_execute", before)
    try:
        yield seen
    finally:
        event.remove(database.engine, "before_cursor_execute", before)
