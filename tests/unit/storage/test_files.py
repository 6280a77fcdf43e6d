"""A database file that is only looked into says what its engine says, and is refused alike."""

import sqlite3
from pathlib import Path
from urllib.parse import quote

import pytest

from keyvault.status import vault_status
from records.durations import DAY_MS
from records.errors import CoffreError
from records.vocabulary.codes import SubmissionState
from storage.engines.opening import engine_for
from storage.engines.sqlite.files import IndexFile, VaultFile, looking_into
from storage.index.store import SqlIndex
from storage.migrations.migrate import upgrade
from storage.migrations.revisions import Branch, revisions
from storage.vault_store.store import SqlVaultStore


@pytest.fixture
def index(tmp_path: Path) -> Path:
    return made(tmp_path, "index")


def made(folder: Path, branch: Branch) -> Path:
    path = folder / f"{branch}.db"
    database = engine_for(f"sqlite:///{quote(str(path))}")
    upgrade(database, branch)
    database.close()
    return path


def test_counts_are_those_of_the_index(index: Path) -> None:
    with sqlite3.connect(index) as connection:
        for number, state in enumerate([*SubmissionState, *SubmissionState, SubmissionState.RECEIVED]):
            insert(
                connection,
                "submission",
                submission_id=bytes([number]) * 16,
                state=state.value,
                received_at=1000 + number,
            )
        for number, cpu_ms in enumerate((10, 20, 30)):
            row = {"structure_token": bytes([number]), "day": 3, "cpu_ms": cpu_ms, "lately_ms": 0, "at": 0}
            insert(connection, "cpu_use", **row)
        insert(connection, "part", submission_id=bytes(16), number=1, code="study_uid_shared")
    whole = SqlIndex(engine_for(f"sqlite:///{index}"))
    with looking_into(index, "index") as connection:
        found = IndexFile(connection)
        assert found.counts() == whole.counts() and found.counts()["received"] == 3
        assert found.oldest_received() == whole.oldest_received() == 1000
        assert found.sharing_identifiers() == whole.sharing_identifiers() == 1
        today = whole.cpu_of_day(3 * DAY_MS, 15)
        assert found.cpu_of_day(3 * DAY_MS, 15) == (today.cpu_ms, today.structures, today.past_allowance)
        assert found.cpu_of_day(3 * DAY_MS, 15) == (60, 3, 2)


def test_the_vault_s_status_is_that_of_its_store(tmp_path: Path) -> None:
    path = made(tmp_path, "vault")
    store = SqlVaultStore(engine_for(f"sqlite:///{path}"))
    with store.writing() as tx:
        tx.insert("meta", {"name": "root-rotation", "value": "3 running"})
        for number, state in enumerate(["live", "live", "retiring", "destroyed"]):
            tx.insert("shard", {"shard_id": number, "version": 1, "state": state, "wrap": b"w"})
        for position in range(12):
            tx.insert("leaf", {"leaf_hash": bytes([position]) * 32, "position": position})
    with store.reading() as tx, looking_into(path, "vault") as connection:
        ours = vault_status(VaultFile(connection), "file:/root", 0, has_second_place=True)
        assert ours == vault_status(tx, "file:/root", 0, has_second_place=True)
    assert ours["log_size"] == 12 and ours["shards"] == 2 and ours["root"] == "file"
    assert ours["root_rotations"] == 3 and ours["root_rotation_running"] is True


def test_nothing_can_be_written(index: Path) -> None:
    with pytest.raises(CoffreError) as told, looking_into(index, "index") as connection:
        connection.execute("DELETE FROM submission")
    assert told.value.code == "store_read_only"


def test_what_is_not_there_is_not_made(tmp_path: Path) -> None:
    assert code_of(tmp_path / "nothing.db") == "store_missing"
    assert list(tmp_path.iterdir()) == []


def test_a_name_with_the_signs_of_an_address(tmp_path: Path) -> None:
    folder = tmp_path / "a ?b#c%20d"
    folder.mkdir()
    with looking_into(made(folder, "index"), "index") as connection:
        assert IndexFile(connection).oldest_received() is None


def test_damage_and_other_versions_are_told(index: Path) -> None:
    last = revisions("index")[-1]
    for noted, code in ((("0001", None), "schema_behind"), (("9999", "9998"), "schema_ahead")):
        with sqlite3.connect(index) as connection:
            connection.execute("UPDATE alembic_version SET version_num = ?, runs_from = ?", noted)
        assert code_of(index) == code
    with sqlite3.connect(index) as connection:
        connection.execute("UPDATE alembic_version SET runs_from = ?", (last,))
    with looking_into(index, "index") as opened:
        assert IndexFile(opened).oldest_received() is None
    with sqlite3.connect(index) as connection:
        connection.execute("DROP TABLE alembic_version")
    assert code_of(index) == "schema_behind"
    index.write_bytes(b"garbage" * 1000)
    assert code_of(index) == "store_corrupt"


def code_of(path: Path) -> str:
    with pytest.raises(CoffreError) as told, looking_into(path, "index"):
        pass
    return told.value.code


def insert(connection: sqlite3.Connection, table: str, **row: object) -> None:
    """A row with something in each column that wants it."""
    columns = connection.execute(f"PRAGMA table_info({table})").fetchall()
    whole = {
        name: b"" if kind == "BLOB" else "" if kind in ("TEXT", "VARCHAR") else 0
        for _, name, kind, wanted, default, _ in columns
        if wanted and default is None
    } | row
    names, marks = ", ".join(whole), ", ".join("?" for _ in whole)
    statement = f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608 - names of this file
    connection.execute(statement, list(whole.values()))
