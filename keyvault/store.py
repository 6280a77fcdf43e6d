"""The port of the vault's store.

The vault declares this interface and knows no SQL; `storage/vault_store` implements it without importing it.
Tables and columns are those of docs/vault.md section 1. A row is a mapping of column names to values.
Conditions are `column=value` (None means "is null") or `column__in`, `__lt`, `__le`, `__gt`, `__ge`.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol
from uuid import UUID

from uuid_utils.compat import uuid7

Row = Mapping[str, Any]


class VaultRows(Protocol):
    """What can be looked at in the vault's own database."""

    def get(self, table: str, /, *, lock: bool = False, **key: object) -> Row | None:
        """The one matching row. `lock` holds it until the transaction ends, where the engine locks rows."""

    def find(
        self, table: str, /, *, order: str | Sequence[str] = (), limit: int | None = None, **where: object
    ) -> list[Row]:
        """The matching rows; `order="-at"` descends."""


class VaultTransaction(VaultRows, Protocol):
    """One transaction of the vault's own database: all of it is kept, or nothing."""

    def insert(self, table: str, /, *rows: Row) -> None:
        """Add rows; an existing key is a programming error and raises."""

    def insert_new(self, table: str, /, *rows: Row) -> bool:
        """Add a row unless its key exists; False where it does."""

    def update(self, table: str, values: Row, /, **where: object) -> int:
        """Change the matching rows and count them; an empty condition is refused."""

    def delete(self, table: str, /, **where: object) -> int:
        """Remove the matching rows and count them; an empty condition is refused."""

    def count(self, subject: bytes, hour: int, added: int) -> Row:
        """Add to a counter of `quota_count` in one statement, and answer `n` of this clock hour, `before` of
        the last one and `others`, the sum from 23 hours ago on without this one. Whoever else counts it
        waits until the transaction ends.
        """

    def standing(self, grant_id: UUID) -> Row | None:
        """The row of a grant, with `epoch` of its record, and since when its credential and all of its
        holder's are withdrawn (`credential_since`, `holder_since`), in one statement; each None where there
        is nothing.
        """


class VaultStore(Protocol):
    """Durable once `writing()` is left; rolled back where the block raises."""

    def writing(self) -> AbstractContextManager[VaultTransaction]: ...

    def reading(self) -> AbstractContextManager[VaultTransaction]: ...


def new_id() -> UUID:
    """A time-ordered id (UUIDv7): rows of one moment lie together in every index."""
    return uuid7()
