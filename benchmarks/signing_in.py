"""Measure the door: what a hash of a password costs, sign-ins a second, and the same among many accounts.

A sign-in is both steps: password, then code; beside it stands the hash alone, which is meant to be the cost.
"""

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from uuid import uuid4

from benchmarks.tools.measuring import table
from keyvault.credentials.account_keys import AccountKeys
from keyvault.credentials.authority import Authority
from keyvault.credentials.password_hashes import ITERATIONS, LANES, MEMORY_KIB, PasswordHashes
from records.people.contacts import ContactKind
from records.vocabulary.codes import Environment
from sign_in.accounts.account import Account, AccountRows, AccountState
from sign_in.accounts.passwords import AT_ONCE, Passwords
from sign_in.doors.admitting import Admitting
from sign_in.doors.password import PasswordDoor
from sign_in.doors.visitor import Visitor
from sign_in.sending import Message
from sign_in.sessions.sessions import Sessions
from sign_in.tokens.issuing import TokenIssuer
from sign_in.watching.counts import Counts
from sign_in.watching.outbox import Outbox
from storage.accounts.tables import ACCOUNTS
from storage.engines.opening import Database, engine_for
from storage.index.store import SqlIndex
from storage.migrations.migrate import upgrade
from storage.migrations.revisions import Branch
from storage.vault_store.store import SqlVaultStore

PASSWORD = "quatre mots sans rapport"  # noqa: S105 - of nobody
SIGN_INS = 20
AT_A_TIME = 5_000


class _Mailbox:
    code = ""

    def carry(self, message: Message) -> None:
        found = [word for word in message.text.split() if word.isdigit() and len(word) == 6]
        self.code = found[0] if found else self.code

    def carries(self, kind: ContactKind) -> bool:
        return True


def run(accounts: int = 1_000_000) -> None:
    hashes = PasswordHashes()
    alone = min(_on_a_core(lambda: hashes.hash(PASSWORD)) for _ in range(5))
    table(
        f"A hash of a password: Argon2id, {MEMORY_KIB // 1024} MiB, {ITERATIONS} passes, {LANES} lane",
        ("milliseconds", "a second on one core", f"a second, {AT_ONCE} at once"),
        [(f"{alone * 1000:.0f}", f"{1 / alone:.1f}", f"{_at_once(hashes):.1f}")],
    )
    with tempfile.TemporaryDirectory() as folder:
        stores = dict(_stores(Path(folder)))
        stage = _Stage(stores, hashes)
        cheap = _Stage(stores, PasswordHashes(memory_kib=64, iterations=1))
        rows = []
        for count in (1_000, accounts):
            stage.fill(count)
            rows.append((f"{count:,}", *(f"{1 / each.sign_in():.1f}" for each in (stage, cheap))))
        table(
            "Sign-ins a second, one after another (password, code, session)",
            ("accounts", "as it is", "without the cost of the hash"),
            rows,
        )


class _Stage:
    """A door on SQLite with a file sync for each step, as it is served."""

    def __init__(self, stores: Mapping[Branch, Database], hashes: PasswordHashes) -> None:
        self._keys, self._mailbox = AccountKeys(bytes(32)), _Mailbox()
        self._rows, self._hashes = AccountRows(self._keys), hashes
        self._store = SqlVaultStore(stores["accounts"], ACCOUNTS)
        issuer = TokenIssuer(Authority(bytes(range(32)), environment=Environment.DEMO), "coffre/demo", {})
        sessions = Sessions(SqlIndex(stores["index"]), issuer, None, Outbox(self._keys, time.time), time.time)
        admitting = Admitting(self._keys, sessions, self._mailbox, Counts(), time.time)
        self._door = PasswordDoor(
            self._store,
            self._keys,
            Passwords(hashes, lambda _: False),
            self._mailbox,
            admitting,
            Counts(),
            time.time,
        )
        self._filled = 0

    def fill(self, accounts: int) -> None:
        """With accounts of one hash: what differs is found by its name alone."""
        password = self._hashes.hash(PASSWORD)
        while self._filled < accounts:
            with self._store.writing() as tx:
                for _ in range(min(AT_A_TIME, accounts - self._filled)):
                    self._rows.add(tx, _account(password), 1)
                    self._filled += 1

    def sign_in(self) -> float:
        """Seconds of one, the median of several accounts that are new here."""
        taken = []
        for _ in range(SIGN_INS):
            account = replace(_account(self._hashes.hash(PASSWORD)), identifier=uuid4().hex[:10].upper())
            with self._store.writing() as tx:
                self._rows.add(tx, account, 1)
            who = Visitor(uuid4().hex, None, uuid4().hex, "Firefox")
            taken.append(_timed(partial(self._both, account, who)))
        return sorted(taken)[len(taken) // 2]

    def _both(self, account: Account, who: Visitor) -> None:
        self._door.knock(account.identifier, PASSWORD, who)
        self._door.enter(self._mailbox.code, who)


def _stores(folder: Path) -> Iterator[tuple[Branch, Database]]:
    branches: tuple[Branch, ...] = ("index", "accounts")
    for branch in branches:
        database = engine_for(f"sqlite:///{folder}/{branch}.db")
        upgrade(database, branch)
        yield branch, database


def _account(password: str) -> Account:
    return Account(
        account_id=uuid4(),
        state=AccountState.ACTIVE,
        identifier=uuid4().hex[:12].upper(),
        ins=_ins(),
        kind=ContactKind.EMAIL,
        contact="zoe@example.fr",
        password=password,
    )


def _ins() -> str:
    head = f"{uuid4().int % 10**13:013d}"
    return f"{head}{97 - int(head) % 97:02d}|1.2.250.1.213.1.4.10"


def _on_a_core(work: Callable[[], object]) -> float:
    """CPU seconds: others may be busy meanwhile."""
    began = time.thread_time()
    work()
    return time.thread_time() - began


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _at_once(hashes: PasswordHashes) -> float:
    passwords, many = Passwords(hashes, lambda _: False), 8
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return many / _timed(lambda: list(pool.map(lambda _: passwords.choose(PASSWORD), range(many))))
