"""An installation on the engines its settings name: databases, objects, the vault; no server, no worker."""

import time
from collections.abc import Callable
from functools import cached_property
from getpass import getpass
from typing import Self

from coffre.installation.identity import Identity
from coffre.installation.places import Places, naming
from coffre.setting_rules import INPROCESS
from coffre.settings import Settings
from keyvault.process.guard import Doors, Guard
from keyvault.roots.opening import open_root
from keyvault.roots.ports import Root
from keyvault.vault_keys import VaultSettings
from records.errors import CoffreError
from records.vocabulary.codes import Environment
from storage.accounts.tables import ACCOUNTS
from storage.engines.opening import Database, engine_for
from storage.index.store import SqlIndex
from storage.migrations.revisions import Branch
from storage.migrations.schema_version import check
from storage.objects.kept_files import KeptFiles
from storage.objects.locked import LockedNotes
from storage.objects.opening import open_locked_notes, open_objects
from storage.ports.objects import ObjectStore
from storage.vault_store.store import SqlVaultStore
from storage.vault_store.tables import DAY_KEYS


class Installation:
    """What commands work on beside the servers.

    Parts are made when first asked for, and closed together.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], float] = time.time,
        vault_here: bool = False,
    ) -> None:
        """`vault_here`: this process is the vault, whatever COFFRE_VAULT_URL says to the others.

        Raises `CoffreError` "not_initialised".
        """
        self._vault_here = vault_here or settings.vault_url == INPROCESS
        self.places = Places(settings)
        self.clock = clock
        self.places.check_complete()
        self.settings = settings.of_installation(self.identity.environment)
        self._databases: list[Database] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        for database in self._databases:
            database.close()

    def _open(self, url: str, branch: Branch) -> Database:
        with naming(branch):
            database = engine_for(url)
            self._databases.append(database)
            check(database, branch)
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

    @cached_property
    def _vault_store(self) -> SqlVaultStore:
        return SqlVaultStore(self._open(self.places.vault, "vault"))

    @cached_property
    def accounts(self) -> SqlVaultStore:
        """The store of the sign-in: the same small verbs over its own tables."""
        return SqlVaultStore(self._open(self.places.accounts, "accounts"), ACCOUNTS)

    @cached_property
    def identity(self) -> Identity:
        return Identity.read(self.places.complete)

    @cached_property
    def guard(self) -> Doors:
        return self.local_guard() if self._vault_here else self._remote_guard()

    def _remote_guard(self) -> Doors:
        # commands that are the vault themselves need no codec of its doors
        from keyvault.process.client import connect
        from keyvault.process.tls import client_context

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
                first_issuers=identity.first_issuers,
                officer_public=identity.officer_public,
                require_possession=self.settings.bearers_refused,
            ),
            clock=self.clock,
        )

    def second_place(self) -> LockedNotes | KeptFiles | None:
        """Where checkpoints are kept apart from the vault, if that was set."""
        url = self.settings.second_place_url
        return open_locked_notes(url, credentials=self.settings.s3_credentials()) if url else None


def _ask(prompt: str) -> str | None:
    """A holder types a share of a quorum; it isn't shown. None where nobody can, as in a unit."""
    try:
        return getpass(prompt)
    except EOFError:
        return None
