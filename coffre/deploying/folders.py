"""The folders of a data directory, and whose each is: all enter it and nobody lists it, and what is secret
in it belongs to the process that needs it. systemd-tmpfiles, containers and the full demo follow it.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from coffre.deploying.processes import CALLERS, PROCESSES, number_of

ENTERED, PUBLIC, OWN, DOORS, CERTIFICATES = 0o711, 0o644, 0o700, 0o2750, 0o755


@dataclass(frozen=True, slots=True)
class Folder:
    """`path` lies below the data directory; `group`: a process that reads it besides; `files`: the mode of
    what is in it, where that is not as its owner made it.
    """

    path: str
    process: str
    group: str
    mode: int = OWN
    files: int | None = None


FOLDERS = (
    *(Folder(each, name, name) for name, part in PROCESSES.items() for each in part.writes),
    # the key by which pages prove their calls, and the deposits that they send to intake
    Folder("pages", "intake", "gateway", 0o750, 0o640),
)


def hand_over(
    data: Path, doors: Path | None = None, roles: Path | None = None, certificates: Path | None = None
) -> None:
    """Give each folder to whom it belongs, as root; the same again changes nothing. `doors`: of the vault's
    sockets, which inherit the group; `roles`: of what `coffre roles` wrote; `certificates`: of the socket
    that asks the kernel who calls, so that all may enter.

    Raises `OSError` for who may not do so.
    """
    if certificates is not None:
        os.chown(certificates, number_of("signin"), number_of("signin"))
        certificates.chmod(CERTIFICATES)
    if doors is not None:
        os.chown(doors, number_of("vault"), number_of(CALLERS))
        doors.chmod(DOORS)
    if roles is not None:
        for process in PROCESSES:
            os.chown(roles / f"{process}.env", number_of(process), number_of(process))
    data.chmod(ENTERED)
    (data / "coffre").chmod(PUBLIC)
    for folder in FOLDERS:
        at = data / folder.path
        at.mkdir(exist_ok=True)
        for path in (at, *_below(at)):
            os.chown(path, number_of(folder.process), number_of(folder.group))
        at.chmod(folder.mode)
        if folder.files is not None:
            for path in _below(at):
                path.chmod(folder.files)


def _below(folder: Path) -> Iterator[Path]:
    """No link: what it leads to belongs to somebody else."""
    return (path for path in folder.rglob("*") if not path.is_symlink())
