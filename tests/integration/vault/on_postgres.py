"""The same vaults on Postgres: `COFFRE_TEST_STORE=postgres python -m pytest tests/integration/vault`."""

import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, get_args
from uuid import UUID

import psycopg

from keyvault.credentials.authority import Authority
from keyvault.process.guard import Guard
from keyvault.roots.file import FileRoot
from storage.engines.opening import Database, engine_for
from storage.migrations.schema_version import Branch
from storage.vault_store.store import SqlVaultStore
from tests.integration.vault.bench import VaultBench
from tests.services.fixtures_postgres import Databases

WITH_THE_FILE = (
    "test_what_was_counted_survives_a_kill",  # by a fork that opens the file anew
    "test_the_file_of_the_vault_holds_no_identity_in_clear",
    "test_killed_anywhere",  # of the rotations
    "test_either_root_starts_a_vault_at_any_point",  # killed anywhere, too
    "test_an_older_backup_of_the_whole_file",
    "test_a_manipulation_is_named[waiting_entry_changed]",
    "test_a_manipulation_is_named[tile_grown]",
    "test_a_manipulation_is_named[entry_changed]",
    "test_private_halves_lie_wrapped_in_a_database_of_their_own",
)
"""Beginnings of tests that take SQLite's file, or its functions over bytes, into their hands."""


class LikeSqlite:
    """A connection that takes the statements these tests write for SQLite: `?`, and ids as 16 bytes."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def execute(self, statement: str, values: Any = ()) -> "LikeSqliteCursor":
        cursor = self._connection.cursor()
        text = re.sub(r"\bgrant\b", '"grant"', statement.replace("%", "%%").replace("?", "%s"))
        text = re.sub(r"\bzeroblob\((\d+)\)", r"decode(repeat('00', \1), 'hex')", text)
        text = re.sub(r"\bx'([0-9a-f]*)'", r"'\\x\1'::bytea", text, flags=re.IGNORECASE)
        if "sqlite_master" in text:
            text = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        cursor.execute(text.encode(), tuple(map(_id, values)) or None)
        return LikeSqliteCursor(cursor)


class LikeSqliteCursor:
    def __init__(self, cursor: psycopg.Cursor[Any]) -> None:
        self._cursor = cursor
        self.rowcount = cursor.rowcount

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self.fetchall())

    def fetchall(self) -> list[tuple[Any, ...]]:
        return [tuple(map(_bytes, row)) for row in self._cursor] if self._cursor.description else []

    def fetchone(self) -> tuple[Any, ...] | None:
        row = self._cursor.fetchone()
        return None if row is None else tuple(map(_bytes, row))


def _id(value: object) -> object:
    return UUID(bytes=value) if isinstance(value, bytes) and len(value) == 16 else value


def _bytes(value: object) -> object:
    return value.bytes if isinstance(value, UUID) else value


@dataclass
class PostgresBench(VaultBench):
    """A running vault over databases of one server."""

    server: Databases = field(kw_only=True)
    names: Mapping[str, str] = field(kw_only=True)
    made: list[str] = field(kw_only=True)

    def _open(self, name: str) -> Database:
        self._databases.append(engine_for(self._address(name)))
        return self._databases[-1]

    def _address(self, name: str) -> str:
        return self.server.service.url(self.names[name])

    def copied(self, folder: Path) -> VaultBench:
        for database in self._databases:
            database.engine.dispose()  # nobody may be connected to what is copied
        shutil.copytree(self.folder, folder)
        names = {branch: self.server.copy(name) for branch, name in self.names.items()}
        self.made.extend(names.values())
        return replace(self, folder=folder, names=names)

    @contextmanager
    def sqlite(self, name: str = "vault") -> Iterator[Any]:
        with psycopg.connect(self._address(name).replace("+psycopg", "")) as connection:
            yield LikeSqlite(connection)


class Installed:
    """A vault with its keys and today's reception keys, from which every test's is copied."""

    def __init__(self, postgres: Databases, folder: Path, authority: Authority, officer: bytes) -> None:
        self._postgres, self.folder = postgres, folder
        self._authority, self._officer = authority, officer
        self._names = {branch: postgres.new(branch) for branch in get_args(Branch)}
        root = FileRoot.create(folder / "root.json", None)
        database = engine_for(postgres.service.url(self._names["vault"]))
        Guard.initialise(SqlVaultStore(database), root, shards=4)
        database.close()
        bench = self._bench(folder, self._names, [])
        bench.publish_day_keys()
        bench.close()

    def _bench(self, folder: Path, names: Mapping[str, str], made: list[str]) -> PostgresBench:
        return PostgresBench(
            folder, self._authority, self._officer, server=self._postgres, names=names, made=made
        )

    @contextmanager
    def copied(self, folder: Path) -> Iterator[PostgresBench]:
        names = {branch: self._postgres.copy(name) for branch, name in self._names.items()}
        made = list(names.values())
        bench = self._bench(folder, names, made)
        yield bench
        bench.close()
        for name in made:
            self._postgres.drop(name)
