"""Places of Unix sockets: one that is left from a process of ours is taken over, anything else is told."""

import os
import socket
import stat
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from records.errors import CoffreError

LONGEST_PATH = 107
"""Bytes (unix(7), sun_path)."""


def url_of(folder: Path) -> str:
    """`unix:///folder`, in which a name's own `?`, `#` and `%` are escaped (RFC 3986 section 2.1)."""
    return f"unix://{quote(str(folder.absolute()))}"


def folder_of(url: str) -> Path:
    return Path(unquote(urlsplit(url).path))


def fits(path: Path) -> bool:
    return len(os.fsencode(path)) <= LONGEST_PATH


def claim(path: Path) -> None:
    """Leave nothing at `path`, so that a socket can be made there.

    Raises `CoffreError` "socket_path_too_long"; "foreign_socket" where something lies there that is no socket
    of this user, or a process listens.
    """
    if not fits(path):
        raise CoffreError(
            f"{path} is too long for a socket, which takes {LONGEST_PATH} bytes: name a shorter folder.",
            code="socket_path_too_long",
        )
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise foreign(path, f"is {_kind(found.st_mode)} and no socket")
    if found.st_uid != os.geteuid():
        raise foreign(path, f"belongs to the user {found.st_uid}")
    if _is_answered(path):
        raise foreign(path, "is the socket of a process that runs")
    path.unlink()


def check_folder(folder: Path, user: int | None = None) -> None:
    """Raises `CoffreError` "foreign_socket" where `folder` is there and is no folder of `user`: this one."""
    try:
        found = folder.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(found.st_mode):
        raise foreign(folder, f"is {_kind(found.st_mode)} and no folder")
    if found.st_uid != (os.geteuid() if user is None else user):
        raise foreign(folder, f"belongs to the user {found.st_uid}")


def foreign(path: Path, what: str) -> CoffreError:
    return CoffreError(
        f"{path} {what}: a socket of Coffre goes there. Find out whose it is, and remove it.",
        code="foreign_socket",
    )


def _kind(mode: int) -> str:
    if stat.S_ISLNK(mode):
        return "a link"
    if stat.S_ISDIR(mode):
        return "a folder"
    return "a file" if stat.S_ISREG(mode) else "something else"


def _is_answered(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as caller:
        caller.settimeout(1.0)
        try:
            caller.connect(str(path))
        except ConnectionRefusedError:
            return False
        except OSError:  # a full queue: somebody listens
            return True
    return True
