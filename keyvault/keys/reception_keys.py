"""Day keys, and the document by which intake knows a day's public half (docs/formats.md section 2).

Intake holds a day's public key, signed by the vault; from the moment a byte is received only the vault can
read it.
"""

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from audit.canonical import canonical
from keyvault.crypto.boxes import new_box_key
from keyvault.crypto.members import integer, members, text
from keyvault.crypto.signing import key_id, verify
from records.errors import CoffreError, Invalid
from records.text.base64url import b64, unb64

KEY_FORMAT = "coffre-reception-key-v1"
_KEY_LABEL = KEY_FORMAT.encode("ascii") + b"\0"


class ReceptionError(CoffreError):
    """A reception key, a received key or an envelope cannot be used."""

    code = "reception_invalid"


@dataclass(frozen=True, slots=True)
class ReceptionKey:
    """The public half of a day key. `not_after` is unix seconds."""

    day: str
    public: bytes
    not_after: int


@dataclass(frozen=True, slots=True)
class DayKey:
    """The vault's X25519 key pair of one day, "YYYY-MM-DD"."""

    day: str
    private: bytes = field(repr=False)
    public: bytes
    not_after: int

    @property
    def published(self) -> ReceptionKey:
        """The half that intake may see."""
        return ReceptionKey(self.day, self.public, self.not_after)


def new_day_key(day: str, not_after: int) -> DayKey:
    """Draws the key pair of a day. Raises `Invalid` "bad_member" for anything but YYYY-MM-DD."""
    private, public = new_box_key()
    return DayKey(_day(day), private, public, integer(not_after))


def signed_reception_key(key: ReceptionKey, public: bytes, sign: Callable[[bytes], bytes]) -> dict[str, Any]:
    """Returns the document that the index keeps for intake, signed with the vault's reception signing key.

    `sign` gives the Ed25519 signature of `public`, so that the private half stays where it is.
    """
    document: dict[str, Any] = {
        "format": KEY_FORMAT,
        "day": key.day,
        "public": b64(key.public),
        "not_after": key.not_after,
        "key_id": key_id(public),
    }
    return document | {"signature": b64(sign(_KEY_LABEL + canonical(document)))}


def verify_reception_key(document: Mapping[str, Any], pinned_public: bytes, now: int) -> ReceptionKey:
    """Returns the day's key if the pinned signing key signed it and it lasts beyond `now` (unix seconds).

    Raises `ReceptionError` "reception_key_invalid" or "reception_key_expired".
    """
    try:
        key = _signed_key(dict(document), pinned_public)
    except Invalid:
        raise ReceptionError(
            "The reception key was not signed by the pinned key; check the vault and the pinned key.",
            code="reception_key_invalid",
        ) from None
    if key.not_after <= now:
        raise ReceptionError(
            "The reception key is past its day; let the vault publish the next one.",
            code="reception_key_expired",
        )
    return key


def _day(value: Any) -> str:
    try:
        if datetime.date.fromisoformat(text(value, 10)).isoformat() == value:
            return str(value)
    except ValueError:
        pass
    raise Invalid("A day is written YYYY-MM-DD.", code="bad_member") from None


def _signed_key(document: dict[str, Any], pinned: bytes) -> ReceptionKey:
    members(document, {"format", "day", "public", "not_after", "key_id", "signature"})
    signature = unb64(document.pop("signature"), 64)
    if document["format"] != KEY_FORMAT or document["key_id"] != key_id(pinned):
        raise Invalid("The key is another one than pinned.", code="bad_member")
    if not verify(pinned, _KEY_LABEL + canonical(document), signature):
        raise Invalid("The signature is not the pinned key's.", code="bad_member")
    return ReceptionKey(_day(document["day"]), unb64(document["public"], 32), integer(document["not_after"]))
