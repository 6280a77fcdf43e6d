"""Addresses of empty stores, one parameter per adapter."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from subprocess import PIPE, Popen
from sys import executable

import pytest

from storage.migrations.migrate import upgrade
from storage.migrations.revisions import Branch
from storage.ports.index import Index
from storage.ports.objects import ObjectStore
from storage.vault_store.store import SqlVaultStore
from tests.contract.storage_adapters import Spawn, open_database, open_index, open_objects, open_vault_store
from tests.services.fixtures_postgres import NewDatabase


@pytest.fixture
def objects(objects_address: str) -> ObjectStore:
    return open_objects(objects_address)


@pytest.fixture(params=["sqlite", "postgres"])
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> NewDatabase:
    """Makes a database on each engine: with a branch's tables, or empty without one."""
    if request.param == "postgres":
        found: NewDatabase = request.getfixturevalue("postgres_database")
        return found
    numbers = count(1)

    def new(branch: Branch | None = None) -> str:
        address = f"sqlite:///{tmp_path}/{branch or 'empty'}-{next(numbers)}.db"
        if branch is not None:
            upgrade(open_database(address), branch)
        return address

    return new


@pytest.fixture
def index_address(new_database: NewDatabase) -> str:
    return new_database("index")


@pytest.fixture
def index(index_address: str) -> Index:
    return open_index(index_address)


@pytest.fixture
def vault_address(new_database: NewDatabase) -> str:
    return new_database("vault")


@pytest.fixture
def vault_store(vault_address: str) -> SqlVaultStore:
    return open_vault_store(vault_address)


@pytest.fixture
def spawn() -> Iterator[Spawn]:
    """Starts `storage_child` with a verb and arguments; what still runs at the end is killed."""
    children: list[Popen[str]] = []

    def start(*arguments: object) -> "Popen[str]":
        command = [executable, "-m", "tests.contract.storage_child", *map(str, arguments)]
        child = Popen(command, cwd=Path(__file__).parents[2], stdin=PIPE, stdout=PIPE, text=True)
        children.append(child)
        return child

    yield start
    for child in children:
        child.kill()
        child.communicate()
