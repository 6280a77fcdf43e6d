"""Another process over the same store: `python -m tests.contract.storage_child VERB ADDRESS ARGUMENT…`.

The verbs of kill tests print "inside" in the middle of their work and wait to be killed.
"""

import itertools
import sys
import threading
import time
from uuid import UUID, uuid4

from records.errors import Conflict
from storage.migrations.migrate import upgrade
from tests.contract.storage_adapters import open_database, open_index, open_objects, open_vault_store
from tests.contract.storage_examples import claim_next, publication_of


def wait_inside() -> None:
    print("inside", flush=True)
    sys.stdin.readline()


def write_object(address: str, blob_id: str, text: str) -> None:
    """Waits for a line, then tries to take the name."""
    writer = open_objects(address).writer(UUID(blob_id), 1)
    writer.write(text.encode())
    wait_inside()
    try:
        writer.commit()
        print("won")
    except Conflict as error:
        print(error.code)


def write_large_object(address: str, blob_id: str) -> None:
    """Waits to be killed when more than one part of a multipart upload is written."""
    writer = open_objects(address).writer(UUID(blob_id), 1)
    for _ in range(9):
        writer.write(bytes(1 << 20))
    wait_inside()


def claim_all(address: str, worker: str) -> None:
    """Claims submissions until none is due and prints their ids."""
    index = open_index(address)
    wait_inside()
    while found := claim_next(index, worker, now=100, until=10_000):
        print(found.submission_id)


def publish_unfinished(address: str, submission_id: str) -> None:
    """Stops after every row of a publication is written and before it is committed."""
    index = open_index(address)
    database = index._database  # type: ignore[attr-defined]
    database.engine.dialect.do_commit = lambda _: wait_inside()
    index.publish(UUID(submission_id), "worker", publication_of(UUID(submission_id)))


def publish_finished(address: str, submission_id: str) -> None:
    open_index(address).publish(UUID(submission_id), "worker", publication_of(UUID(submission_id)))


def insert_unfinished(address: str, name: str) -> None:
    """Stops inside a write transaction of the vault's store."""
    with open_vault_store(address).writing() as tx:
        tx.insert("meta", {"name": name, "value": "lost"})
        wait_inside()


def insert_finished(address: str, name: str) -> None:
    """Stops after the transaction is left."""
    with open_vault_store(address).writing() as tx:
        tx.insert("meta", {"name": name, "value": "kept"})
    wait_inside()


def count_up(address: str, times: str) -> None:
    """Adds one to a counter so many times, each in a transaction of its own."""
    store = open_vault_store(address)
    wait_inside()
    for _ in range(int(times)):
        with store.writing() as tx:
            row = tx.get("shard", lock=True, shard_id=1, version=1)
            assert row is not None
            tx.update("shard", {"state": str(int(row["state"]) + 1)}, shard_id=1, version=1)


def insert_for_ever(address: str) -> None:
    """Commits three rows at a time and prints their number once they are durable."""
    store = open_vault_store(address)
    with store.reading() as tx:
        start = len(tx.find("leaf"))
    for number in itertools.count(start):
        leaf = number.to_bytes(32)
        with store.writing() as tx:
            tx.insert("leaf", {"position": number, "leaf_hash": leaf})
            tx.insert("entry", {"leaf_hash": leaf, "entry": b"x" * 300})
            tx.insert("pending", {"leaf_hash": leaf})
        print(number, flush=True)


def insert_together_for_ever(address: str) -> None:
    """Four threads; each commits three rows at a time and prints their number once they are durable."""
    store, numbers, printing = open_vault_store(address), itertools.count(time.time_ns()), threading.Lock()

    def insert() -> None:
        for number in iter(lambda: next(numbers), None):
            leaf = number.to_bytes(32)
            with store.writing() as tx:
                tx.insert("leaf", {"position": number % 2**53, "leaf_hash": leaf})
                tx.insert("entry", {"leaf_hash": leaf, "entry": b"x" * 300})
                tx.insert("pending", {"leaf_hash": leaf})
            with printing:
                print(number, flush=True)

    for _ in range(4):
        threading.Thread(target=insert).start()


def write_for_ever(address: str) -> None:
    """Commits objects whose bytes repeat their own id, and prints the id once they are durable."""
    objects = open_objects(address)
    while True:
        blob_id = uuid4()
        with objects.writer(blob_id, 1) as writer:
            for _ in range(8):
                writer.write(blob_id.bytes * 1000)
            print("begun", blob_id, flush=True)
            writer.commit()
        print("committed", blob_id, flush=True)


def upgrade_vault(address: str) -> None:
    database = open_database(address)
    wait_inside()
    upgrade(database, "vault")
    print("upgraded")


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
