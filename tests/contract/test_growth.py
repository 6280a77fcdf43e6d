"""Ten times the rows must not be ten times the work.

Work is counted in steps of SQLite's virtual machine, which the machine's load does not change.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count
from uuid import UUID

from sqlalchemy import Connection, event, insert

from storage.engines import Database
from storage.index import tables
from storage.index.store import SqlIndex
from storage.vault_store.store import SqlVaultStore
from storage.vault_store.tables import VAULT
from tests.contract.storage_adapters import open_database
from tests.contract.storage_examples import a_submission

SMALL, LARGE = 10_000, 100_000
BOUND = 1.5
PER_RECORD = 10


def numbered(number: int) -> UUID:
    """Spread over the whole range like random ids, and known again by its number."""
    return UUID(int=(number * 0x9E3779B97F4A7C15F39CC0605CEDC835) % 2**128)


class Meter:
    """Counts the steps of everything that one database does."""

    def __init__(self, database: Database) -> None:
        self._steps = count()
        event.listen(database.engine, "connect", self._attach)

    def _attach(self, connection: sqlite3.Connection, _record: object) -> None:
        connection.set_progress_handler(lambda: next(self._steps) and None, 1)

    def steps(self, call: Callable[[], object]) -> int:
        before = next(self._steps)
        call()
        return next(self._steps) - before


@contextmanager
def loading(database: Database) -> Iterator[Connection]:
    """Bulk loading is not what is measured: no step of it is counted."""
    with database.writing() as connection:
        raw = connection.connection.dbapi_connection
        assert isinstance(raw, sqlite3.Connection)
        raw.set_progress_handler(None, 1)
        yield connection
    database.engine.dispose()


def fill_index(database: Database, start: int, stop: int) -> None:
    with loading(database) as connection:
        rows = range(start, stop)
        connection.execute(
            insert(tables.document),
            [
                {
                    "document_id": numbered(n),
                    "record_id": numbered(n // PER_RECORD),
                    "kind": "study",
                    "state": "approved",
                    "study_token": numbered(n).bytes,
                    "created_at": n,
                    "updated_at": n,
                }
                for n in rows
            ],
        )
        connection.execute(
            insert(tables.details),
            [
                {
                    "document_id": numbered(n),
                    "row_version": 1,
                    "submission_id": numbered(n),
                    "sealed": b"x" * 50,
                    "created_at": n,
                }
                for n in rows
            ],
        )
        connection.execute(
            insert(tables.instance),
            [
                {
                    "submission_id": numbered(n),
                    "part": 1,
                    "document_id": numbered(n),
                    "sop_token": b"1",
                    "series_token": None,
                    "blob_id": numbered(n),
                    "version": 1,
                    "offset": 0,
                    "length": 1,
                }
                for n in rows
            ],
        )
        connection.execute(
            insert(tables.submission),
            [
                {
                    "submission_id": numbered(n),
                    "depositor_token": b"d",
                    "state": "received" if n % 10 == 0 else "published",
                    "received_at": n,
                    "attempts": 0,
                    "lease_until": 0,
                    "not_before": 0,
                    "finished_at": n,
                    "settled_at": n,
                }
                for n in rows
            ],
        )


def index_work(index: SqlIndex, meter: Meter, rows: int) -> dict[str, int]:
    record, one = numbered(rows // PER_RECORD // 2), numbered(rows // 2)
    last = index.documents(record)[4][0]
    calls: dict[str, Callable[[], object]] = {
        "list": lambda: index.documents(record),
        "page": lambda: index.documents(record, after=(last.created_at, last.document_id), limit=3),
        "by id": lambda: index.documents_by_id(record, [one]),
        "by study": lambda: index.documents_by_study(record, one.bytes),
        "instance": lambda: index.instance(one, b"1"),
        "submission": lambda: index.submission(one),
        "receive": lambda: index.receive(a_submission(received_at=10**9), []),
        "claim": lambda: index.claim_next("w", now=rows, until=10**9),
        "unsettled": lambda: index.unsettled(rows),
    }
    return {name: meter.steps(call) for name, call in calls.items()}


def assert_bounded(small: dict[str, int], large: dict[str, int]) -> None:
    assert min(small.values()) > 5
    assert {name: large[name] / small[name] for name in small if large[name] > BOUND * small[name]} == {}


def test_the_index_answers_with_as_little_work_among_ten_times_the_rows(index_address: str) -> None:
    database = open_database(index_address)
    meter, index = Meter(database), SqlIndex(database)
    fill_index(database, 0, SMALL)
    small = index_work(index, meter, SMALL)
    fill_index(database, SMALL, LARGE)
    assert_bounded(small, index_work(index, meter, LARGE))


def test_counting_stops_at_its_cap(index_address: str) -> None:
    database = open_database(index_address)
    fill_index(database, 0, 3 * SMALL)
    counts = SqlIndex(database).counts()
    assert (counts["published"], counts["received"]) == (10_000, 3 * SMALL // 10)


def fill_vault(database: Database, start: int, stop: int) -> None:
    with loading(database) as connection:
        connection.execute(
            insert(VAULT.tables["record"]),
            [
                {
                    "record_id": numbered(n),
                    "public_id": numbered(-n),
                    "kind": "patient",
                    "ins_token": numbered(n).bytes,
                    "state": "active",
                    "shard_id": n % 16,
                    "key_version": 1,
                    "shard_version": 1,
                    "card_version": 1,
                    "created_at": n,
                }
                for n in range(start, stop)
            ],
        )
        connection.execute(
            insert(VAULT.tables["event"]),
            [
                {
                    "chain_id": numbered(n // PER_RECORD),
                    "chain": 1,
                    "seq": n % PER_RECORD + 1,
                    "leaf_hash": numbered(n).bytes,
                    "sealed": b"x" * 50,
                    "at": n,
                }
                for n in range(start, stop)
            ],
        )


def vault_work(store: SqlVaultStore, meter: Meter, rows: int) -> dict[str, int]:
    middle = rows // 2
    lookups: dict[str, tuple[str, dict[str, object]]] = {
        "record": ("record", {"record_id": numbered(middle)}),
        "public id": ("record", {"public_id": numbered(-middle)}),
        "ins": ("record", {"ins_token": numbered(middle).bytes}),
        "chain": ("event", {"chain_id": numbered(middle // PER_RECORD), "chain": 1}),
        "leaf": ("event", {"leaf_hash": numbered(middle).bytes}),
    }

    def ask(table: str, where: dict[str, object]) -> None:
        with store.reading() as tx:
            assert tx.find(table, limit=5, **where)

    return {name: meter.steps(partial(ask, *lookup)) for name, lookup in lookups.items()}


def test_the_vault_looks_up_with_as_little_work(vault_address: str) -> None:
    database = open_database(vault_address)
    meter, store = Meter(database), SqlVaultStore(database)
    fill_vault(database, 0, SMALL)
    small = vault_work(store, meter, SMALL)
    fill_vault(database, SMALL, LARGE)
    assert_bounded(small, vault_work(store, meter, LARGE))
