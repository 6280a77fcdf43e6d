"""Letters: codes that leave by another channel than the identifier, and word of an account to its holder.

One of them leaves as a message, to the address that codes go to.
"""

import hmac
from dataclasses import dataclass, field
from uuid import UUID

from keyvault.credentials.account_keys import AccountKeys, Named
from sign_in.accounts.account import as_read, new_code
from sign_in.accounts.purposes import ASKED, CHOOSES, LIFE_MS, Purpose
from sign_in.store import AccountTransaction

LETTERS_OF_A_CODE = 12
"""60 bits: nobody guesses it, however often he tries, so that no wrong try spends it."""
_SPENT = b"\0"  # the digest of no code, nor of one that is asked for


@dataclass(frozen=True, slots=True)
class LetterCode:
    """A code just drawn: the store keeps its digest alone."""

    purpose: Purpose
    code: str = field(repr=False)
    expires: int


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

    def messages(self, tx: AccountTransaction, now_ms: int, limit: int) -> list[UUID]:
        """The accounts that a message with a code was asked for."""
        purpose = Purpose.BROWSER.value
        rows = tx.find("letter", limit=limit, code=ASKED, purpose=purpose, expires__gt=now_ms)
        return [row["account_id"] for row in rows]

    def draw_asked(self, tx: AccountTransaction, account_id: UUID, now_ms: int) -> str | None:
        """The code of a message that was asked for; None where another process has drawn it."""
        code, purpose = new_code(LETTERS_OF_A_CODE), Purpose.BROWSER
        values = {"code": self._digest(account_id, purpose, code), "expires": now_ms + LIFE_MS[purpose]}
        key = {"account_id": account_id, "purpose": purpose.value, "code": ASKED}
        return code if tx.update("letter", values, **key) else None

    def put_back(self, tx: AccountTransaction, account_id: UUID, code: str) -> None:
        """The message with this code could not leave: it is asked for still."""
        digest = self._digest(account_id, Purpose.BROWSER, code)
        tx.update("letter", {"code": ASKED}, account_id=account_id, code=digest)

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
    been removed with a lost telephone), and codes of letters are to be drawn anew. Counts these.
    """
    for table, column in ENDED_BY_RESTORE.items():
        tx.delete(table, **{f"{column}__ge": 0})
    return tx.update("letter", {"code": ASKED}, expires__gt=0)
