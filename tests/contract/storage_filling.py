"""Rows by the ten thousand, known again by their numbers."""

from uuid import UUID

from sqlalchemy import insert

from storage.engines.opening import Database
from storage.index import tables
from storage.vault_store.tables import VAULT
from tests.contract.storage_work import loading

PER_RECORD = 10


def numbered(number: int) -> UUID:
    """Spread over the whole range like random ids, and known again by its number."""
    return UUID(int=(number * 0x9E3779B97F4A7C15F39CC0605CEDC835) % 2**128)


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
                    # one with a long backlog, and thousands with one each
                    "depositor_token": b"d" if n % 20 == 0 else numbered(n).bytes,
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
                }
                for n in range(start, stop)
            ],
        )
