"""Presigned ranges of the embedded store, or of one that readers do not reach:
`/objects/{blob}/{version}?grant=&exp=&sig=`, GET and HEAD.

The signature says that the vault granted this object; each request asks it again whether it still would.
Ciphertext only: whoever holds the address without the grant's key reads noise.
"""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from keyvault.grants.signed_urls import LONGEST_LIFE, check_url, sign_url
from keyvault.process.guard import ReaderDoor
from records.errors import Invalid, NotFound, Refused
from records.text.base64url import b64, unb64
from storage.ports.objects import ObjectStore
from viewer_api.grant_addresses import Presign
from viewer_api.routes.numbers import Whole

CHUNK = 1 << 20  # a visit to a thread and a turn of the loop for each, a sixth less CPU than pieces of 64 KiB
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")  # more digits than any object has bytes: no range


@dataclass(frozen=True, slots=True)
class Presigner:
    """Makes and checks addresses with a key of the reader's own."""

    key: bytes
    origin: str

    def url(self, grant: UUID, blob: UUID, version: int) -> str:
        """An address for at most five minutes."""
        exp = int(time.time()) + LONGEST_LIFE
        signature = b64(sign_url(self.key, grant, blob, version, exp))
        return f"{self.origin}/objects/{blob}/{version}?grant={grant}&exp={exp}&sig={signature}"

    def check(self, grant: UUID, blob: UUID, version: int, exp: int, signature: str) -> None:
        now = int(time.time())
        check_url(self.key, grant, blob, version, exp=exp, signature=unb64(signature), now=now)


def addresses(objects: ObjectStore, presigner: Presigner, *, relayed: bool = False) -> Presign:
    """The store's own addresses where it has a server that readers reach, else ranges served here."""

    def presign(grant: UUID, blob: UUID, version: int) -> str:
        return objects.presigned(blob, version, LONGEST_LIFE) or presigner.url(grant, blob, version)

    return presigner.url if relayed else presign


def router(objects: ObjectStore, vault: ReaderDoor, presigner: Presigner) -> APIRouter:
    routes = APIRouter(tags=["Objects"])

    def admitted(grant: UUID, blob: UUID, version: int, exp: int, sig: str) -> int:
        """The object's size, if the address is genuine and the grant still holds."""
        try:
            presigner.check(grant, blob, version, exp, sig)
        except Invalid:
            raise Refused(
                "This address was not issued here; ask the grant for new ones.", code="url_invalid"
            ) from None
        if not vault.recheck(grant, blob, version):
            raise Refused("This grant no longer holds: ask for a new one.", code="grant_ended")
        size = objects.size(blob, version)
        if size is None:
            raise NotFound("The object isn't there any more.", code="object_missing")
        return size

    @routes.get("/objects/{blob}/{version}", summary="Sealed bytes, whole or by range")
    async def read(
        blob: UUID, version: Whole, grant: UUID, exp: Whole, sig: str, request: Request
    ) -> Response:
        size = await asyncio.to_thread(admitted, grant, blob, version, exp, sig)
        start, stop, status = span(request.headers.get("range"), size)
        headers = {
            "Content-Length": str(stop - start),
            "Accept-Ranges": "bytes",
            "Content-Type": "application/octet-stream",
            "Cache-Control": "private, no-store",
        }
        if status == 206:
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
        if request.method == "HEAD" or stop == start:
            return Response(status_code=status, headers=headers)
        body = objects.stream(blob, version, start, stop, CHUNK)
        return StreamingResponse(in_threads(body), status_code=status, headers=headers)

    return routes


def span(header: str | None, size: int) -> tuple[int, int, int]:
    """[start, stop) and the status of one range (RFC 9110 section 14). The whole is the answer to several,
    and to what is none.
    """
    found = _RANGE.fullmatch(header.strip(" \t")) if header else None
    if found is None or found[1] == found[2] == "" or _ends_before_it_begins(*found.groups()):
        return 0, size, 200
    if found[1] == "":
        start, stop = max(0, size - int(found[2])), size
    else:
        start = int(found[1])
        stop = min(size, int(found[2]) + 1) if found[2] else size
    if start >= size or stop <= start:
        raise RangeNotSatisfiable(size)
    return start, stop, 206


def _ends_before_it_begins(first: str, last: str) -> bool:
    return bool(first and last) and int(last) < int(first)


class RangeNotSatisfiable(Refused):
    code = "range_not_satisfiable"

    def __init__(self, size: int) -> None:
        super().__init__("The range lies behind the end of the object.")
        self.size = size


async def in_threads(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Each piece is fetched in a thread, one at a time."""
    while piece := await asyncio.to_thread(next, pieces, b""):
        yield piece
