"""Addresses of a grant's objects: ranges of ciphertext behind them, and new ones where they have ended."""

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self, TypeVar
from urllib.parse import urljoin
from uuid import UUID

import httpx

from client.http_client import LARGEST_ANSWER, CoffreClient, bad_answer, refusal
from keyvault.crypto.sealed_blob import BlobError
from records.errors import CoffreError, NotFound

T = TypeVar("T")
_PARTIAL = 206
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/(?:[0-9]+|\*)")
_URL_GONE = frozenset({401, 403})


@dataclass(frozen=True, slots=True)
class GrantAnswer:
    """A grant as `POST /grants` answers it, without its sealed body: `urls` by blob.

    `event` is the leaf hash of the line that it left in the audit log, base64url.
    """

    id: str
    event: str
    urls: dict[str, str]

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> Self:
        """Raises `CoffreError` "bad_answer"."""
        grant_id, event = found.get("id"), found.get("event")
        if not isinstance(grant_id, str) or not isinstance(event, str):
            raise bad_answer()
        return cls(grant_id, event, _urls(found))


class Addresses:
    """Of one grant. Several threads may read at once; `objects` has no credential."""

    def __init__(self, client: CoffreClient, objects: CoffreClient, grant: GrantAnswer) -> None:
        self.fetched = 0
        """Ciphertext bytes read so far."""
        self._client = client
        self._objects = objects
        self._grant_id = grant.id
        self._urls = grant.urls
        self._renewing = threading.Lock()
        self._ended: CoffreError | None = None

    def read(self, blob_id: UUID, start: int, stop: int, made: Callable[[Iterator[bytes]], T]) -> T:
        """Returns what is made of ciphertext bytes [start, stop); an address that has ended is renewed once.

        `made` is called anew where a connection was lost. Raises `NotFound` "no_address", `BlobError`
        "short_range" for any other range than the one asked for, `Refused`, and what `made` raises.
        """
        url = self._urls.get(str(blob_id))
        found = self._range_or_none(url, start, stop, made) if url else None
        if found is None:
            url = self._renewed(blob_id, url)
            found = self._range_or_none(url, start, stop, made) if url else None
        if found is None:
            raise NotFound(
                "The store gives no access to this object; ask for a new grant.", code="no_address"
            )
        with self._renewing:
            self.fetched += stop - start
        return found

    def _renewed(self, blob_id: UUID, ended: str | None) -> str | None:
        """Another address than the one that ended; asked for once, however many threads met the end."""
        with self._renewing:
            if self._ended is not None:
                raise self._ended
            if self._urls.get(str(blob_id)) == ended:
                try:
                    self._urls = _urls(self._client.read("POST", f"/grants/{self._grant_id}/urls"))
                except CoffreError as error:
                    self._ended = error
                    raise
            return self._urls.get(str(blob_id))

    def _range_or_none(
        self, url: str, start: int, stop: int, made: Callable[[Iterator[bytes]], T]
    ) -> T | None:
        """What is made of these bytes, None where the address has ended."""
        found: list[T] = []

        def take(answer: httpx.Response, pieces: Iterator[bytes]) -> None:
            exact = _exactly(answer, pieces, start, stop)
            found[:] = [made(exact)]
            for _ in exact:  # to its end: what follows is refused, and the connection serves the next range
                pass

        asked = {"Range": f"bytes={start}-{stop - 1}"}
        most = max(stop - start, LARGEST_ANSWER)
        address = _absolute(self._client.url, url)
        answer = self._objects.call("GET", address, headers=asked, most=most, take=take)
        if answer.status_code in _URL_GONE:
            return None
        if not answer.is_success:
            raise refusal(answer)
        return found[0]


def _exactly(answer: httpx.Response, pieces: Iterator[bytes], start: int, stop: int) -> Iterator[bytes]:
    """The body of an answer that is this range and nothing else. Raises `BlobError` "short_range"."""
    place = _CONTENT_RANGE.fullmatch(answer.headers.get("content-range", ""))
    exact = place is not None and (int(place[1]), int(place[2]) + 1) == (start, stop)
    if answer.status_code != _PARTIAL or not exact:
        raise _short_range()
    left = stop - start
    for piece in pieces:
        left -= len(piece)
        if left < 0:
            raise _short_range()
        yield piece
    if left:
        raise _short_range()


def _short_range() -> BlobError:
    return BlobError("The store answered with another range than asked; try again.", code="short_range")


def _absolute(server: str, url: str) -> str:
    """An address of a grant, which may be relative to the server."""
    try:
        return urljoin(server + "/", url)
    except ValueError:
        raise bad_answer() from None


def _urls(found: object) -> dict[str, str]:
    urls = found.get("urls") if isinstance(found, Mapping) else None
    if not isinstance(urls, dict):
        raise bad_answer()
    return {str(blob): str(url) for blob, url in urls.items()}
