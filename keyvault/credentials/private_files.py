"""Files that hold a secret: readable by their owner alone, from the first byte."""

import os
from collections.abc import Callable
from pathlib import Path

from records import exposed
from records.errors import Conflict, Invalid

OWNER_ONLY = 0o600


def check_mode(path: Path, others: int = exposed.OTHERS) -> None:
    """Raises CoffreError "secret_readable" where one of the bits `others` is set, and OSError."""
    exposed.check(path, path.stat().st_mode, others)


def create(path: Path, text: str) -> None:
    """Never over an existing file, and durable but for its name. Raises `Conflict`
    "key_file_exists", and OSError where there is no room.
    """
    try:
        descriptor = _open(path)
    except FileExistsError:
        raise Conflict(
            f"{path} is left from an earlier installation: move it away first.", code="key_file_exists"
        ) from None
    with os.fdopen(descriptor, "w") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())


def create_with(path: Path, drawn: Callable[[], str]) -> None:
    """A new file, and only then what is written there: what is drawn once is not lost for want of a place.

    Raises `Invalid` "out_exists" and OSError before anything is drawn, and whatever `drawn` raises.
    """
    try:
        descriptor = _open(path)
    except FileExistsError:
        raise Invalid(f"{path} is there already: name a file that is not.", code="out_exists") from None
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(drawn() + "\n")
    except BaseException:
        path.unlink()
        raise


def replace(path: Path, content: bytes) -> None:
    """Replaced whole; whoever owned the file before owns it still."""
    partial = path.with_name(path.name + ".part")
    partial.unlink(missing_ok=True)
    with os.fdopen(_open(partial), "wb") as file:
        if path.exists():
            before = path.stat()
            os.fchown(file.fileno(), before.st_uid, before.st_gid)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def _open(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
