"""Ciphertext objects in an S3 bucket: `[prefix/]b/<first two hex of id>/<blob_id>/<version>`, written once.

The two adapters (`boto`, `minio_sdk`) make single requests; this module repeats what failed in passing and
holds what `storage.ports.objects.ObjectStore` promises. What each store does differently:
docs/object-stores.md.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar
from uuid import UUID, uuid4

from records.errors import CoffreError
from storage.objects.address import Address, check_place
from storage.objects.bucket import Body, Bucket, Failure, Found, missing, patiently, told
from storage.objects.multipart import S3Writer, claim_of

T = TypeVar("T")

PARALLEL_PARTS = 8
MOST_CUTS = 5
"""Connections cut one after another before a stream is given up."""
LONGEST_LIFE_S = 300
"""Seconds of a presigned address: the store can't be told that a grant ended."""


class S3Objects:
    """An `ObjectStore` (see `storage.ports.objects`) in one bucket; shared by threads, opened anew after a
    fork.
    """

    def __init__(self, bucket: Bucket, address: Address, public: Bucket | None = None) -> None:
        """`public` signs for readers, where they reach the same bucket under another host."""
        self._bucket, self._public = bucket, public or bucket
        self._address = address
        self._pool = ThreadPoolExecutor(PARALLEL_PARTS, thread_name_prefix="s3-part")

    def check(self) -> None:
        try:
            self._bucket.head(self._key(UUID(int=0), 0))
        except Failure as failure:
            # AWS answers so of a missing object to whoever may not list
            if failure.status != 403:
                raise told(failure) from failure

    def writer(self, blob_id: UUID, version: int) -> S3Writer:
        return S3Writer(
            self._bucket,
            self._key(blob_id, version),
            self._pool,
            patience=self._address.patience,
            create_header=self._address.create_header,
        )

    def read(self, blob_id: UUID, version: int, start: int, stop: int) -> bytes:
        _check_forward(start, stop)
        key = self._key(blob_id, version)
        if start == stop:
            self._check_empty(key, stop)
            return b""
        return self._ask(lambda: self._read_once(key, start, stop))

    def stream(
        self, blob_id: UUID, version: int, start: int = 0, stop: int | None = None, chunk: int = 65536
    ) -> Iterator[bytes]:
        _check_forward(start, start if stop is None else stop)
        key = self._key(blob_id, version)
        if start == stop:
            self._check_empty(key, start)
            return iter(())
        try:
            body = self._ask(lambda: self._get(key, start, stop))
        except _ShortError:
            if stop is None:  # from the end to the end
                return iter(())
            raise
        return self._pieces(key, body, chunk)

    def size(self, blob_id: UUID, version: int) -> int | None:
        found = self._head(self._key(blob_id, version))
        return None if found is None else found.size

    def delete(self, blob_id: UUID, version: int) -> bool:
        key = self._key(blob_id, version)
        self._remove(claim_of(key))  # of a writer that was killed
        return self._remove(key)

    def _remove(self, key: str) -> bool:
        found = self._head(key)
        if found is None:
            return False
        if found.version is None:
            self._ask(lambda: self._bucket.delete(key))
        else:  # a plain DELETE would only hide it; the latest goes last, so that a crash is seen
            for kept in reversed(self._ask(lambda: self._bucket.versions(key))):
                self._ask(lambda version=kept: self._bucket.delete(key, version))  # type: ignore[misc]
        return True

    def sweep_partial(self, older_than_s: float) -> int:
        limit = time.time() - older_than_s
        stale = self._ask(
            lambda: [
                each for each in self._bucket.pending(f"{self._address.prefix}b/") if each.begun <= limit
            ]
        )
        return sum(self._drop(each.key, each.upload) for each in stale)

    def presigned(self, blob_id: UUID, version: int, seconds: int) -> str | None:
        if not 0 < seconds <= LONGEST_LIFE_S:
            raise ValueError("an address lives at most five minutes")
        return self._ask(lambda: self._public.presigned(self._key(blob_id, version), seconds))

    def prepare(self, origins: Sequence[str], *, create: bool, versions: bool) -> None:
        """Makes the bucket ready: exists, lies in the EEA, admits the pages of `origins`, keeps versions.

        Repeatable. CoffreError `bucket_missing` where it does not exist and `create` is False,
        `store_overwrites` where it ignores If-None-Match; Invalid `non_eea_region`.
        """
        try:
            region = patiently(self._bucket.region, self._address.patience)
        except Failure as failure:
            if failure.status != 404 or not create:
                raise told(
                    Failure(failure.status, "NoSuchBucket") if failure.status == 404 else failure
                ) from failure
            self._ask(lambda: self._bucket.create(locked=False))
            region = self._ask(self._bucket.region)
        if region:
            check_place(self._address, region)
        if versions:
            self._ask(self._bucket.keep_versions)
        if origins:
            self._ask(lambda: self._bucket.admit(origins))
        if self._address.create_header:
            self._check_condition()

    def _check_condition(self) -> None:
        """Writes a probe twice: on some stores the second write replaces the first in silence."""
        key = f"{self._address.prefix}probe/{uuid4()}"
        try:
            patiently(lambda: self._bucket.put(key, b"", "first", only_new=True), self._address.patience)
            patiently(lambda: self._bucket.put(key, b"", "second", only_new=True), self._address.patience)
        except Failure as failure:
            if failure.status != 412:
                raise told(failure) from failure
        else:
            raise CoffreError(
                "This bucket overwrites objects though asked not to: add create=check to COFFRE_OBJECTS_URL.",
                code="store_overwrites",
            )
        finally:
            self._remove(key)

    def _key(self, blob_id: UUID, version: int) -> str:
        return f"{self._address.prefix}b/{blob_id.hex[:2]}/{blob_id}/{version}"

    def _head(self, key: str) -> Found | None:
        return self._ask(lambda: self._bucket.head(key))

    def _check_empty(self, key: str, stop: int) -> None:
        found = self._head(key)
        if found is None:
            raise missing()
        if found.size < stop:
            raise _short()

    def _get(self, key: str, start: int, stop: int | None) -> Body:
        """Failure, or a body that is exactly [start, stop)."""
        try:
            body = self._bucket.get(key, start, stop)
        except Failure as failure:
            if failure.status == 416:
                raise _short() from failure
            raise
        wanted = body.total if stop is None else stop
        if (body.start, body.stop) == (start, wanted):
            return body
        body.close()
        if body.start == start and body.stop == body.total < wanted:
            raise _short()
        raise CoffreError("The object store serves other ranges than asked.", code="store_failing")

    def _read_once(self, key: str, start: int, stop: int) -> bytes:
        body = self._get(key, start, stop)
        try:
            return body.exactly(stop - start)
        finally:
            body.close()

    def _pieces(self, key: str, body: Body, chunk: int) -> Iterator[bytes]:
        """The body's bytes; a cut connection is taken up again where it ended."""
        position, stop, cuts = body.start, body.stop, 0
        try:
            while position < stop:
                length = min(chunk, stop - position)
                try:
                    piece = body.exactly(length)
                except Failure as failure:
                    cuts += 1
                    if cuts > MOST_CUTS:
                        raise told(failure) from failure
                    body.close()
                    body = self._ask(lambda at=position: self._get(key, at, stop))  # type: ignore[misc]
                    continue
                yield piece
                position, cuts = position + length, 0
        finally:
            body.close()

    def _drop(self, key: str, upload: str) -> bool:
        try:
            patiently(lambda: self._bucket.drop(key, upload), self._address.patience)
        except Failure as failure:
            if failure.status == 404:  # completed or swept by another process meanwhile
                return False
            raise told(failure) from failure
        return True

    def _ask(self, call: Callable[[], T]) -> T:
        try:
            return patiently(call, self._address.patience)
        except Failure as failure:
            raise told(failure) from failure


class _ShortError(CoffreError):
    """The range ends behind the object."""


def _short() -> _ShortError:
    return _ShortError("The object is shorter than its row says; restore it.", code="object_short")


def _check_forward(start: int, stop: int) -> None:
    if not 0 <= start <= stop:
        raise ValueError("a range runs forward from 0")
