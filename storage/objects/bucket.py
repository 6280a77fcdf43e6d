"""The port that both S3 clients serve: single requests on one bucket, answers and failures as values."""

import re
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import md5
from random import uniform
from typing import Protocol, TypeVar

from records.errors import CoffreError, NotFound
from records.text.numbers import whole

T = TypeVar("T")

WRITER = "writer"
"""User metadata: a random token that says whose write an object is, when the answer to it was lost."""
HEADERS = {"Content-Type": "application/octet-stream", "Cache-Control": "private, no-store"}

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 4.0
_PASSING_STATUS = frozenset({0, 408, 429, 500, 502, 503, 504})
_PASSING_CODE = frozenset(
    {"ConditionalRequestConflict", "IncompleteBody", "OperationAborted", "RequestTimeout"}
)
_FULL = frozenset({"EntityTooLarge", "InsufficientStorage", "QuotaExceeded", "XMinioStorageFull"})
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})")


class Failure(Exception):  # noqa: N818 - not told to anybody: `told` makes the error
    """One request failed: the HTTP status (0 where there was no answer) and the store's own code.

    Nothing else of the answer is kept: stores repeat key ids and signed headers in their messages.
    """

    def __init__(self, status: int, code: str) -> None:
        super().__init__(f"{status} {code}")
        self.status, self.code = status, code

    @property
    def passing(self) -> bool:
        """Worth another try: no answer, or one that blames the moment."""
        return (self.status in _PASSING_STATUS and self.code != "SSLError") or self.code in _PASSING_CODE


@dataclass(frozen=True, slots=True)
class Found:
    """The answer of HEAD about an object; `version` where the bucket keeps versions."""

    size: int
    writer: str | None
    version: str | None


@dataclass(frozen=True, slots=True)
class Pending:
    """A multipart upload begun at `begun` (unix seconds) and not completed."""

    key: str
    upload: str
    begun: float


@dataclass(frozen=True, slots=True)
class Body:
    """The bytes [start, stop) of an object of `total` bytes, to be read once. `take` raises `Failure`."""

    start: int
    stop: int
    total: int
    take: Callable[[int], bytes]
    close: Callable[[], None]

    def exactly(self, length: int) -> bytes:
        """`length` bytes; Failure where the connection ends before."""
        data = self.take(length)
        while len(data) < length:
            more = self.take(length - len(data))
            if not more:
                raise Failure(0, "BodyCut")
            data += more
        return data


class Bucket(Protocol):
    """Requests on one bucket, each tried once. Every method raises `Failure`."""

    def put(self, key: str, body: bytes | bytearray, writer: str, *, only_new: bool) -> str | None:
        """Writes an object whole and answers its version, where the bucket keeps versions."""

    def begin(self, key: str, writer: str) -> str:
        """Begins a multipart upload and names it."""

    def put_part(self, key: str, upload: str, number: int, body: bytes | bytearray) -> str:
        """Stores one part, counted from 1, and answers its ETag."""

    def complete(self, key: str, upload: str, etags: Sequence[str], *, only_new: bool) -> None: ...

    def drop(self, key: str, upload: str) -> None: ...

    def pending(self, prefix: str) -> Iterator[Pending]: ...

    def head(self, key: str) -> Found | None: ...

    def get(self, key: str, start: int = 0, stop: int | None = None) -> Body: ...

    def delete(self, key: str, version: str | None = None) -> None: ...

    def versions(self, key: str) -> list[str]:
        """Every version of exactly this key, delete markers too, the latest first."""

    def presigned(self, key: str, seconds: int) -> str:
        """An address that GETs this object and nothing else. Asks nobody."""

    def region(self) -> str | None:
        """The region that the bucket states, None where it doesn't; Failure 404 where there is no bucket."""

    def create(self, *, locked: bool) -> None: ...

    def keep_versions(self) -> None: ...

    def admit(self, origins: Sequence[str]) -> None:
        """CORS: pages of these origins, and of no other, may GET and HEAD with `Range`."""

    def put_locked(self, key: str, body: bytes, until: float, *, hold: bool) -> None:
        """Creates an object nobody can delete or change before `until` (unix seconds), or under a hold."""

    def locked_until(self, key: str) -> float | None:
        """The end of its retention (unix seconds); None where it has none."""


def content_md5(body: bytes) -> str:
    """S3 wants it (RFC 1864) of rules for a bucket, and of objects with a lock: AWS refuses them without."""
    return b64encode(md5(body, usedforsecurity=False).digest()).decode()


def body_of(
    status: int, headers: Mapping[str, str], take: Callable[[int], bytes], close: Callable[[], None]
) -> Body:
    """A GET's answer (RFC 9110 section 15.3.7): 206 says which bytes, 200 that they are all."""
    if status == 206:
        found = _CONTENT_RANGE.fullmatch(headers.get("content-range", ""))
        if found is None:
            close()
            raise Failure(status, "NoContentRange")
        return Body(int(found[1]), int(found[2]) + 1, int(found[3]), take, close)
    size = whole(headers.get("content-length", "0"))
    return Body(0, size, size, take, close)


def range_header(start: int, stop: int | None) -> str | None:
    if stop is None:
        return f"bytes={start}-" if start else None
    return f"bytes={start}-{stop - 1}"


def patiently(call: Callable[[], T], patience: float, stopped: threading.Event | None = None) -> T:
    """Repeats what failed in passing, after pauses that double and differ, until patience ends.

    Once `stopped` is set nothing is repeated.
    """
    give_up = time.monotonic() + patience
    pause = FIRST_PAUSE
    stopped = stopped or threading.Event()
    while True:
        try:
            return call()
        except Failure as failure:
            wait = uniform(pause / 2, pause)  # noqa: S311 - spreads clients, hides nothing
            if not failure.passing or time.monotonic() + wait > give_up or stopped.wait(wait):
                raise
        pause = min(2 * pause, LONGEST_PAUSE)


def told(failure: Failure) -> CoffreError:
    """The error that callers meet."""
    if failure.code == "NoSuchBucket":
        return CoffreError(
            "The bucket of COFFRE_OBJECTS_URL does not exist; create it, or run `coffre init`.",
            code="bucket_missing",
        )
    if failure.code in _FULL:
        return CoffreError("The object store is full; have its quota raised.", code="store_full")
    if failure.status == 404:
        return missing()
    if failure.status in (401, 403):
        return CoffreError(
            "The object store refuses these credentials or this request; check the access key, its rights on "
            "the bucket and this machine's clock.",
            code="store_denied",
        )
    return CoffreError("The object store does not answer as it should; try again.", code="store_failing")


def missing() -> NotFound:
    return NotFound("The object is not in the store; restore it from a backup.", code="object_missing")
