"""Letters: codes that leave by another channel than the identifier, and word of an account to its holder.

One of them leaves as a message, to the address that codes go to.
"""

import hmac
from dataclasses import dataclass, field
from uuid import UUID

from keyvault.credentials.account_keys import AccountKeys, Named
from sign_in.accounts.account import as_read, new_code
from sign_in.accounts.purposes import ASKED, CHOOSES, LIFE_MS, TRIES_AFTER_MS, Purpose
from sign_in.store import AccountTransaction

LETTERS_OF_A_CODE = 12
"""60 bits: nobody guesses it, however often he tries, so that no wrong try spends it."""
_SPENT = b"\0"  # the digest of no code, nor of one that is asked for
_WAITING = (ASKED, *(bytes([tries]) for tries in range(1, len(TRIES_AFTER_MS))))
"""In a message's row in place of its code's digest, by the tries at which it could not leave."""


@dataclass(frozen=True, slots=True)
class LetterCode:
    """A code just drawn: the store keeps its digest alone."""

    purpose: Purpose
    code: str = field(repr=False)
    expires: int


@dataclass(frozen=True, slots=True)
class DueMessage:
    """A message with a code that is to leave now; `tries`: how many of its times are over."""

    account_id: UUID
    tries: int


class Letters:
    """The codes of letters in their table; a new one takes the place of the one before."""

    def __init__(self, keys: AccountKeys) -> None:
        self._keys = keys

    def draw(self, tx: AccountTransaction, account_id: UUID, purpose: Purpose, now_ms: int) -> LetterCode:
        made = LetterCode(purpose, new_code(LETTERS_OF_A_CODE), now_ms + LIFE_MS[purpose])
        values = {"code": self._digest(account_id, purpose, made.code), "expires": made.expires}
        key = {"account_id": account_id, "purpose": purpose.value}
        if not tx.insert_new("letter", key | values):
            tx.update("letter", values, **key)
        return made

    def ask(self, tx: AccountTransaction, account_id: UUID, purpose: Purpose, now_ms: int) -> None:
        """A letter is to be printed, and its code drawn then. One that is under way counts on: nobody spends
        it by asking for another, and none leaves more often than one lasts.
        """
        key = {"account_id": account_id, "purpose": purpose.value}
        tx.delete("letter", expires__le=now_ms, **key)
        tx.insert_new("letter", key | {"code": ASKED, "expires": now_ms + LIFE_MS[purpose]})

    def end(self, tx: AccountTransaction, account_id: UUID, purpose: Purpose) -> None:
        """It is not to be printed any more, and its code serves no more."""
        tx.delete("letter", account_id=account_id, purpose=purpose.value)

    def end_all(self, tx: AccountTransaction, account_id: UUID) -> None:
        """Whatever they are for: the account goes."""
        tx.delete("letter", account_id=account_id)

    def asked(self, tx: AccountTransaction, now_ms: int) -> list[tuple[UUID, Purpose]]:
        """The accounts whose letters are to be printed, and what for."""
        rows = tx.find("letter", code=ASKED, expires__gt=now_ms, purpose__in=[*CHOOSES])
        return [(row["account_id"], Purpose(row["purpose"])) for row in rows]

    def next_message(self, tx: AccountTransaction, now_ms: int) -> DueMessage | None:
        """What failed comes after what was asked for since: no address that fails holds others up."""
        for tries, (code, after_ms) in enumerate(zip(_WAITING, TRIES_AFTER_MS, strict=True)):
            # at once, whatever the clock of the process that was asked
            until = {"expires__le": now_ms + LIFE_MS[Purpose.BROWSER] - after_ms} if tries else {}
            key = {"code": code, "purpose": Purpose.BROWSER.value, "expires__gt": now_ms}
            for row in tx.find("letter", order="expires", limit=1, **key, **until):
                return DueMessage(row["account_id"], tries)
        return None

    def draw_message(self, tx: AccountTransaction, due: DueMessage, now_ms: int) -> str | None:
        """Its code, which ends when its asking does; None where another process has drawn it."""
        code = new_code(LETTERS_OF_A_CODE)
        values = {"code": self._digest(due.account_id, Purpose.BROWSER, code)}
        key = {"account_id": due.account_id, "purpose": Purpose.BROWSER.value, "code": _WAITING[due.tries]}
        return code if tx.update("letter", values, expires__gt=now_ms, **key) else None

    def put_back(self, tx: AccountTransaction, due: DueMessage, code: str, now_ms: int) -> None:
        """The message with this code could not leave: it is due at the next of its times that is to come, and
        after the last of them none leaves until its day is over.
        """
        digest = self._digest(due.account_id, Purpose.BROWSER, code)
        row = tx.get("letter", account_id=due.account_id, code=digest)
        if row is not None:
            age_ms = now_ms - (row["expires"] - LIFE_MS[Purpose.BROWSER])
            after = [tries for tries in range(due.tries + 1, len(_WAITING)) if TRIES_AFTER_MS[tries] > age_ms]
            values = {"code": _WAITING[after[0]] if after else _SPENT}
            tx.update("letter", values, account_id=due.account_id, code=digest)

    def is_drawn(
        self, tx: AccountTransaction, account_id: UUID, purpose: Purpose, code: str | None, now_ms: int
    ) -> bool:
        """Whether this code serves; without a code, whether nothing is left to be printed."""
        row = tx.get("letter", account_id=account_id, purpose=purpose.value)
        if code is None or row is None:
            return code is None and (row is None or row["code"] != ASKED)
        lasts: bool = row["expires"] > now_ms
        return lasts and hmac.compare_digest(row["code"], self._digest(account_id, purpose, code))

    def spend_message(self, tx: AccountTransaction, account_id: UUID, code: str, now_ms: int) -> bool:
        """Whether it is the code of the message, which serves once: until its day is over none leaves in its
        place, so that whoever reads the mailbox has no more tries by it than one browser has.
        """
        digest = self._digest(account_id, Purpose.BROWSER, code)
        key = {"account_id": account_id, "purpose": Purpose.BROWSER.value, "code": digest}
        return bool(tx.update("letter", {"code": _SPENT}, expires__gt=now_ms, **key))

    def use(self, tx: AccountTransaction, account_id: UUID, code: str, now_ms: int) -> Purpose | None:
        """What the code is for, which serves once and chooses a password; None where it is none of this
        account that lasts.
        """
        for purpose in CHOOSES:
            digest = self._digest(account_id, purpose, code)
            if tx.delete(
                "letter", account_id=account_id, purpose=purpose.value, code=digest, expires__gt=now_ms
            ):
                return purpose
        return None

    def _digest(self, account_id: UUID, purpose: Purpose, code: str) -> bytes:
        return self._keys.name(Named.LETTER, account_id.bytes, purpose.value, as_read(code))


ENDED_BY_RESTORE = {
    "passkey": "made_at",
    "linked_identity": "made_at",
    "entry": "expires",
    "session": "expires",
    "device": "last_at",
}
"""Tables of what lets somebody in, each with a column that every row has."""


def begin_anew(tx: AccountTransaction) -> int:
    """After a restore, so that nothing serves which served or ended since the backup: whoever was signed in,
    or on the way, is so no longer, no device is known, no passkey and no linked identity counts (one may have
    been removed with a lost telephone), no message waits (it left, or is asked for anew), and codes of
    letters are to be drawn anew. Counts these.
    """
    for table, column in ENDED_BY_RESTORE.items():
        tx.delete(table, **{f"{column}__ge": 0})
    tx.delete("letter", purpose=Purpose.BROWSER.value)
    return tx.update("letter", {"code": ASKED}, expires__gt=0)
