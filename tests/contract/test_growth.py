"""Ten times the rows must not be ten times the work.

Work is counted by the engine itself, in units that the machine's load does not change.
"""

from collections.abc import Callable
from functools import partial

import pytest

from storage.index.store import SqlIndex
from storage.vault_store.store import SqlVaultStore
from tests.contract.storage_adapters import open_database
from tests.contract.storage_examples import a_submission, claim_next
from tests.contract.storage_filling import PER_RECORD, fill_index, fill_vault, numbered
from tests.contract.storage_work import Meter, meter_of

SMALL = pytest.mark.parametrize("small", [3_000, pytest.param(10_000, marks=pytest.mark.long)])
CAP = 10_000
BOUND = 2
"""A tree of an index may be a level deeper; work that grew with the rows would be ten times as much."""
TURNS = 6
"""A claim begins with a structure by chance: of so many, one has the most work there can be."""


def index_work(index: SqlIndex, meter: Meter, rows: int) -> dict[str, int]:
    record, one = numbered(rows // PER_RECORD // 2), numbered(rows // 2)
    last = index.documents(record, limit=100)[4][0]
    calls: dict[str, Callable[[], object]] = {
        "list": lambda: index.documents(record, limit=100),
        "page": lambda: index.documents(record, after=(last.created_at, last.document_id), limit=3),
        "published": lambda: index.published(record, [one]),
        "by id": lambda: index.documents_by_id(record, [one]),
        "by study": lambda: index.documents_by_study(record, one.bytes),
        "submission": lambda: index.submission(one),
        "receive": lambda: index.receive(a_submission(received_at=10**9), []),
        "unsettled": lambda: index.unsettled(rows),
    }
    claims = [meter.work(lambda: claim_next(index, "w", now=rows, until=10**9)) for _ in range(TURNS)]
    return {name: meter.work(call) for name, call in calls.items()} | {"claim": max(claims)}


def assert_bounded(small: dict[str, int], large: dict[str, int]) -> None:
    assert min(small.values()) > 0
    assert {name: large[name] / small[name] for name in small if large[name] > BOUND * small[name]} == {}


@SMALL
def test_the_index_answers_with_as_little_work_among_ten_times_the_rows(
    index_address: str, small: int
) -> None:
    database = open_database(index_address)
    meter, index = meter_of(database), SqlIndex(database)
    fill_index(database, 0, small)
    among_few = index_work(index, meter, small)
    fill_index(database, small, 10 * small)
    assert_bounded(among_few, index_work(index, meter, 10 * small))


def test_counting_stops_at_its_cap(index_address: str) -> None:
    database = open_database(index_address)
    fill_index(database, 0, 12_000)
    counts = SqlIndex(database).counts()
    assert (counts["published"], counts["received"]) == (CAP, 1_200)


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

    return {name: meter.work(partial(ask, *lookup)) for name, lookup in lookups.items()}


@SMALL
def test_the_vault_looks_up_with_as_little_work(vault_address: str, small: int) -> None:
    database = open_database(vault_address)
    meter, store = meter_of(database), SqlVaultStore(database)
    fill_vault(database, 0, small)
    among_few = vault_work(store, meter, small)
    fill_vault(database, small, 10 * small)
    assert_bounded(among_few, vault_work(store, meter, 10 * small))
