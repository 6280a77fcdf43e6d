"""Each table of the stores stands where one may be forgotten, or is named with its reason.

The tables are those of the databases. A new one fails here until it is replayed and so shipped, granted to
the roles that need it, compared by `check`, and comes back with a backup.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Table, event, insert, select

from coffre.safekeeping.checking.check import Check
from coffre.safekeeping.checking.sides import Sides
from keyvault.restore.forward import bring_forward
from keyvault.restore.replay import REPLAYED, RecordingTransaction
from storage.engines.archiving import put_back, snapshots
from storage.engines.opening import Database, engine_for
from storage.engines.postgres import roles
from storage.index import roles as index_roles
from storage.migrations.migrate import TABLES, upgrade
from storage.migrations.revisions import Branch
from storage.objects.opening import open_objects
from storage.vault_store import roles as vault_roles
from storage.vault_store.store import SqlVaultStore
from tests.contract.storage_filling import fill_index
from tests.integration.vault.bench import Person, VaultBench

VAULT, INDEX = TABLES["vault"], TABLES["index"]
RIGHTS: Mapping[Branch, roles.Rights] = {
    "vault": vault_roles.RIGHTS,
    "index": index_roles.RIGHTS,
    "day_keys": vault_roles.DAY_KEY_RIGHTS,
}

THE_LOG = frozenset(
    {"accountability", "chain", "checkpoint", "entry", "event", "leaf", "pending", "replay", "tile"}
)
"""Brought forward by its own entries, and shipped with them (keyvault/restore/forward.py)."""
NOT_REPLAYED: Mapping[str, str] = {
    "contact_code": "ten minutes long: who was sent one before the loss asks anew",
    "document_summary": "made anew from the details at the next list",
    "emergency_window": "four hours long: an emergency that goes on writes its reason anew",
    "grant": "fifteen minutes long: a restored vault begins without grants, and revives none",
    "ingest": "work in hand: the worker that lost its answer asks again",
    "ingest_answer": "work in hand, like `ingest`",
    "job": "work in hand: what was not done is asked for again",
    "lease": "who leads, for seconds",
    "meta": "whom the vault accepts: fixed by its owner, and in each backup",
    "proof": "proofs of possession that were used, for a minute",
    "quota": "counters of an hour",
    "quota_count": "counters of an hour",
    "refusal": "refusals of one hour, to be told by one line",
    "shipped": "what stands in the second place, which says so itself",
}
NOT_CHECKED: Mapping[str, str] = {
    "clock_mark": "the latest time seen: it moves on with the next pass",
    "contact_code": NOT_REPLAYED["contact_code"],
    "document_summary": "what doesn't open is made anew from the details",
    "emergency_window": NOT_REPLAYED["emergency_window"],
    "first_access": "tokens under a key of the record: who loses one is told of once more",
    "grant": NOT_REPLAYED["grant"],
    "ingest": NOT_REPLAYED["ingest"],
    "ingest_answer": NOT_REPLAYED["ingest_answer"],
    "job": NOT_REPLAYED["job"],
    "lease": NOT_REPLAYED["lease"],
    "meta": "compared with what the installation says at each start",
    "notice": "what doesn't open is never sent, and stands among what reached nobody",
    "proof": NOT_REPLAYED["proof"],
    "quota": NOT_REPLAYED["quota"],
    "quota_count": NOT_REPLAYED["quota_count"],
    "refusal": "bound to the line that tells them",
    "replay": "read by a restore alone, after which `check` compares what it made",
    "secret": "opened at each start: a vault with another one does not begin",
    "shard": "opened at each start, like `secret`",
    "shipped": NOT_REPLAYED["shipped"],
    "withdrawn": "credentials that count no more: the log tells of each",
}

INDEX_NOT_CHECKED: Mapping[str, str] = {
    "issuer_list": "whom intake believes, signed by the vault and verified each time it is read",
    "cpu_use": "a day's use of the processor, by which turns are taken",
    "depositor": "whose turn it is",
    "exercise": "public, and imported anew: what the directory's file says counts",
    "lease": "of 0.1.0: nothing reads or writes it any more",
    "part": "verdicts as they were told to their depositor; what they published is compared",
    "part_claim": "work in hand",
    "practitioner": "public, like `exercise`",
    "reception_key": "public keys, certified by the vault: intake compares each before it seals to it",
    "shared_instance": "which identifiers several documents share: what a list warns of, told by `instance`",
    "sign_in": "who is signed in: signed, and judged by the vault at each call",
    "structure": "public, like `exercise`",
    "token": "where the parts of a study are looked for: what it finds is judged by the vault",
}


def tables(branch: Branch) -> list[Table]:
    return sorted(TABLES[branch].tables.values(), key=lambda table: table.name)


def example(table: Table) -> dict[str, Any]:
    """A row with something in each column."""
    made = {"BigInteger": 7, "Unsigned64": 2**63, "Text": "a", "Bytes": b"\0\xff" * 16, "Id": uuid4()}
    return {column.name: made[type(column.type).__name__] for column in table.columns}


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[list[Database]]:
    """Two empty vaults' databases."""
    made = [engine_for(f"sqlite:///{tmp_path}/{name}.db") for name in ("one", "other")]
    for database in made:
        upgrade(database, "vault")
    yield made
    for database in made:
        database.close()


