"""Writing one object to S3: up to 8 MiB in one PUT, above it as a multipart upload in parts of 8 MiB.

What a crash leaves: before `commit` nothing visible, at most a multipart upload (`sweep_partial`); inside
`commit` nothing or the whole object, named by its upload row.
"""

import secrets
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from typing import Self, TypeVar

from awscrt.checksums import crc64nvme

from records.errors import CoffreError, Conflict
from storage.objects.bucket import Bucket, Failure, patiently, told
from storage.ports.objects import StoredObject

T = TypeVar("T")

PART = 128 * 65_536
"""128 whole segments. 10 000 of them, the most S3 takes, are the largest object of the format: no growth."""
IN_FLIGHT = 3
"""Parts on their way while one is filled: 32 MiB at most, whatever the object's size."""


class S3Writer:
    """An `ObjectWriter` (see `storage.ports.objects`). A part stays in memory until the store has it, so that
    a repeated request sends the same bytes.
    """

    def __init__(
        self,
        bucket: Bucket,
        key: str,
        pool: ThreadPoolExecutor,
        *,
        patience: float,
        create_header: bool,
    ) -> None:
        self._bucket, self._key, self._pool = bucket, key, pool
        self._patience, self._create_header = patience, create_header
        self._token = secrets.token_hex(16)
        # grows with what is written: a zeroed buffer of a part would cost small objects more than their PUT
        self._buffer = bytearray()
        self._size = self._crc = 0
        self._upload: str | None = None
        self._sending: deque[Future[None]] = deque()
        self._etags: dict[int, str] = {}
        self._parts = 0
        self._open = True
        self._stopped = threading.Event()

    def write(self, data: bytes | memoryview) -> None:
        self._check_open()
        view = memoryview(data).cast("B")
        self._crc = crc64nvme(view, self._crc)
        self._size += view.nbytes
        while view.nbytes:
            if len(self._buffer) == PART:
                self._send_part()
            room = min(PART - len(self._buffer), view.nbytes)
            self._buffer += view[:room]
            view = view[room:]

    def commit(self) -> StoredObject:
        self._check_open()
        try:
            if self._upload is None:
                self._put_whole()
            else:
                self._complete()
        except BaseException:
            self.abort()
            raise
        self._open = False
        return StoredObject(self._size, self._crc)

    def _put_whole(self) -> None:
        if not self._create_header:
            self._check_new()
        self._settle(self._key, lambda: self._put(self._key, self._buffer))

    def _complete(self) -> None:
        self._send_part()  # never empty: a part goes when there is more to write
        while self._sending:
            self._sending.popleft().result()
        upload, etags = self._upload or "", [self._etags[number] for number in sorted(self._etags)]
        with self._claimed():
            self._check_new()
            self._settle(
                self._key,
                lambda: self._bucket.complete(self._key, upload, etags, only_new=self._create_header),
            )

    @contextmanager
    def _claimed(self) -> Iterator[None]:
        """Alone with the name: Ceph ignores the condition on CompleteMultipartUpload, but not on PUT.

        The look for an existing object comes after the claim, and the claim goes after the object is there,
        so that of several writers one finds the name free.
        """
        if not self._create_header:
            yield
            return
        key = claim_of(self._key)
        version = self._settle(key, lambda: self._put(key, b""))
        try:
            yield
        finally:
            with suppress(Failure):  # a claim left behind goes with the name's deletion
                patiently(lambda: self._bucket.delete(key, version), self._patience, self._stopped)

    def _put(self, key: str, body: bytes | bytearray) -> str | None:
        return self._bucket.put(key, body, self._token, only_new=self._create_header)

    def _settle(self, key: str, request: Callable[[], str | None]) -> str | None:
        """The request that takes a name, and the version it made; where the answer to an earlier try was
        lost, the token tells whose object is there.
        """

        def once() -> str | None:
            try:
                return request()
            except Failure as failure:
                if failure.passing or failure.status not in (404, 409, 412) or failure.code == "NoSuchBucket":
                    raise
                found = self._bucket.head(key)
                if found is None and failure.status == 412:  # whoever had the name let it go
                    raise Failure(503, "NameFreed") from failure
                if found is None:
                    raise
                if found.writer != self._token:
                    raise taken() from failure
                return found.version

        return self._ask(once)

    def _check_new(self) -> None:
        if self._ask(lambda: self._bucket.head(self._key)) is not None:
            raise taken()

    def _send_part(self) -> None:
        if self._upload is None:
            self._upload = self._ask(lambda: self._bucket.begin(self._key, self._token))
        if len(self._sending) == IN_FLIGHT:
            self._sending.popleft().result()
        self._parts += 1
        self._sending.append(self._pool.submit(self._put_part, self._upload, self._parts, self._buffer))
        self._buffer = bytearray()

    def _put_part(self, upload: str, number: int, buffer: bytearray) -> None:
        self._etags[number] = self._ask(lambda: self._bucket.put_part(self._key, upload, number, buffer))

    def _ask(self, call: Callable[[], T]) -> T:
        try:
            return patiently(call, self._patience, self._stopped)
        except Failure as failure:
            if failure.status == 404 and failure.code != "NoSuchBucket":
                raise CoffreError(
                    "The upload is gone from the object store; send it again.", code="store_failing"
                ) from failure
            raise told(failure) from failure

    def _check_open(self) -> None:
        if not self._open:
            raise ValueError("this object is committed or aborted; begin another")

    def abort(self) -> None:
        if not self._open:
            return
        self._open = False
        self._stopped.set()
        for future in self._sending:
            future.cancel()
        # a part that arrives after the upload was dropped could stay for ever
        wait(self._sending)
        self._sending.clear()
        if self._upload is not None:
            with suppress(Failure):  # `sweep_partial` finds it
                self._bucket.drop(self._key, self._upload)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.abort()


def claim_of(key: str) -> str:
    """Where a writer that completes `key` leaves its claim meanwhile."""
    return f"{key}.claim"


def taken() -> Conflict:
    return Conflict("An object of this name exists; take a new id or version.", code="object_exists")
