"""Build the system from its settings: the only module that knows every adapter."""

import os
import secrets
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from getpass import getpass
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit
from uuid import UUID

from coffre.installation.identity import Identity
from coffre.installation.install import Places, read_secret
from coffre.processes.worker_pool import WorkerPool
from coffre.serving.authentication import Authentication
from coffre.settings import INPROCESS, Settings
from content.limits import DEFAULT_LIMITS
from content.sandbox.parent import Sandbox
from ingestion.intake.reception import Reception
from ingestion.intake.use_cases import Intake
from ingestion.intake.waiting import Verdicts
from ingestion.jobs.dispatch import TASKS
from ingestion.worker.inspection import Inspector
from ingestion.worker.inspection_turns import Turns
from ingestion.worker.queue_loop import Worker
from ingestion.worker.standing_in import Bench
from keyvault.context import VaultSettings
from keyvault.crypto.signing import key_id
from keyvault.grants.signed_urls import LONGEST_LIFE
from keyvault.process.guard import Doors, Guard
from keyvault.restore.second_place import Checkpoints
from keyvault.roots.opening import open_root
from keyvault.roots.ports import Root
from records.errors import CoffreError
from records.vocabulary.codes import Environment
from storage.engines import Database, engine_for
from storage.index.store import SqlIndex
from storage.index.waking import Waker
from storage.migrate import check
from storage.objects.kept_files import KeptFiles
from storage.objects.locked import LockedNotes
from storage.objects.opening import open_locked_notes, open_objects
from storage.ports import ObjectStore
from storage.rows import CpuOfDay
from storage.vault_store.store import SqlVaultStore
from storage.vault_store.tables import DAY_KEYS
from viewer_api.access import Access, Presign
from viewer_api.routes.objects import Presigner

STAND_INS = 3
"""Of each worker: so many structures more, whose files are slow, are served before others wait for them."""


