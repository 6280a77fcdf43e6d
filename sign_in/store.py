"""The port of the store of accounts: this room declares it and knows no SQL.

A row is a mapping of column names to values. Conditions are `column=value` (None means "is null") or
`column__in`, `__lt`, `__le`, `__gt`, `__ge`.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

Row = Mapping[str, Any]


class AccountTransaction(Protocol):
    """One transaction of the accounts' own database: all of it is kept, or nothing."""

    def get(self, table: str, /, *, lock: bool = False, **key: object) -> Row | None:
        """The one matching row. `lock` holds it until the transaction ends, where the engine locks rows: of
        `writing()` alone.
        """

    def find(
        self, table: str, /, *, order: str | Sequence[str] = (), limit: int | None = None, **where: object
    ) -> list[Row]:
        """The matching rows; `order="-at"` descends."""

    def insert_new(self, table: str, /, *rows: Row) -> bool:
        """Add a row unless its key exists; False where it does."""

    def update(self, table: str, values: Row, /, **where: object) -> int:
        """Change the matching rows and count them; an empty condition is refused."""

    def delete(self, table: str, /, **where: object) -> int:
        """Remove the matching rows and count them; an empty condition is refused."""


class AccountStore(Protocol):
    """Durable once `writing()` is left; rolled back where the block raises."""

    def writing(self) -> AbstractContextManager[AccountTransaction]: ...

    def reading(self) -> AbstractContextManager[AccountTransaction]: ...
