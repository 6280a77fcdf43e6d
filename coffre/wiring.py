"""Build the system from its settings: the only module that knows every adapter."""

import json
import os
import secrets
import socket
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import cached_property
from getpass import getpass
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import Request

from coffre.installation.install import Places, read_secret
from coffre.processes.worker_pool import WorkerPool
from coffre.serving.authorization import presented, url_of
from coffre.settings import INPROCESS, Settings
from content.limits import DEFAULT_LIMITS
from content.sandbox.parent import Sandbox
from ingestion.intake.reception import Depositor, Reception
from ingestion.intake.use_cases import Intake
from ingestion.intake.waiting import Verdicts
from ingestion.jobs.dispatch import TASKS
from ingestion.worker.inspection import Inspector
from ingestion.worker.inspection_turns import Turns
from ingestion.worker.pipeline import Worker
from ingestion.worker.standing_in import Bench
from keyvault.context import VaultSettings
from keyvault.credentials.possession import LARGEST_BODY, PresentedProof, Verified, verify_token
from keyvault.credentials.tokens import Credential, verify_bound
from keyvault.crypto.signing import key_id
from keyvault.grants.signed_urls import LONGEST_LIFE
from keyvault.process.guard import Doors, Guard
from keyvault.restore.second_place import Checkpoints
from keyvault.roots.opening import open_root
from keyvault.roots.ports import Root
from records.actors import Actor
from records.errors import CoffreError, Invalid, Refused
from records.vocabulary.codes import Environment, Role
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

PUBLIC_KEY_SIZE = 32
STAND_INS = 3
"""Of each worker: so many structures more, whose files are slow, are served before others wait for them."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What `init` fixed: whose tokens are accepted, and for what."""

    environment: Environment
    origin: str
    issuer: str
    audience: str
    authority_public: bytes
    officer_public: bytes
    grant_public: bytes
    reception_public: bytes
    checkpoint_public: bytes
    certificate_public: bytes

    @classmethod
    def read(cls, path: Path) -> "Identity":
        """Raises `CoffreError` "identity_damaged"."""
        try:
            return cls._read(json.loads(path.read_text("utf-8")))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise CoffreError(
                f"{path} is damaged: put it back from a backup of the index, which holds a copy.",
                code="identity_damaged",
            ) from None

    @classmethod
    def _read(cls, found: dict[str, str]) -> "Identity":
        keys = {name: bytes.fromhex(value) for name, value in found.items() if name.endswith("_public")}
        if any(len(key) != PUBLIC_KEY_SIZE for key in keys.values()):
            raise ValueError
        return cls(
            environment=Environment(found["environment"]),
            origin=found["origin"],
            issuer=found["issuer"],
            audience=found["audience"],
            authority_public=keys["authority_public"],
            officer_public=keys["officer_public"],
            grant_public=keys["grant_public"],
            reception_public=keys["reception_public"],
            checkpoint_public=keys["checkpoint_public"],
            certificate_public=keys["certificate_public"],
        )


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
        return open_root(self.settings.root_url, self.settings.passphrase(), ask=_ask, sealed=sealed)

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

    def publish_day_keys(self) -> None:
        """Hand today's and tomorrow's reception keys to intake, through the index."""
        for day, document in self.guard.housekeeper.day_keys().items():
            self.index.put_reception_key(day, document)

    def end_leases(self) -> None:
        """Take submissions from workers that are gone, in both stores."""
        try:
            self.guard.housekeeper.end_leases()
        except CoffreError as error:
            if error.code != "vault_frozen":  # restored: it gives nothing out, and its leases run out
                raise
        self.index.end_leases()

    def cpu_today(self) -> CpuOfDay:
        """What examining files has cost since midnight, UTC."""
        return self.index.cpu_of_day(int(self._clock() * 1000), self._allowance_ms)

    @property
    def _allowance_ms(self) -> int:
        return self.settings.cpu_allowance_s * 1000

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
            maintenance=TASKS,
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

    def actor(self, token: str) -> Actor:
        """A bearer's token: signature, audience, time."""
        return self.verified(token).actor

    def verified(self, token: str, presented_proof: PresentedProof | None = None) -> Verified:
        """Intake's own check of a token, and of the proof of its key."""
        identity = self.identity
        return verify_token(
            token,
            presented_proof,
            pinned_public=identity.authority_public,
            issuer=identity.issuer,
            audience=identity.audience,
            at=int(self._clock()),
            environment=identity.environment,
            required=self.settings.bearers_refused,
        )

    def holds(self, token: str) -> bool:
        """Whether a token was signed for this Coffre and lasts; its proof is judged later."""
        identity = self.identity
        try:
            verify_bound(
                token,
                pinned_public=identity.authority_public,
                issuer=identity.issuer,
                audience=identity.audience,
                at=int(self._clock()),
                environment=identity.environment,
            )
        except CoffreError:
            return False
        return True

    def authenticate(self, public_url: str) -> Callable[[Request], Awaitable[Credential]]:
        """What the reader's routes ask: the credential as presented, with the request that a proof is for.

        The vault accepts it or not.
        """

        async def credential(request: Request) -> Credential:
            token, proof = presented(request)
            if proof is None:
                return Credential(token)
            body = await request.body()
            if len(body) > LARGEST_BODY:
                raise Invalid("A request with a proof has at most 1 MiB.", code="too_large")
            return Credential(token, proof, request.method, url_of(request, public_url), body)

        return credential

    def authenticate_depositor(self, public_url: str) -> Callable[[Request], Awaitable[Depositor]]:
        """What intake's routes ask: a depositor or a professional, whose token holds now.

        Of a deposit neither body nor parts are there yet: they are compared as they come (`Depositor`).
        """

        async def depositor(request: Request) -> Depositor:
            token, proof = presented(request)
            presented_proof = (
                PresentedProof(proof, request.method, url_of(request, public_url)) if proof else None
            )
            found = self.verified(token, presented_proof)
            if found.actor.role not in (Role.DEPOSITOR, Role.PROFESSIONAL):
                raise Refused("This credential may not deposit.", code="role_not_entitled")
            return Depositor.of(token, found.actor, presented_proof, found.proof)

        return depositor


def _ask(prompt: str) -> str:
    """A holder types a share of a quorum; it isn't shown."""
    return getpass(prompt)
