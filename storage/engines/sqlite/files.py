"""Look into databases that are files, with the driver alone: for what is shown before an engine is loaded.

Nothing can be written through these connections.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from records.durations import DAY_MS
from records.vocabulary.codes import SubmissionState
from storage.engines.sqlite.failures import failure
from storage.index import counted
from storage.migrations.revisions import Branch, Noted, refuse_other, revisions

_BUSY_S = 15.0
Row = Mapping[str, Any]


class IndexFile:
    """The index's counts, as `storage.ports.index` has them."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def counts(self) -> dict[str, int]:
        return {state.value: self._first(counted.IN_STATE, state=state.value)[0] for state in SubmissionState}

    def oldest_received(self) -> int | None:
        found: int | None = self._first(counted.OLDEST_RECEIVED)[0]
        return found

    def months_missing(self, _now_ms: int) -> list[int]:
        """A file has no partitions."""
        return []

    def sharing_identifiers(self) -> int:
        return int(self._first(counted.SHARING_IDENTIFIERS)[0])

    def cpu_of_day(self, at: int, allowance_ms: int) -> tuple[int, int, int]:
        """CPU (ms), structures, and those of them past the allowance."""
        cpu_ms, structures, past = self._first(counted.CPU_OF_DAY, day=at // DAY_MS, allowance=allowance_ms)
        return cpu_ms, structures, past

    def _first(self, statement: str, **values: object) -> tuple[Any, ...]:
        row: tuple[Any, ...] = self._connection.execute(statement, values).fetchone()
        return row


class VaultFile:
    """Rows of the vault's tables: the verbs of `keyvault.store` that look, for equal values alone."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def get(self, table: str, /, *, lock: bool = False, **key: object) -> Row | None:
        """`lock` has no meaning here: nothing is written."""
        rows = self._rows(table, (), 1, key)
        return rows[0] if rows else None

    def find(
        self, table: str, /, *, order: str | Sequence[str] = (), limit: int | None = None, **where: object
    ) -> list[Row]:
        return self._rows(table, [order] if isinstance(order, str) else order, limit, where)

    def _rows(
        self, table: str, orders: Sequence[str], limit: int | None, where: Mapping[str, object]
    ) -> list[Row]:
        """Names are those of the code, never of a caller."""
        sorting = [f"{name.lstrip('-')} {'DESC' if name.startswith('-') else 'ASC'}" for name in orders]
        asked = [
            f"SELECT * FROM {table}",  # noqa: S608 - see above
            *(["WHERE " + " AND ".join(f"{name} = :{name}" for name in where)] if where else []),
            *(["ORDER BY " + ", ".join(sorting)] if sorting else []),
            *([f"LIMIT {limit:d}"] if limit is not None else []),
        ]
        cursor = self._connection.execute(" ".join(asked), where)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]


@contextmanager
def looking_into(path: Path, branch: Branch) -> Iterator[sqlite3.Connection]:
    """One snapshot of a database of this version's tables.

    CoffreError `schema_behind`, `schema_ahead`, and those of `storage.engines.transactions.Database`.
    """
    connection = None
    try:
        address = f"{path.absolute().as_uri()}?mode=rw"
        # None: the driver never begins a transaction by itself
        connection = sqlite3.connect(address, uri=True, timeout=_BUSY_S, isolation_level=None)
        connection.execute("PRAGMA query_only=ON")
        connection.execute("BEGIN")
        refuse_other(_noted(connection), revisions(branch))
        yield connection
    except sqlite3.Error as error:
        if (known := failure(error)) is None:
            raise
        raise known from error
    finally:
        if connection is not None:
            connection.close()


def _noted(connection: sqlite3.Connection) -> Noted:
    columns = [row[1] for row in connection.execute("PRAGMA table_info(alembic_version)")]
    if not columns:
        return Noted(None)
    found = [name for name in ("version_num", "runs_from") if name in columns]
    row = connection.execute(f"SELECT {', '.join(found)} FROM alembic_version").fetchone()  # noqa: S608
    return Noted(*row) if row is not None else Noted(None)
