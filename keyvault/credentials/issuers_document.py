"""The document that tells intake and the readers whose credentials are accepted (docs/formats.md section 9).

The vault signs it like the day keys, and it travels through the index: nobody in between adds an issuer. It
lasts a day, so that an old one does not stay in force.
"""

import json
from collections.abc import Callable, Iterable

from audit.canonical import canonical
from keyvault.credentials.issuers import Issuer, IssuerList, issuer_to_json, read_issuers
from keyvault.crypto.members import integer, members
from keyvault.crypto.signing import key_id, verify
from records.errors import CoffreError, Invalid
from records.text.base64url import b64, unb64

FORMAT = "coffre-issuers-v1"
WITH_HARDWARE = "coffre-issuers-v2"
"""Where an operator has a hardware key."""
LASTS_S = 24 * 3600


def signed_issuers(
    issuers: Iterable[Issuer], made_at: int, public: bytes, sign: Callable[[bytes], bytes]
) -> str:
    """Returns the signed document; `made_at` in unix seconds. `sign` is that of `public`."""
    listed = list(issuers)
    used = WITH_HARDWARE if any(each.origin for each in listed) else FORMAT
    document = {
        "format": used,
        "issuers": [issuer_to_json(each) for each in listed],
        "not_after": made_at + LASTS_S,
        "key_id": key_id(public),
    }
    return canonical(document | {"signature": b64(sign(_label(used) + canonical(document)))}).decode()


def verify_issuers(document: str | None, pinned: bytes, now: int) -> IssuerList:
    """Returns the issuers, if the pinned key signed them and they are in force at `now` (unix seconds).

    Raises `CoffreError` "issuers_unknown".
    """
    try:
        found = members(json.loads(document or ""), {"format", "issuers", "not_after", "key_id", "signature"})
        signature = unb64(found.pop("signature"), 64)
        good = (
            found["format"] in (FORMAT, WITH_HARDWARE)
            and integer(found["not_after"]) > now
            and verify(pinned, _label(found["format"]) + canonical(found), signature)
        )
        issuers = read_issuers(found["issuers"])
    except (Invalid, ValueError):
        good = False
    if not good:
        raise CoffreError(
            "Nobody can sign in for a moment: the vault has not published whose credentials it accepts. Try "
            "again.",
            code="issuers_unknown",
        )
    return issuers


def _label(used: str) -> bytes:
    return used.encode("ascii") + b"\0"
