"""Addresses of empty stores, one parameter per adapter."""

from collections.abc import Iterator
from pathlib import Path
from subprocess import PIPE, Popen
from sys import executable

import pytest

from storage.migrate import upgrade
from storage.ports import Index, ObjectStore
from storage.vault_store.store import SqlVaultStore
from tests.contract.storage_adapters import Spawn, open_database, open_index, open_objects, open_vault_store


@pytest.fixture(params=["filesystem"])
def objects_address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"file://{tmp_path}/objects"


@pytest.fixture
def objects(objects_address: str) -> ObjectStore:
    return open_objects(objects_address)


@pytest.fixture(params=["sqlite"])
def index_address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    address = f"sqlite:///{tmp_path}/index.db"
    upgrade(open_database(address), "index")
    return address


@pytest.fixture
def index(index_address: str) -> Index:
    return open_index(index_address)


@pytest.fixture(params=["sqlite"])
def vault_address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    address = f"sqlite:///{tmp_path}/vault.db"
    upgrade(open_database(address), "vault")
    return address


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
