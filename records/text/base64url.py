"""Binary values in text: base64url without padding (RFC 4648 section 5), one spelling for each value.

One spelling, because texts that carry such values are signed, hashed and compared as they stand: RFC 4648
section 3.5 lets a decoder take stray bits at the end, and two texts would then say one value.
"""

import base64
import binascii

from records.errors import Invalid

_ALPHABET = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def b64(data: bytes) -> str:
    """Returns base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def unb64(text: object, size: int | None = None) -> bytes:
    """Reads base64url without padding, in its one canonical spelling, of exactly `size` bytes if given.

    Raises `Invalid` code "bad_base64".
    """
    if (
        isinstance(text, str)
        and (size is None or len(text) == -(-size * 4 // 3))
        and _ALPHABET.issuperset(text)
    ):
        try:
            data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except binascii.Error:
            data = b""
        if b64(data) == text:
            return data
    raise Invalid("A binary value is not base64url without padding of the expected size.", code="bad_base64")
