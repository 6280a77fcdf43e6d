"""A root whose key lies in this process's memory, and the private files such roots come from."""

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from keyvault.crypto.envelope import KeyvaultError, unwrap, wrap
from keyvault.roots.ports import CONTEXT_LABEL, Root, RootError, unwrap_failed
from records.errors import Conflict, NotFound

LARGEST_FILE = 4096


class LocalRoot(Root):
    """Wraps with AES-256-GCM here; the file and the quorum differ in where the key comes from."""

    def __init__(self, key: bytes, name: str) -> None:
        self._key = key
        self._name = name

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._name})"

    @property
    def name(self) -> str:
        """The scheme and the file's path."""
        return self._name

    def wrap_many(self, items: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """Returns the wraps, 60 bytes each."""
        return [wrap(self._key, key, CONTEXT_LABEL + context) for key, context in items]

    def unwrap_many(self, items: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """Returns the keys. Raises `RootError` "root_unwrap_failed"."""
        try:
            return [unwrap(self._key, wrapped, CONTEXT_LABEL + context) for wrapped, context in items]
        except KeyvaultError:
            raise unwrap_failed() from None


def read_private(path: Path) -> bytes:
    """A small file that nobody else may read, at most one byte more than `LARGEST_FILE`.

    Raises `NotFound` "root_file_missing" or `RootError` "root_file_exposed".
    """
    try:
        with path.open("rb") as file:
            if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                raise RootError(
                    f"Others may read the root file {path}; set its mode to 0600.", code="root_file_exposed"
                )
            return file.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        raise NotFound(
            f"There is no root file {path}: restore it from where you keep it, or name the right place in "
            "COFFRE_VAULT_ROOT.",
            code="root_file_missing",
        ) from None


def write_private(path: Path, data: bytes) -> None:
    """Writes a new file durably, 0600. Raises `Conflict` "root_file_exists"."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        raise Conflict(
            f"There is a root file {path} already, and a root is never overwritten: name another place.",
            code="root_file_exists",
        ) from None
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, 0o600)
        file.write(data)
        file.flush()
        os.fsync(descriptor)
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