class System:
    """A wired Coffre on the engines its settings name.

    Parts are made when first asked for, and closed together.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], float] = time.time,
        vault_here: bool = False,
    ) -> None:
        """`vault_here`: this process is the vault, whatever COFFRE_VAULT_URL says to the others."""
        self.name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        self._vault_here = vault_here or settings.vault_url == INPROCESS
        self.places = Places(settings)
        self._clock = clock
        if not self.places.complete.exists():
            raise CoffreError(
                f"There is no Coffre in {settings.data}: run coffre init --data {settings.data}.",
                code="not_initialised",
            )
        self.settings = settings.of_installation(self.identity.environment)
        self._databases: list[Database] = []
        self._wakers: list[Waker] = []
        self._stopping = threading.Event()
        self._sandbox: Sandbox | None = None
        self._turns: Turns | None = None
        self._bench = Bench(STAND_INS * self.settings.workers)
        self._introduced: set[bytes] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._stopping.set()
        for waker in self._wakers:
            waker.stop()
        if self._sandbox is not None:
            # first: a job that still runs ends with its child
            self._sandbox.close()
        if self._turns is not None:
            self._turns.shutdown()
        self._bench.close()
        for database in self._databases:
            database.close()

    def _open(self, url: str, branch: str) -> Database:
        try:
            database = engine_for(url)
            self._databases.append(database)
            check(database, branch)  # type: ignore[arg-type]
        except CoffreError as error:
            # which of three it is; never its address, which may hold a password
            error.sentence = f"The {branch.replace('_', ' ')} database: {error.sentence}"
            raise
        return database

    @cached_property
    def _index_database(self) -> Database:
        return self._open(self.places.index, "index")

    @cached_property
    def index(self) -> SqlIndex:
        return SqlIndex(self._index_database)

    @cached_property
    def objects(self) -> ObjectStore:
        settings = self.settings
        return open_objects(
            self.places.objects,
            credentials=settings.s3_credentials(),
            public_url=settings.objects_public_url,
        )

    def wake(self, channel: str, callback: Callable[[UUID], None]) -> None:
        """Call back for what other processes say, where the index can tell; until `close`."""
        waker = Waker(self._index_database, channel, callback)
        if waker.wakes:
            self._wakers.append(waker.start())

    @cached_property
    def _vault_store(self) -> SqlVaultStore:
        return SqlVaultStore(self._open(self.places.vault, "vault"))

    @cached_property
    def identity(self) -> Identity:
        return Identity.read(self.places.complete)

    @cached_property
    def guard(self) -> Doors:
        return self.local_guard() if self._vault_here else self._remote_guard()

    def _remote_guard(self) -> Doors:
        # the codec of the doors is installed with the engines only
        from keyvault.process.client import connect
        from keyvault.process.service import client_context

        tls = None
        if self.settings.vault_url.startswith("https"):
            tls = client_context(*self.settings.vault_tls())
        return connect(self.settings.vault_url, tls=tls)

    @cached_property
    def vault_stores(self) -> tuple[SqlVaultStore, SqlVaultStore]:
        """The vault's own store and that of its day keys, for who runs beside it."""
        return self._vault_store, SqlVaultStore(self._open(self.places.day_keys, "day_keys"), DAY_KEYS)

    def root(self) -> Root:
        """The root that COFFRE_VAULT_ROOT names."""
        sealed = self.identity.environment is Environment.PRODUCTION
        return open_root(
            self.settings.root_url,
            self.settings.passphrase(),
            environ=self.settings.root_environ(),
            ask=_ask,
            sealed=sealed,
        )

    def local_guard(self, root: Root | None = None) -> Guard:
        """The vault itself, in this process; under another root only while that is rotated.

        Raises CoffreError "identity_of_another" where D/coffre names other keys than those under the root:
        then it may name another authority, too.
        """
        guard = self._guard(root)
        for key in guard.public.public_keys():
            if getattr(self.identity, f"{key.use}_public") != key.public:
                raise CoffreError(
                    f"{self.places.complete} names other keys than this vault has: restore it, and find out "
                    "who changed it.",
                    code="identity_of_another",
                )
        return guard

    def _guard(self, root: Root | None) -> Guard:
        identity = self.identity
        store, day_keys = self.vault_stores
        return Guard(
            store=store,
            day_keys=day_keys,
            root=root or self.root(),
            second_place=self.second_place(),
            settings=VaultSettings(
                environment=identity.environment,
                origin=identity.origin,
                issuer=identity.issuer,
                audience=identity.audience,
                authority_public=identity.authority_public,
                officer_public=identity.officer_public,
                require_possession=self.settings.bearers_refused,
            ),
            clock=self._clock,
        )

    def second_place(self) -> LockedNotes | KeptFiles | None:
        """Where checkpoints are kept apart from the vault, if that was set."""
        url = self.settings.second_place_url
        return open_locked_notes(url, credentials=self.settings.s3_credentials()) if url else None

    def witnessed(self) -> list[str]:
        """The newest checkpoint that the second place holds; the log must agree with it."""
        place, identity = self.second_place(), self.identity
        last = Checkpoints(place, identity.origin, identity.checkpoint_public).last() if place else None
        return [] if last is None else [last.note]

    def door_folder(self) -> Path:
        """Where the vault's sockets are, from `unix:///folder`."""
        return Path(urlsplit(self.settings.vault_url).path)

    def cpu_today(self) -> CpuOfDay:
        """What examining files has cost since midnight, UTC."""
        return self.index.cpu_of_day(int(self._clock() * 1000), self._allowance_ms)

    @property
    def _allowance_ms(self) -> int:
        return self.settings.cpu_allowance_s * 1000

    @cached_property
    def authentication(self) -> Authentication:
        """What this process asks of a credential before the vault does."""
        return Authentication(self.identity, proof_required=self.settings.bearers_refused, clock=self._clock)

    @cached_property
    def verdicts(self) -> Verdicts:
        return Verdicts(self.index)

    @cached_property
    def _inspector(self) -> Inspector:
        """Sandbox and threads of this process; made after any fork."""
        limits = replace(DEFAULT_LIMITS, decoded_frames=self.settings.decode_frames)
        at_once = self.settings.workers
        most = at_once * (2 + STAND_INS)
        self._sandbox = Sandbox(children=most, limits=limits)
        self._turns = Turns(at_once, most)
        check = self.settings.identity_check
        return Inspector(self._sandbox, self.identity.environment, check=check, turns=self._turns)

    def worker(self, number: int = 0) -> Worker:
        """One worker of this process."""
        return Worker(
            name=f"{self.name}/{number}",
            index=self.index,
            objects=self.objects,
            vault=self.guard.worker,
            inspector=self._inspector,
            done=self.verdicts.done,
            clock=self._clock,
            lease_ms=self.settings.lease_s * 1000,
            stopping=self._stopping.is_set,
            allowance_ms=self._allowance_ms,
            bench=self._bench,
            introduced=self._introduced,
            tasks=TASKS,
        )

    @cached_property
    def workers(self) -> WorkerPool:
        return WorkerPool([self.worker(n) for n in range(self.settings.workers)], self._stopping)

    def intake(self, bell: Callable[[UUID], None]) -> Intake:
        pinned = self.identity.reception_public
        reception = Reception(self.index, self.objects, pinned=pinned, bell=bell, clock=self._clock)
        return Intake(reception, self.index, self.verdicts, environment=self.identity.environment)

    def grant_keys(self) -> dict[str, bytes]:
        """The public keys of the vault's grants, by id."""
        public = self.identity.grant_public
        return {key_id(public): public}

    def presigner(self, origin: str) -> Presigner:
        return Presigner(read_secret(self.places.url_key), origin)

    def access(self, presigner: Presigner) -> Access:
        return Access(self.index, self.guard.reader, self._presign(presigner))

    def access_without_addresses(self) -> Access:
        """For who reads the objects itself, and so needs neither addresses nor the key that signs them."""
        return Access(self.index, self.guard.reader, lambda _grant, _blob, _version: "")

    def _presign(self, presigner: Presigner) -> Presign:
        """The store's own addresses where it has a server, else ranges served here."""

        def presign(grant: UUID, blob: UUID, version: int) -> str:
            return self.objects.presigned(blob, version, LONGEST_LIFE) or presigner.url(grant, blob, version)

        return presign


def _ask(prompt: str) -> str:
    """A holder types a share of a quorum; it isn't shown."""
    return getpass(prompt)
