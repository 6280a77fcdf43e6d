"""Sessions of the pages: begun here, found and ended in the index: an end counts at once everywhere."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from keyvault.credentials.claims import Binding
from keyvault.credentials.sign_in_links import digest_of, new_sign_in
from records.durations import DAY_MS
from records.errors import Invalid
from records.sessions import IDLE_MS, LONGEST_S
from records.vocabulary.door_events import DoorEvent
from sign_in.accounts.devices import Met
from sign_in.store import AccountTransaction
from sign_in.tokens.issuing import TokenIssuer
from sign_in.tokens.proven import Proven
from sign_in.watching.outbox import Outbox
from storage.ports.index import SignInIndex
from storage.rows.sign_ins import SignedIn

FRESH_MS = 15 * 60_000
NEW_MS = 7 * DAY_MS


@dataclass(frozen=True, slots=True)
class OpenSession:
    """`device`: the name of the browser in which it was begun."""

    session_id: UUID
    device: bytes = field(repr=False)
    began_at: int
    used_at: int


class Sessions:
    """`bound_to`: the key of the process of the pages, whose calls alone their credentials are good for."""

    def __init__(
        self,
        index: SignInIndex,
        issuer: TokenIssuer,
        bound_to: Binding | None,
        outbox: Outbox,
        clock: Callable[[], float],
    ) -> None:
        self._index, self._issuer, self._bound_to, self._clock = index, issuer, bound_to, clock
        self._outbox = outbox

    def begin(self, tx: AccountTransaction, account_id: UUID, met: Met, who: Proven) -> str:
        """The code for the browser's cookie, drawn now: none that was there before is ever taken over.

        The log is told in the same transaction, and of a new device as well.
        """
        session_id, now = uuid4(), self._now_ms()
        made = new_sign_in(
            self._issuer.issue(who, bound_to=self._bound_to, lifetime=LONGEST_S),
            forms=new_secret(),
        )
        expires = (who.proven_at + LONGEST_S) * 1000
        tx.delete("session", expires__le=now)
        # first: what the index holds and no list names could not be ended by its holder
        tx.insert_new(
            "session",
            {
                "session_id": session_id,
                "account_id": account_id,
                "device": met.name,
                "began_at": now,
                "expires": expires,
            },
        )
        self._outbox.arrived(tx, DoorEvent.SIGNED_IN, who)
        if met.is_new:
            self._outbox.arrived(tx, DoorEvent.NEW_DEVICE, who)
        self._index.put_sign_in(
            SignedIn(
                digest=made.digest,
                sealed=made.sealed,
                expires=expires,
                session_id=session_id,
                made_at=now,
                used_at=now,
            )
        )
        return made.code

    def leave(self, tx: AccountTransaction, code: str | None) -> None:
        """Ends the session of a browser in which somebody signs in anew."""
        found = self.account_of(tx, code)
        if found is not None:
            self.end_one(tx, *found)

    def account_of(self, tx: AccountTransaction, code: str | None) -> tuple[UUID, UUID] | None:
        """(account, session) of a browser that is signed in."""
        now = self._now_ms()
        try:
            kept = self._index.sign_in(digest_of(code), now, now - IDLE_MS) if code else None
        except Invalid:
            return None
        row = tx.get("session", session_id=kept.session_id) if kept and kept.session_id else None
        return None if row is None else (row["account_id"], row["session_id"])

    def is_fresh(self, tx: AccountTransaction, session_id: UUID) -> bool:
        """Whether somebody proved who they are a moment ago, as changing the ways in takes."""
        row = tx.get("session", session_id=session_id)
        return row is not None and self._now_ms() < row["began_at"] + FRESH_MS

    def device_of(self, tx: AccountTransaction, session_id: UUID) -> bytes | None:
        """The name of the browser in which it was begun."""
        row = tx.get("session", session_id=session_id)
        return None if row is None else row["device"]

    def all(self, tx: AccountTransaction, account_id: UUID) -> list[OpenSession]:
        """Those that last, the last used first."""
        now = self._now_ms()
        rows = tx.find("session", account_id=account_id, expires__gt=now)
        live = self._index.live_sessions([row["session_id"] for row in rows], now, now - IDLE_MS)
        found = [
            OpenSession(row["session_id"], row["device"], row["began_at"], live[row["session_id"]])
            for row in rows
            if row["session_id"] in live
        ]
        return sorted(found, key=lambda each: each.used_at, reverse=True)

    def end(self, tx: AccountTransaction, account_id: UUID, but: UUID | None = None) -> int:
        """Ends all of a person, `but` the one they sit at; counts them."""
        rows = tx.find("session", account_id=account_id)
        ended = [row["session_id"] for row in rows if row["session_id"] != but]
        self._index.end_sessions(ended)
        return tx.delete("session", session_id__in=ended)

    def end_one(self, tx: AccountTransaction, account_id: UUID, session_id: UUID) -> None:
        """Nothing, where it is another person's."""
        if tx.delete("session", session_id=session_id, account_id=account_id):
            self._index.end_sessions([session_id])

    def new_since(self) -> int:
        """What was first used after this instant (ms) is new."""
        return self._now_ms() - NEW_MS

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)


def new_secret() -> str:
    """For a cookie or a form: 32 random bytes as base64url."""
    return secrets.token_urlsafe(32)
