"""A form with one file as browsers send it (multipart/form-data, RFC 7578), in memory."""

import re

from starlette.requests import Request

from records.errors import Invalid

LARGEST_FILE = 20 * 2**20
"""Bytes of a document."""
_LARGEST_BODY = LARGEST_FILE + 64 * 1024
_BOUNDARY = re.compile(
    r'multipart/form-data;\s*boundary="?([A-Za-z0-9\'()+_,./:=? -]{1,70})"?\s*', re.IGNORECASE
)
_NAME = re.compile(rb'form-data;(?:.*;)?\s*name="([a-z]{1,20})"')
_MOST_PARTS = 12
FILE = "fichier"


async def read_upload(request: Request) -> tuple[dict[str, str], bytes]:
    """The fields, each once, and the bytes of the file. Raises `Invalid` "bad_form" or "too_large"."""
    found = _BOUNDARY.fullmatch(request.headers.get("content-type", ""))
    if found is None:
        raise _bad_form()
    body = bytearray(b"\r\n")
    async for piece in request.stream():
        body += piece
        if len(body) > _LARGEST_BODY:
            raise Invalid("A document of one's own has at most 20 MiB.", code="too_large")
    return _read(bytes(body), found[1].encode("ascii"))


def _read(body: bytes, boundary: bytes) -> tuple[dict[str, str], bytes]:
    _, *parts = body.split(b"\r\n--" + boundary, _MOST_PARTS)
    if not parts or not parts[-1].startswith(b"--"):
        raise _bad_form()
    fields: dict[str, str] = {}
    content = b""
    for part in parts[:-1]:
        headers, divider, value = part.partition(b"\r\n\r\n")
        named = _NAME.search(headers)
        if not divider or named is None or named[1].decode() in fields:
            raise _bad_form()
        fields[named[1].decode()] = "" if named[1] == FILE.encode() else _text(value)
        content = value if named[1] == FILE.encode() else content
    return fields, content


def _text(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        raise _bad_form() from None


def _bad_form() -> Invalid:
    return Invalid("The form cannot be read: reload its page and try again.", code="bad_form")
