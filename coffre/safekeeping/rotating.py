"""Rotations of the vault's keys for two operators: of the root beside its store, of others at its door."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from getpass import getpass
from pathlib import Path

from coffre.installation.installation import Installation
from coffre.operators.calls import permitted
from coffre.settings import Settings
from keyvault.credentials import private_files
from keyvault.keys.root_rotation import EitherRoot, Rewrapped, keys_under_root, rotate_root
from keyvault.keys.states import RUNNING, root_rotation
from keyvault.roots.opening import create_root, open_root
from keyvault.roots.ports import Root
from keyvault.verbs.call import Call
from keyvault.verbs.operator.rotating import RecordRotated, SecretsRotated, ShardsBegun
from records.errors import CoffreError
from records.vocabulary.codes import Environment

Told = Callable[[int, int], None]
NOT_THERE = frozenset({"root_file_missing", "root_key_missing"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RootPlan:
    """What a rotation of the root would do. `exists`: whether the new root is there already."""

    former: str
    present: str
    exists: bool
    keys: int
    unfinished: bool


class RootRotation:
    """From the root of the settings to the one at `url`, in the process that may open both."""

    def __init__(self, installation: Installation, url: str) -> None:
        self._installation = installation
        self._url = url
        self._store, self._days = installation.vault_stores
        self._sealed = installation.identity.environment is Environment.PRODUCTION

    def plan(self) -> RootPlan:
        """Changes nothing and makes nothing. Raises what the present root raises."""
        new = self._existing()
        return RootPlan(
            former=self._installation.root().name,
            present=new.name if new is not None else self._url,
            exists=new is not None,
            keys=keys_under_root(self._store, self._days),
            unfinished=self._rotation().endswith(RUNNING),
        )

    def run(self, calls: Sequence[Call], told: Told) -> tuple[Rewrapped, list[Path]]:
        """Announce it on the log, then move the keys; answers also where a quorum's shares are.

        Raises `Refused` "two_operators", and CoffreError with the reason where the vault refuses.
        """
        old, (new, shares) = self._installation.root(), self._made()
        guard = self._installation.local_guard(EitherRoot(old, new))
        permitted(guard.operator.announce_root(calls, old.name, new.name))
        return rotate_root(self._store, self._days, old, new, told=told), shares

    def _rotation(self) -> str:
        with self._store.reading() as tx:
            return root_rotation(tx)

    def _existing(self) -> Root | None:
        try:
            environ = self._installation.settings.new_root_environ()
            return open_root(self._url, environ=environ, ask=getpass, sealed=self._sealed)
        except CoffreError as error:
            if error.code in NOT_THERE:
                return None
            raise

    def _made(self) -> tuple[Root, list[Path]]:
        found = self._existing()
        if found is not None:
            return found, []
        environ = self._installation.settings.new_root_environ()
        created = create_root(self._url, environ=environ, sealed=self._sealed)
        data, number = self._installation.places.data.absolute(), int(self._rotation().split()[0]) + 1
        places = [
            data.with_name(f"{data.name}-root-{number}-share-{at}.txt")
            for at in range(1, len(created.shares) + 1)
        ]
        for place, share in zip(places, created.shares, strict=True):
            private_files.create(place, share)
        return created.root, places


def rotate_shards(settings: Settings, calls: Sequence[Call], told: Told) -> tuple[ShardsBegun, int]:
    """Give every shard a new key; answers also how many records moved in this run."""
    with Installation(settings) as installation:
        door = installation.guard.operator
        begun = permitted(door.begin_shards(calls))
        records, after = 0, None
        while True:
            moved = door.move_records(after)
            records, after = records + moved.records, moved.after
            told(begun.shards - moved.shards_left, begun.shards)
            if not moved.shards_left:
                return begun, records


def rotate_secrets(settings: Settings, calls: Sequence[Call]) -> SecretsRotated:
    with Installation(settings) as installation:
        return permitted(installation.guard.operator.rotate_secrets(calls))


def rotate_record(settings: Settings, calls: Sequence[Call], record: str) -> RecordRotated:
    with Installation(settings) as installation:
        return permitted(installation.guard.operator.rotate_record(calls, record))
