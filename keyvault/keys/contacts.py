"""Contacts of a holder, and the code that proves an address, sealed under the card key of the record
(docs/formats.md section 8).

Each version of a contact has its event, which names the digest of the sealed bytes: an older address put back
in the table contradicts the log. A code is work in hand: neither replayed nor checked.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field, replace
from typing import Self

from keyvault.crypto.sealed_json import contact_aad, contact_code_aad, open_json, seal_json
from keyvault.keys.cards import OpenedCard
from keyvault.store import Row, VaultTransaction
from records.people.contacts import CODE_DIGITS, CODE_LIFE_S, CODE_TRIES, ContactKind
from records.text.base64url import b64, unb64

_SALT = 32


@dataclass(frozen=True, slots=True)
class Contact:
    """`address` is proven since `since` (unix seconds); `pending` waits to be. None: there is none."""

    kind: ContactKind
    version: int = 0
    address: str | None = field(default=None, repr=False)
    since: int | None = None
    pending: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Code:
    """A code that was handed out, hashed: good until `until` (unix seconds) for so many tries."""

    salt: bytes = field(repr=False)
    digest: bytes = field(repr=False)
    until: int
    tries_left: int = CODE_TRIES

    @classmethod
    def draw(cls, now: int) -> tuple[str, Self]:
        """A new code, which is shown once, and what is kept of it."""
        code, salt = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}", secrets.token_bytes(_SALT)
        return code, cls(salt, _digest(salt, code), now + CODE_LIFE_S)

    def is_good(self, now: int) -> bool:
        return self.tries_left > 0 and now < self.until

    def is_of(self, text: str) -> bool:
        return text.isascii() and hmac.compare_digest(self.digest, _digest(self.salt, text))


def open_contact(tx: VaultTransaction, card: OpenedCard, kind: ContactKind) -> Contact:
    """The newest version; version 0 where there never was one. Raises `KeyvaultError` "unseal_failed"."""
    row = tx.get("contact", record_id=card.record_id, kind=kind.value)
    if row is None:
        return Contact(kind)
    found = open_json(card.key, row["sealed"], contact_aad(card.record_id, kind, row["version"]))
    return Contact(kind, row["version"], found["address"], found["since"], found["pending"])


def store_contact(tx: VaultTransaction, card: OpenedCard, contact: Contact) -> tuple[Contact, str]:
    """Keep this as the next version; answers it with the digest that its event names, in hex.

    The record is locked.
    """
    kept = replace(contact, version=contact.version + 1)
    content = {"address": kept.address, "since": kept.since, "pending": kept.pending}
    sealed = seal_json(card.key, content, contact_aad(card.record_id, kept.kind, kept.version))
    where = {"record_id": card.record_id, "kind": kept.kind.value}
    values = {"version": kept.version, "sealed": sealed}
    if not tx.insert_new("contact", where | values):
        tx.update("contact", values, **where)
    return kept, contact_digest({"sealed": sealed})


def contact_digest(row: Row) -> str:
    return hashlib.sha256(row["sealed"]).hexdigest()


def open_code(tx: VaultTransaction, card: OpenedCard, kind: ContactKind) -> Code | None:
    row = tx.get("contact_code", record_id=card.record_id, kind=kind.value)
    if row is None:
        return None
    found = open_json(card.key, row["sealed"], contact_code_aad(card.record_id, kind))
    return Code(unb64(found["salt"]), unb64(found["digest"]), found["until"], found["tries_left"])


def store_code(tx: VaultTransaction, card: OpenedCard, kind: ContactKind, code: Code) -> None:
    content = {
        "salt": b64(code.salt),
        "digest": b64(code.digest),
        "until": code.until,
        "tries_left": code.tries_left,
    }
    sealed = seal_json(card.key, content, contact_code_aad(card.record_id, kind))
    forget_code(tx, card, kind)
    where = {"record_id": card.record_id, "kind": kind.value}
    tx.insert("contact_code", where | {"sealed": sealed, "expires": code.until})


def forget_code(tx: VaultTransaction, card: OpenedCard, kind: ContactKind) -> None:
    tx.delete("contact_code", record_id=card.record_id, kind=kind.value)


def forget_old_codes(tx: VaultTransaction, now: int) -> None:
    tx.delete("contact_code", expires__lt=now)


def _digest(salt: bytes, code: str) -> bytes:
    return hmac.digest(salt, code.encode(), "sha256")
