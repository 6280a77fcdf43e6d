"""Remember the changed rows that a restored vault would need (docs/vault.md section 5, step a).

A transaction wrapped here writes through and keeps the rows of the key tables that it changed; they go into
one `replay` row of the same transaction, so that an older backup can be brought forward, deletions included.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from audit.canonical import canonical
from keyvault.store import Row, VaultTransaction
from records.text.base64url import b64

REPLAYED = frozenset(
    {
        "secret",
        "withdrawn",
        "issuer",
        "shard",
        "record",
        "record_key",
        "wrapped_key",
        "document",
        "document_row",
        "blob",
        "blob_document",
        "contact",
        "first_access",
        "notice",
        "authorisation",
        "circle",
        "clock",
        "clock_mark",
    }
)

DECIDING = frozenset({"record", "record_key", "wrapped_key", "document", "blob", "authorisation", "circle"})
"""Tables from which it is decided what somebody may see or open of a record, and by which keys.

`document_row` and `blob_document` change together with `document` or `blob`.
"""


class RecordingTransaction:
    """A `VaultTransaction` that remembers its changes to the replayed tables, in order.

    A change of a deciding table raises the epoch of its record.
    """

    def __init__(self, tx: VaultTransaction) -> None:
        self._tx = tx
        self._changes: list[dict[str, Any]] = []
        self._raised: set[UUID] = set()

    def get(self, table: str, /, *, lock: bool = False, **key: object) -> Row | None:
        return self._tx.get(table, lock=lock, **key)

    def find(
        self, table: str, /, *, order: str | Sequence[str] = (), limit: int | None = None, **where: object
    ) -> list[Row]:
        return self._tx.find(table, order=order, limit=limit, **where)

    def insert(self, table: str, /, *rows: Row) -> None:
        self._raise_epochs(table, *rows)
        self._tx.insert(table, *rows)
        for row in rows:
            self._note("insert", table, row, {})

    def insert_new(self, table: str, /, *rows: Row) -> bool:
        """Rows of a replayed table are new together, or whoever asked raises."""
        self._raise_epochs(table, *rows)
        new = self._tx.insert_new(table, *rows)
        if new:
            for row in rows:
                self._note("insert", table, row, {})
        return new

    def update(self, table: str, values: Row, /, **where: object) -> int:
        self._raise_epochs(table, where)
        self._note("update", table, values, where)
        return self._tx.update(table, values, **where)

    def delete(self, table: str, /, **where: object) -> int:
        self._raise_epochs(table, where)
        self._note("delete", table, {}, where)
        return self._tx.delete(table, **where)

    def count(self, subject: bytes, hour: int, added: int) -> Row:
        return self._tx.count(subject, hour, added)

    def standing(self, grant_id: UUID) -> Row | None:
        return self._tx.standing(grant_id)

    def _raise_epochs(self, table: str, *named: Row) -> None:
        """Raise `record.epoch` of the records whose rows are about to change, each once a transaction.

        The record is locked from here on, before a line is written: whoever compares its epoch waits.
        """
        if table not in DECIDING:
            return
        for record_id in records_of(table, named) - self._raised:
            self._raised.add(record_id)
            row = self._tx.get("record", lock=True, record_id=record_id)
            if row is None:  # it begins in this transaction: nobody has judged it yet
                continue
            values, where = {"epoch": row["epoch"] + 1}, {"record_id": record_id}
            self._note("update", "record", values, where)
            self._tx.update("record", values, **where)

    def _note(self, verb: str, table: str, values: Row, where: Row) -> None:
        if table in REPLAYED:
            self._changes.append(
                {"do": verb, "table": table, "values": _portable(values), "where": _portable(where)}
            )

    def keep(self, leaf: bytes, at_ms: int) -> None:
        """Write the changes as one replay row bound to the entry `leaf`; nothing changed, nothing written."""
        if not self._changes:
            return
        kinds = "+".join(sorted({change["table"] for change in self._changes}))
        row = {"leaf_hash": leaf, "kind": kinds, "payload": canonical(self._changes), "at": at_ms}
        self._tx.insert("replay", row)
        self._changes = []


def records_of(table: str, named: Iterable[Row]) -> set[UUID]:
    """The records that rows or conditions name. Raises TypeError where one of a deciding table names none."""
    found: set[UUID] = set()
    for each in named:
        if "record_id" not in each:
            raise TypeError(f"a change of {table} names its record, whose epoch it raises")
        found.add(each["record_id"])
    return found


def _portable(row: Row) -> dict[str, Any]:
    return {column: _value(value) for column, value in row.items()}


def _value(value: object) -> object:
    if isinstance(value, bytes):
        return {"bytes": b64(value)}
    if isinstance(value, UUID):
        return {"uuid": str(value)}
    if isinstance(value, (list, tuple)):
        return [_value(item) for item in value]
    return value
