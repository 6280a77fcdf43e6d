"""Gives folders of data directories to whose they are, by each way, and prints whose they are then.

It is run as root of some namespace.
"""

import json
import stat
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from coffre.deploying import rendering
from coffre.deploying.folders import hand_over
from coffre.deploying.processes import PROCESSES
from tests.services.installed import installed
from tests.services.processes import debian
from tests.unit.coffre.deploying.test_site import site

DATA = "var/lib/coffre"
Whose = dict[str, tuple[int, int, int]]
BESIDE = ("doors", "roles", "certificates")


def made(root: Path) -> Path:
    data = root / DATA
    data.parent.mkdir(parents=True)
    installed(data)
    return data


def whose(folder: Path) -> Whose:
    """User, group and mode of all that belongs to a process."""
    found = {str(path.relative_to(folder)): path.stat() for path in (folder, *folder.rglob("*"))}
    return {path: (s.st_uid, s.st_gid, stat.S_IMODE(s.st_mode)) for path, s in found.items()}


def by_systemd(root: Path) -> Whose:
    data, files = made(root), rendering.rendered(site())
    (root / "etc").mkdir()
    for command, name in (("systemd-sysusers", "sysusers.d"), ("systemd-tmpfiles", "tmpfiles.d")):
        file = root / f"{command}.conf"
        file.write_text(files[f"{name}/coffre.conf"])
        create = ["--create"] if name == "tmpfiles.d" else []
        words = [debian(command, "systemd"), *create, f"--root={root}", str(file)]
        subprocess.run(words, check=True, stdout=sys.stderr)
    return whose(data)


def by_command(root: Path) -> Whose:
    data = made(root)
    for _ in range(2):
        hand_over(data)
    return whose(data)


def beside(root: Path) -> Whose:
    """Folders that the command is told besides."""
    at = [root / "beside" / name for name in BESIDE]
    for folder in at:
        folder.mkdir(0o700, parents=True)
    for process in PROCESSES:
        (at[1] / f"{process}.env").touch(0o600)
    hand_over(made(root), *at)
    return whose(root / "beside")


WAYS: Mapping[str, Callable[[Path], Whose]] = {
    "systemd": by_systemd,
    "command": by_command,
    "beside": beside,
}

if __name__ == "__main__":
    with TemporaryDirectory() as place:
        print(json.dumps({way: give(Path(place) / way) for way, give in WAYS.items()}))
