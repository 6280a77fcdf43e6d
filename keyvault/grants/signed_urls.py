"""Signed URLs of the embedded object store: who holds a grant may read one version of one blob for minutes.

The signature is HMAC-SHA-256 over `"coffre-url-v1" 00 grant(16) blob(16) be32(version) be64(exp)`.
"""

import hmac
from uuid import UUID

from keyvault.crypto.envelope import be32, be64
from records.errors import Invalid, Refused

LONGEST_LIFE = 300  # seconds
CLOCK_SKEW = 60  # seconds


def sign_url(key: bytes, grant: UUID, blob: UUID, version: int, exp: int) -> bytes:
    """Returns the 32 bytes that admit reading a blob's version under a grant until `exp` (unix seconds)."""
    if len(key) != 32:
        raise Invalid("A key has 32 bytes.", code="bad_key")
    message = b"coffre-url-v1\0" + grant.bytes + blob.bytes + be32(version) + be64(exp)
    return hmac.digest(key, message, "sha256")


def check_url(
    key: bytes, grant: UUID, blob: UUID, version: int, *, exp: int, signature: bytes, now: int
) -> None:
    """Returns if the URL was signed by this key and has not ended.

    Raises `Refused` "url_invalid" or, only for one that was truly signed, "url_expired".
    """
    try:
        expected = sign_url(key, grant, blob, version, exp)
    except Invalid as error:
        if error.code == "bad_key":
            raise
        raise _invalid() from None
    if not hmac.compare_digest(expected, signature) or exp > now + LONGEST_LIFE + CLOCK_SKEW:
        raise _invalid()
    if exp <= now:
        raise Refused("This address has expired; ask the grant for new ones.", code="url_expired")


def _invalid() -> Refused:
    return Refused("This address was not issued here; ask the grant for new ones.", code="url_invalid")
