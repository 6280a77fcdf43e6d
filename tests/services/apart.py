"""Processes of the full set apart: each its Unix user, its database role, its keys of the object store, the
doors of the vault and the settings that the table of processes gives it (coffre/deploying/processes.py).
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from coffre.deploying.folders import ENTERED, FOLDERS, PUBLIC
from coffre.deploying.processes import CALLERS, OWNERS_DOORS, PROCESSES, SETTINGS, settings_of
from coffre.deploying.site import ROLES_WRITE
from coffre.installation.database_roles import give
from coffre.settings import load
from tests.services.users import OneUser, Users, users_for

TOLD_TO_ALL = ("PATH", "LANG", "LC_ALL", "PYTHONHASHSEED", "PYTHONPATH")
OWNERS_ALONE = ROLES_WRITE | {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
"""Of the environment that starts everything: each process has its own instead."""


def part_of(process: str) -> str:
    """`worker-2` is a worker."""
    return process.partition("-")[0]


@dataclass
class Apart:
    """How processes are started apart. `alone`: the sentence that says why they share one user, or None."""

    users: Users | None
    alone: str | None
    keys: Mapping[str, tuple[str, str]] = field(repr=False)
    own: dict[str, dict[str, str]] = field(default_factory=dict, repr=False)

    @classmethod
    def found(cls, folder: Path, keys: Mapping[str, tuple[str, str]]) -> "Apart":
        """`keys`: access and secret key of the object store, by part."""
        try:
            return cls(users_for((*PROCESSES, CALLERS), folder), None, keys)
        except OneUser as reason:
            return cls(None, f"One Unix user for all processes: {reason}.", keys)

    def peers(self) -> dict[str, str]:
        """Whom the vault lets through which door."""
        if self.users is None:
            return {}
        entries = [
            f"{door}={self.users.numbers[name]}" for name, part in PROCESSES.items() for door in part.doors
        ]
        entries += [f"{door}={os.geteuid()}" for door in OWNERS_DOORS]
        return {"COFFRE_VAULT_PEERS": ",".join(entries)}

    def hand_over(self, folder: Path, data: Path) -> None:
        """After init: database roles, and each file to the user that needs it."""
        for given in give(load(data=data), folder / "roles"):
            assert given.file is not None
            lines = given.file.read_text().splitlines()
            self.own[given.process] = dict(line.split("=", 1) for line in lines)
        for name, (access, secret) in self.keys.items():
            self.own[name] |= {"COFFRE_S3_ACCESS_KEY_ID": access, "COFFRE_S3_SECRET_ACCESS_KEY": secret}
        if self.users is not None:
            (folder / "doors").mkdir()
            self.users.own(folder / "doors", "vault", 0o2750, CALLERS)  # sockets inherit the group
            for each in FOLDERS:
                self.users.own(data / each.path, each.process, each.mode, each.group, each.files)
            data.chmod(ENTERED)
            (data / "coffre").chmod(PUBLIC)  # public facts and keys, for everybody

    def give(self, folder: Path, part: str) -> None:
        """A folder in which this part makes a socket, for whoever else may enter."""
        if self.users is not None:
            self.users.own(folder, part, 0o755)

    def command(self, process: str, python: str) -> list[str]:
        """What runs `process` as its user, up to and with the interpreter: `python` where all have one."""
        if self.users is None:
            return [python]
        part = part_of(process)
        groups = [CALLERS] if PROCESSES[part].doors else []
        return [*self.users.become(part, *groups), str(self.users.python)]

    def environment(self, process: str, env: Mapping[str, str]) -> dict[str, str]:
        """What of `env` this process is told, its own addresses and keys, and nothing of ours."""
        part = part_of(process)
        mine = settings_of(part) - OWNERS_ALONE
        told = {name: value for name, value in os.environ.items() if name in TOLD_TO_ALL}
        told |= {
            name: value
            for name, value in env.items()
            if name in mine or (name not in SETTINGS and name not in OWNERS_ALONE)
        }
        return {"HOME": "/", **told, **self.own[part]}
