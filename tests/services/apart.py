"""What each process of the full set is: its Unix user, its database role, its keys of the object store, the
doors of the vault it may come through, and the settings that it alone is told.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from coffre.installation.database_roles import give
from coffre.settings import load
from keyvault.process.service import DOORS
from tests.services.users import OneUser, Users, users_for

CALLERS = "callers"
"""The group that reaches the vault's sockets at all; which one is asked of the kernel, user by user."""
TOLD_TO_ALL = ("PATH", "LANG", "LC_ALL", "PYTHONHASHSEED", "PYTHONPATH")


@dataclass(frozen=True)
class Process:
    """`told`: settings beside those that everybody is told; `doors`: of the vault; `objects`: its rights on
    the bucket, in SeaweedFS' words (S3 asks of a HEAD what it asks of a GET).
    """

    told: frozenset[str]
    doors: tuple[str, ...] = ()
    objects: tuple[str, ...] = ()


_STORE, _BROKER, _VAULT = "COFFRE_OBJECTS_URL", "COFFRE_QUEUE_URL", "COFFRE_VAULT_URL"
PARTS: Mapping[str, Process] = {
    "vault": Process(
        frozenset({_VAULT, "COFFRE_VAULT_PEERS", "COFFRE_VAULT_ROOT", "COFFRE_VAULT_TOKEN"}),
    ),
    "housekeeper": Process(frozenset({_STORE, _BROKER, _VAULT}), ("housekeeper",), ("Read", "Write", "List")),
    "worker": Process(frozenset({_STORE, _BROKER, _VAULT}), ("worker",), ("Read", "Write")),
    "intake": Process(frozenset({_STORE, _BROKER}), (), ("Read", "Write")),
    "reader": Process(frozenset({_STORE, _VAULT}), ("reader", "public"), ("Read",)),
    "gateway": Process(frozenset({_STORE, _VAULT}), ("gateway", "public"), ("Read",)),
}
OWNER = ("operator", "inspector", "housekeeper", "public")
"""The doors of whoever runs the commands."""

OWNERS_ALONE = frozenset(
    {
        *("COFFRE_INDEX_URL", "COFFRE_VAULT_STORE_URL", "COFFRE_DAY_KEYS_URL"),
        *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
    }
)


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
            return cls(users_for((*PARTS, CALLERS), folder), None, keys)
        except OneUser as reason:
            return cls(None, f"One Unix user for all processes: {reason}.", keys)

    def peers(self) -> dict[str, str]:
        """Whom the vault lets through which door."""
        if self.users is None:
            return {}
        entries = [
            f"{door}={self.users.numbers[name]}" for name, part in PARTS.items() for door in part.doors
        ]
        entries += [f"{door}={os.geteuid()}" for door in DOORS if door in OWNER]
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
            self.users.own(data / "vault", "vault", 0o700)
            self.users.own(data / "reader", "reader", 0o700)
            data.chmod(0o711)
            (data / "coffre").chmod(0o644)  # public facts and keys, for everybody

    def command(self, process: str, python: str) -> list[str]:
        """What runs `process` as its user, up to and with the interpreter: `python` where all have one."""
        if self.users is None:
            return [python]
        part = part_of(process)
        groups = [CALLERS] if PARTS[part].doors else []
        return [*self.users.become(part, *groups), str(self.users.python)]

    def environment(self, process: str, env: Mapping[str, str]) -> dict[str, str]:
        """What of `env` this process is told, its own addresses and keys, and nothing of ours."""
        part = part_of(process)
        somebodys = OWNERS_ALONE.union(*(each.told for each in PARTS.values()))
        told = {name: value for name, value in os.environ.items() if name in TOLD_TO_ALL}
        told |= {name: env[name] for name in env if name not in somebodys or name in PARTS[part].told}
        return {"HOME": "/", **told, **self.own[part]}
