"""Cursors of lists: where a page begins, as text that callers pass back and need not understand.

A cursor holds the key of a document that its caller was shown: when it came, in ms, and its id. It is not
signed: whatever key it names, a page shows what its caller may see and nothing else.
"""

import struct
from uuid import UUID

from keyvault.verbs.reader.lists.filling import Key
from records.errors import Invalid
from records.text.base64url import b64, unb64

_VERSION = 1
_FORM = struct.Struct(">BQ16s")
_LATEST = 2**63 - 1  # of what the vault's columns hold


def write_cursor(key: Key) -> str:
    """34 characters of base64url (RFC 4648 section 5, no padding): version, instant, id."""
    at, document_id = key
    return b64(_FORM.pack(_VERSION, at, document_id.bytes))


def read_cursor(text: str | None) -> Key | None:
    """The key of a cursor, None where there is none. Raises `Invalid` "bad_cursor"."""
    if text is None:
        return None
    try:
        version, at, document_id = _FORM.unpack(unb64(text, _FORM.size))
    except (Invalid, struct.error):
        raise _bad_cursor() from None
    if version != _VERSION or at > _LATEST:
        raise _bad_cursor()
    return at, UUID(bytes=document_id)


def read_position(text: str | None) -> bytes | None:
    """Where a page of authorisations goes on, as the page before said. Raises `Invalid` "bad_cursor"."""
    try:
        return None if text is None else unb64(text)
    except Invalid:
        raise _bad_cursor() from None


def _bad_cursor() -> Invalid:
    return Invalid(
        "No page begins there: pass `after` as `next` gave it, or leave it out to begin with the newest.",
        code="bad_cursor",
    )
