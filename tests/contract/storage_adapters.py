"""Adapters by address, so that a second process can open the same store. A new adapter adds a branch
here and a parameter in `conftest.py`, and runs the suites unchanged.
"""

from pathlib import Path

from storage.engines import Database, engine_for
from storage.index.store import SqlIndex
from storage.objects.filesystem import FilesystemObjects
from storage.ports import Index, ObjectStore
from storage.vault_store.store import SqlVaultStore


def open_objects(address: str) -> ObjectStore:
    return FilesystemObjects(Path(address.removeprefix("file://")))


def open_database(address: str) -> Database:
    return engine_for(address)


def open_index(address: str) -> Index:
    return SqlIndex(open_database(address))


def open_vault_store(address: str) -> SqlVaultStore:
    return SqlVaultStore(open_database(address))
