"""A page of a list, a search by date and a grant of one document, by the length of the record: CPU and lock.

The vault in this process on SQLite. The lock is the vault's write transaction: who writes waits that long.
"""

import hashlib
import secrets
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import get_args
from unittest.mock import patch

from benchmarks.tools.measuring import compete, table
from keyvault.credentials.authority import Authority
from keyvault.crypto.boxes import new_box_key
from keyvault.grants.grant import new_recipient
from keyvault.process.guard import Guard
from keyvault.roots.file import FileRoot
from keyvault.store import VaultTransaction
from keyvault.verbs.reader.grants.releasing import Released
from keyvault.verbs.reader.lists.filling import ListPage
from keyvault.verbs.reader.lists.listing import Listing
from keyvault.verbs.rows import SealedRow
from keyvault.verbs.worker.adoption.adopt_request import Adopted
from keyvault.verbs.worker.deposits.ingest_request import ForIngest
from records.filters import DocumentFilter
from records.vocabulary.codes import Environment
from storage.engines.opening import engine_for
from storage.migrations.migrate import upgrade
from storage.migrations.revisions import Branch
from storage.vault_store.store import SqlVaultStore
from tests.integration.vault.bench import Person, VaultBench

LENGTHS = (10, 1_000, 10_000)
AT_ONCE = 200  # documents of a submission
ROUNDS = 5


@dataclass
class Lock:
    """Seconds that write transactions took since it was last forgotten."""

    held: float = 0.0


def run() -> None:
    with tempfile.TemporaryDirectory() as made:
        vault = installed(Path(made))
        try:
            table(
                "One call of the vault by the length of the record, on SQLite: ms",
                (
                    "documents",
                    "page of 100: CPU",
                    "in the lock",
                    "dates of all: CPU",
                    "in the lock",
                    "grant of one: CPU",
                    "grant of one: in the lock",
                ),
                [_measured(vault, length) for length in LENGTHS],
            )
        finally:
            vault.close()


def _measured(vault: VaultBench, length: int) -> tuple[str, ...]:
    person = vault.person()
    rows = filled(vault, person, length)
    one = rows[length // 2]
    _, recipient = new_recipient()

    def listed() -> None:
        answer = vault.reader.list(person.call, person.record_id, ListPage())
        assert isinstance(answer, Listing)
        assert len(answer.documents) == min(length, 100)

    def searched() -> None:
        wanted = DocumentFilter(last=date(1900, 1, 1))
        answer = vault.reader.list(person.call, person.record_id, ListPage(wanted=wanted))
        assert isinstance(answer, Listing)
        assert answer.documents == ()

    def granted() -> None:
        named = [[one.document_id]]
        answer = vault.reader.release(
            person.call, person.record_id, [one], documents=named, recipient=recipient
        )
        assert isinstance(answer, Released)

    found = []
    for work in (listed, searched, granted):
        with _timed(vault) as lock:
            cpu = compete({"": work}, ROUNDS)[""].cpu
        found += [f"{cpu * 1000:,.1f}", f"{lock.held / (ROUNDS + 1) * 1000:,.1f}"]
    return (f"{length:,}", *found)


@contextmanager
def _timed(vault: VaultBench) -> Iterator[Lock]:
    lock, writing = Lock(), vault.store.writing

    @contextmanager
    def timed() -> Iterator[VaultTransaction]:
        with writing() as tx:
            began = time.perf_counter()
            yield tx
            lock.held += time.perf_counter() - began

    with patch.object(vault.store, "writing", timed):
        yield lock


def filled(vault: VaultBench, person: Person, length: int) -> list[SealedRow]:
    """Reports of one laboratory, each in a blob of its own; their rows as the index keeps them."""
    rows: list[SealedRow] = []
    while len(rows) < length:
        rows += _deposit(vault, person, min(AT_ONCE, length - len(rows)), len(rows))
    return rows


def _deposit(vault: VaultBench, person: Person, count: int, first: int) -> Iterator[SealedRow]:
    received = vault.receive(ins=person.ins)
    taken = vault.take(received)
    assert isinstance(taken, ForIngest)
    plain = vault.request(received, person.ins, b"")
    (document,) = plain.documents
    content = document.details.content
    assert content is not None
    documents, blobs = [], []
    for number in range(first, first + count):
        blob = vault.seal_like_worker(received, taken, b"%d" % number)
        place = replace(content.place, blob_id=blob.blob_id, sha256=hashlib.sha256(b"%d" % number).digest())
        details = replace(document.details, content=replace(content, place=place))
        documents.append(replace(document, blobs=((blob.blob_id, 1),), details=details))
        blobs.append(blob)
    adopted = vault.worker.adopt(replace(plain, documents=tuple(documents), blobs=tuple(blobs)))
    assert isinstance(adopted, Adopted)
    for each in adopted.documents:
        yield SealedRow(each.document_id, each.row_version, received.submission_id, each.sealed)


def installed(folder: Path) -> VaultBench:
    authority = Authority(secrets.token_bytes(32), environment=Environment.TEST)
    root = FileRoot.create(folder / "root.json", None)
    for branch in get_args(Branch):
        database = engine_for(f"sqlite:///{folder / branch}.db")
        upgrade(database, branch)
        if branch == "vault":
            Guard.initialise(SqlVaultStore(database), root, shards=4)
        database.close()
    vault = VaultBench(folder, authority, new_box_key()[1])
    vault.publish_day_keys()
    return vault