def test_each_table_is_replayed_or_says_why_not() -> None:
    assert {*VAULT.tables} == REPLAYED | THE_LOG | NOT_REPLAYED.keys()
    assert not REPLAYED & (THE_LOG | NOT_REPLAYED.keys()) and not THE_LOG & NOT_REPLAYED.keys()


@pytest.mark.requirement("R49")
@pytest.mark.parametrize("name", sorted(REPLAYED))
def test_a_row_of_a_replayed_table_reaches_a_vault_that_is_brought_forward(
    stores: list[Database], name: str
) -> None:
    """What changed it is kept whatever its columns, and carried out: put in, changed, deleted."""
    table = VAULT.tables[name]
    one, other = (SqlVaultStore(database) for database in stores)
    row = example(table)
    key = {column.name: row[column.name] for column in table.primary_key}
    with one.writing() as tx:
        recording = RecordingTransaction(tx)
        recording.insert(name, row)
        recording.keep(b"1" * 32, 1)
    with one.reading() as newer, other.writing() as tx:
        bring_forward(tx, newer)
        assert tx.find(name, **key) == one_of(one, name, key)
    with one.writing() as tx:
        recording = RecordingTransaction(tx)
        named = key | ({"record_id": row["record_id"]} if "record_id" in row else {})
        recording.delete(name, **named)
        recording.keep(b"2" * 32, 2)
    with one.reading() as newer, other.writing() as tx:
        bring_forward(tx, newer)
        assert tx.find(name, **key) == []


def one_of(store: SqlVaultStore, name: str, key: Mapping[str, Any]) -> list[Any]:
    with store.reading() as tx:
        found = tx.find(name, **key)
    assert len(found) == 1
    return found


@pytest.mark.parametrize("branch", RIGHTS)
def test_each_table_is_granted_to_whoever_needs_it_and_no_other_is(branch: Branch) -> None:
    """Read by somebody, written by somebody; `meta` and the directory are the owner's to write."""
    lines = [line for grants in RIGHTS[branch].grants.values() for line in grants]
    read, written = granted(lines, "SELECT"), granted(lines, "INSERT")
    here = {*TABLES[branch].tables}
    assert read == here - {"lease"} | (read & {"lease"})
    owners = {"meta", "practitioner", "structure", "exercise"}
    assert written == here - owners - ({"lease"} if branch == "index" else set())


def granted(lines: list[str], right: str) -> set[str]:
    found: set[str] = set()
    for line in lines:
        rights, _, names = line.rpartition(" ON ")
        if re.search(rf"\b{right}\b", rights):
            found |= {name.strip().strip('"') for name in names.split(",")}
    return found


def test_each_table_of_the_vault_is_compared_by_check_or_says_why_not(
    vault: VaultBench, person: Person, tmp_path: Path
) -> None:
    vault.deposit(person)
    vault.authorise(person)
    fill_index(vault.index_database, 0, 1)
    vault.store.forget()
    check(vault, tmp_path)
    read = {each.table for each in vault.store.statements if each.verb in ("get", "find")}
    assert {*VAULT.tables} == read | NOT_CHECKED.keys()
    assert not read & NOT_CHECKED.keys()


def test_each_table_of_the_index_is_compared_by_check_or_says_why_not(
    vault: VaultBench, tmp_path: Path
) -> None:
    fill_index(vault.index_database, 0, 1)
    read: set[str] = set()

    def note(_: object, __: object, statement: str, *more: object) -> None:
        read.update(re.findall(r"(?:FROM|JOIN) \"?([a-z_]+)", statement))

    event.listen(vault.index_database.engine, "before_cursor_execute", note)
    check(vault, tmp_path)
    assert {*INDEX.tables} == read & {*INDEX.tables} | INDEX_NOT_CHECKED.keys()
    assert not read & INDEX_NOT_CHECKED.keys()


def check(vault: VaultBench, folder: Path) -> None:
    sides = Sides(
        index=vault.index,
        inventory=vault.index.inventory,
        objects=open_objects(f"file://{folder}/objects"),
        vault=vault.guard.inspector,
        now_ms=int(vault.clock() * 1000),
    )
    Check(sides).run()


@pytest.mark.parametrize("branch", ["vault", "index"])
def test_each_table_comes_back_with_a_backup(tmp_path: Path, branch: Branch) -> None:
    """One row in each, saved as a backup saves it and put back."""
    databases = {name: engine_for(f"sqlite:///{tmp_path}/{name}.db") for name in ("index", "vault")}
    for name, database in databases.items():
        upgrade(database, name)  # type: ignore[arg-type]
    with databases[branch].writing() as connection:
        for table in tables(branch):
            if not connection.execute(select(table)).first():
                connection.execute(insert(table), [example(table)])
    with snapshots(databases["index"], databases["vault"]) as saved:
        snapshot = saved[branch == "vault"]
        (tmp_path / "saved").mkdir()
        counts, file = snapshot.counts(), snapshot.save(tmp_path / "saved")
    assert counts.keys() == TABLES[branch].tables.keys() and all(counts.values())
    put_back(file, f"sqlite:///{tmp_path}/back.db")
    back = engine_for(f"sqlite:///{tmp_path}/back.db")
    with databases[branch].reading() as here, back.reading() as there:
        for table in tables(branch):
            assert here.execute(select(table)).all() == there.execute(select(table)).all()
