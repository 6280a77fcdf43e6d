"""Notes kept as files, written once: on another machine's mount, which alone can refuse to give them up."""

import os
import secrets
from pathlib import Path

from records.errors import Conflict
from storage.objects.durable import sync_folder

READ_ONLY = 0o400


class KeptFiles:
    """As `LockedNotes`, without the lock: a file system holds against mistakes, not against its owner."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put_locked(self, name: str, note: bytes, until: float) -> None:
        """Keeps `note`, durably. Repeatable. Conflict `object_exists` where the name holds another note."""
        path = self._folder / name
        new = [folder for folder in (path.parent, *path.parent.parents) if not folder.exists()]
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in new:
            sync_folder(folder.parent)
        partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, READ_ONLY), "wb") as file:
                file.write(note)
                file.flush()
                os.fsync(file.fileno())
            os.link(partial, path)
        except FileExistsError:
            if self.read(name) != note:
                raise Conflict("Another note has this name; take a new one.", code="object_exists") from None
        finally:
            partial.unlink(missing_ok=True)
        sync_folder(path.parent)

    def read(self, name: str) -> bytes | None:
        """The note, None where there is none."""
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError:
            return None

    def forget(self, name: str) -> None:
        (self._folder / name).unlink(missing_ok=True)

    def prepare(self, *, create: bool) -> None:
        """Makes the folder. OSError where that is not allowed."""
        if create:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
