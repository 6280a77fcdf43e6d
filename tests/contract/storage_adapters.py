"""Adapters by address, so that a second process can open the same store. A new adapter adds a branch
here and a parameter in `conftest.py`, and runs the suites unchanged.
"""

from collections.abc import Callable
from subprocess import Popen

from storage.engines.opening import Database, engine_for
from storage.index.store import SqlIndex
from storage.objects.opening import open_objects
from storage.ports.index import Index
from storage.vault_store.store import SqlVaultStore

__all__ = ["Spawn", "open_database", "open_index", "open_objects", "open_vault_store"]

Spawn = Callable[..., "Popen[str]"]
"""Starts a second process over the same store: `storage_child`."""


def open_database(address: str) -> Database:
    return engine_for(address)


def open_index(address: str) -> Index:
    return SqlIndex(open_database(address))


def open_vault_store(address: str) -> SqlVaultStore:
    return SqlVaultStore(open_database(address))
