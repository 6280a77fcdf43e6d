"""The folder of a running server, D/run: sockets, and counts of web processes; made anew by each start.

A path that is too long for a socket has its sockets under the temporary directory; D/run names where.
"""

import os
import shutil
import tempfile
from pathlib import Path

from keyvault.process.sockets import check_folder, claim, fits

SUPERVISOR, GATEWAY, SIGN_IN = "supervisor.sock", "gateway.sock", "sign-in.sock"
DOORS, METRICS = "vault", "metrics"
_ELSEWHERE = "elsewhere"
_LONGEST_DOOR = "housekeeper.sock"


def make(data: Path) -> Path:
    """An empty folder, this user's alone; what a killed server left in it goes.

    Raises `CoffreError` "foreign_socket" or "socket_path_too_long", and has removed nothing then.
    """
    folder = data.absolute() / "run"
    for own in (folder, folder / DOORS):
        check_folder(own)
    if fits(folder / DOORS / _LONGEST_DOOR):
        for socket in (
            folder / SUPERVISOR,
            folder / GATEWAY,
            folder / SIGN_IN,
            *sorted((folder / DOORS).glob("*")),
        ):
            claim(socket)
    clear(data)
    folder.mkdir(mode=0o700)
    if not fits(folder / DOORS / _LONGEST_DOOR):
        elsewhere = Path(tempfile.mkdtemp(prefix="coffre-"))
        (folder / _ELSEWHERE).write_bytes(os.fsencode(elsewhere))
        claim(elsewhere / DOORS / _LONGEST_DOOR)
        folder = elsewhere
    (folder / METRICS).mkdir(mode=0o700)
    return folder


def clear(data: Path) -> None:
    """Remove it, and its sockets elsewhere."""
    folder = data.absolute() / "run"
    if (elsewhere := find(data)) != folder:
        shutil.rmtree(elsewhere, ignore_errors=True)
    if folder.exists():
        shutil.rmtree(folder)


def find(data: Path) -> Path:
    """Where the sockets of a server on `data` are, if one runs."""
    folder = data.absolute() / "run"
    try:
        return Path(os.fsdecode((folder / _ELSEWHERE).read_bytes()))
    except OSError:
        return folder
