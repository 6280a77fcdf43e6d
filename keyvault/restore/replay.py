"""Remember the changed rows that a restored vault would need (docs/vault.md section 5, step a).

A transaction wrapped here writes through and keeps the rows of the key tables that it changed; they go into
one `replay` row of the same transaction, so that an older backup can be brought forward, deletions included.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from audit.canonical import canonical
from keyvault.store import Row, VaultTransaction
from records.base64url import b64

REPLAYED = frozenset(
    {
        "secret",
        "withdrawn",
        "shard",
        "record",
        "record_key",
        "wrapped_key",
        "document",
        "document_row",
        "blob",
        "blob_document",
    }
)


class RecordingTransaction:
    """A `VaultTransaction` that remembers its changes to the replayed tables, in order."""

    def __init__(self, tx: VaultTransaction) -> None:
        self._tx = tx
        self._changes: list[dict[str, Any]] = []

    def get(self, table: str, /, *, lock: bool = False, **key: object) -> Row | None:
        return self._tx.get(table, lock=lock, **key)

    def find(
        self, table: str, /, *, order: str | Sequence[str] = (), limit: int | None = None, **where: object
    ) -> list[Row]:
        return self._tx.find(table, order=order, limit=limit, **where)

    def insert(self, table: str, /, *rows: Row) -> None:
        self._tx.insert(table, *rows)
        for row in rows:
            self._note("insert", table, row, {})

    def insert_new(self, table: str, row: Row, /) -> bool:
        new = self._tx.insert_new(table, row)
        if new:
            self._note("insert", table, row, {})
        return new

    def update(self, table: str, values: Row, /, **where: object) -> int:
        self._note("update", table, values, where)
        return self._tx.update(table, values, **where)

    def delete(self, table: str, /, **where: object) -> int:
        self._note("delete", table, {}, where)
        return self._tx.delete(table, **where)

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
