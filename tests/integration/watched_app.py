"""The HTTP application in this process, over its real databases, with a count of all that an answer costs."""

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import httpx
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from fastapi import FastAPI
from sqlalchemy import event

from coffre.demo_authority.identity_files import sign_in_link
from coffre.serving.app import build
from coffre.serving.callers import authentication
from coffre.wiring import System
from keyvault.credentials.sign_in_links import form_token
from keyvault.crypto import envelope
from keyvault.keys import issuers
from keyvault.process.guard import Guard
from keyvault.store import VaultStore, VaultTransaction
from records.errors import CoffreError
from tests.integration.vault.watched_store import Statement, WatchedStore

URL = "http://127.0.0.1:8080"


@dataclass
class Cost:
    """What was done for one answer. `chains` counts events by chain; refusals that are counted are lines."""

    statements: list[Statement] = field(default_factory=list)
    searches: int = 0  # of the index
    opened: int = 0  # ciphertexts of the vault
    chains: Counter[tuple[bytes, int]] = field(default_factory=Counter)
    windows: int = 0
    notices: int = 0

    @property
    def lines(self) -> int:
        return self.chains.total()

    def same_work(self, other: "Cost") -> bool:
        mine, others = ((c.statements, c.searches, c.opened, c.chains) for c in (self, other))
        return mine == others


A_VERB = 2
"""Transactions: whether the credential was withdrawn, then the verb's own."""


@dataclass
class _FailingStore:
    """Fails once `left` transactions have begun."""

    inner: VaultStore
    left: int | None = None

    def _count(self) -> None:
        if self.left is not None:
            if self.left == 0:
                raise CoffreError("The vault can't be reached: try again.", code="vault_unavailable")
            self.left -= 1

    def writing(self) -> AbstractContextManager[VaultTransaction]:
        self._count()
        return self.inner.writing()

    def reading(self) -> AbstractContextManager[VaultTransaction]:
        self._count()
        return self.inner.reading()


class WatchedApp:
    """Asks as whom a test says; `costing` counts meanwhile."""

    def __init__(self, system: System) -> None:
        self.system = system
        self._failing: _FailingStore | None = None
        self.app: FastAPI = build(system, URL)
        assert isinstance(system.guard, Guard)
        vault = self._vault = system.guard._vault
        self.store = WatchedStore(vault.store)
        vault.store = self.store  # type: ignore[assignment]
        self._searches, self._index_fails = 0, False
        event.listen(system._index_database.engine, "before_cursor_execute", self._searched)

    def _searched(self, _connection: object, _cursor: object, statement: str, *_: object) -> None:
        # the issuers are looked at every two seconds, whatever is asked
        if statement.startswith("BEGIN") or "issuer_list" in statement:
            return
        self._searches += 1
        if self._index_fails:
            raise OSError("the disk of the index is gone")

    @contextmanager
    def index_failing(self) -> Iterator[None]:
        self._index_fails = True
        try:
            yield
        finally:
            self._index_fails = False

    @contextmanager
    def vault_failing_after_the_first_verb(self) -> Iterator[None]:
        """Within each `costing`, from the transaction on that comes after those of one verb."""
        self.store.inner = self._failing = _FailingStore(self.store.inner)
        try:
            yield
        finally:
            self.store.inner, self._failing = self._failing.inner, None

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, client=("127.0.0.1", 50000), raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url=URL) as client:
                return await client.request(method, path, **more)

        return asyncio.run(send())

    def browser(self, token: str) -> str:
        """The cookie header of somebody who signed in."""
        answer = self.ask("GET", sign_in_link(self.system, token, URL).removeprefix(URL))
        return str(answer.headers["set-cookie"].partition(";")[0])

    @staticmethod
    def csrf(cookie: str, path: str) -> str:
        return form_token(cookie.partition("=")[2], path)

    @contextmanager
    def costing(self) -> Iterator[Cost]:
        cost, before, opened = Cost(), self._kept(), 0

        class Cipher:
            def __init__(self, key: bytes) -> None:
                self._cipher = AESGCM(key)

            def encrypt(self, nonce: bytes, data: bytes, aad: bytes) -> bytes:
                return self._cipher.encrypt(nonce, data, aad)

            def decrypt(self, nonce: bytes, data: bytes, aad: bytes) -> bytes:
                nonlocal opened
                opened += 1
                return self._cipher.decrypt(nonce, data, aad)

        self.store.forget()
        if self._failing is not None:
            self._failing.left = A_VERB
        self._searches = 0
        # issuers are read again after a second or two, whatever is asked: here not in between
        self._vault.issuers.forget()
        with (
            patch.object(envelope, "AESGCM", Cipher),
            patch.object(issuers, "FRESH_MS", 3_600_000),
            patch.object(authentication, "FRESH_S", 3_600),
            patch.object(authentication, "MISSED_S", 3_600),
        ):
            yield cost
        if self._failing is not None:
            self._failing.left = None
        # an issuer is looked at once a second, whatever is asked
        statements = [each for each in self.store.statements if each.table != "issuer"]
        cost.statements, cost.searches, cost.opened = statements, self._searches, opened
        after = self._kept()
        cost.chains = after[0] - before[0]
        cost.windows, cost.notices = after[1] - before[1], after[2] - before[2]

    def _kept(self) -> tuple[Counter[tuple[bytes, int]], int, int]:
        """Lines by chain, windows, notices."""
        path = self.system.places.vault.removeprefix("sqlite:///")
        with closing(sqlite3.connect(path)) as connection:
            chains: Counter[tuple[bytes, int]] = Counter()
            for chain_id, chain, lines in connection.execute(
                "SELECT chain_id, chain, count(*) FROM event GROUP BY chain_id, chain"
                " UNION ALL SELECT chain_id, chain, sum(counted) FROM refusal GROUP BY chain_id, chain"
            ):
                chains[chain_id, chain] += lines
            (windows,) = connection.execute("SELECT count(*) FROM emergency_window").fetchone()
            (notices,) = connection.execute("SELECT count(*) FROM notice").fetchone()
        return chains, windows, notices
