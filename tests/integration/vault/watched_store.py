"""The vault's real store behind a counter: counts statements, and fails at the one a test chooses."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

from keyvault.store import Row, VaultStore, VaultTransaction

WRITES = frozenset({"insert", "insert_new", "update", "delete", "count"})


class Killed(BaseException):
    """The process dies here: nothing may catch this."""


@dataclass(frozen=True, slots=True)
class Statement:
    verb: str
    table: str


@dataclass
class WatchedStore:
    """`statements` since `forget()`; `fail` is asked before each, the commit included."""

    inner: VaultStore
    statements: list[Statement] = field(default_factory=list)
    fail: Callable[[int, Statement], bool] | None = None

    def forget(self) -> None:
        self.statements = []

    @property
    def writes(self) -> list[Statement]:
        return [each for each in self.statements if each.verb in WRITES]

    def step(self, verb: str, table: str) -> None:
        statement = Statement(verb, table)
        self.statements.append(statement)
        if self.fail is not None and self.fail(len(self.statements) - 1, statement):
            raise Killed

    @contextmanager
    def writing(self) -> Iterator[VaultTransaction]:
        with self.inner.writing() as tx:
            yield _WatchedTransaction(self, tx)
            self.step("commit", "")

    @contextmanager
    def reading(self) -> Iterator[VaultTransaction]:
        with self.inner.reading() as tx:
            yield _WatchedTransaction(self, tx, locks=False)


class _WatchedTransaction:
    def __init__(self, store: WatchedStore, tx: VaultTransaction, *, locks: bool = True) -> None:
        """`locks` False: it only reads. Postgres refuses a lock there; SQLite, which has none, does not."""
        self._store = store
        self._locks = locks
        self._tx = tx

    def get(self, table: str, /, *, lock: bool = False, **key: object) -> Row | None:
        self._store.step("get", table)
        assert self._locks or not lock, f"{table} is locked where nothing is written"
        return self._tx.get(table, lock=lock, **key)

    def find(
        self, table: str, /, *, order: str | Sequence[str] = (), limit: int | None = None, **where: object
    ) -> list[Row]:
        self._store.step("find", table)
        return self._tx.find(table, order=order, limit=limit, **where)

    def insert(self, table: str, /, *rows: Row) -> None:
        self._store.step("insert", table)
        self._tx.insert(table, *rows)

    def insert_new(self, table: str, /, *rows: Row) -> bool:
        self._store.step("insert_new", table)
        return self._tx.insert_new(table, *rows)

    def update(self, table: str, values: Row, /, **where: object) -> int:
        self._store.step("update", table)
        return self._tx.update(table, values, **where)

    def delete(self, table: str, /, **where: object) -> int:
        self._store.step("delete", table)
        return self._tx.delete(table, **where)

    def count(self, subject: bytes, hour: int, added: int) -> Row:
        self._store.step("count", "quota_count")
        return self._tx.count(subject, hour, added)

    def standing(self, grant_id: UUID) -> Row | None:
        self._store.step("standing", "grant")
        return self._tx.standing(grant_id)
