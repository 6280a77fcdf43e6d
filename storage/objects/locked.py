"""Notes that nobody can take back: checkpoints of the log under S3 object lock, in a bucket made for it."""

from collections.abc import Callable
from typing import TypeVar

from records.errors import CoffreError, Conflict
from storage.objects.address import Address, check_place
from storage.objects.bucket import Bucket, Failure, patiently, told

T = TypeVar("T")


class LockedNotes:
    """Small objects under names of their own, locked (COMPLIANCE: against the account's owner too)."""

    def __init__(self, bucket: Bucket, address: Address) -> None:
        self._bucket, self._address = bucket, address

    def put_locked(self, name: str, note: bytes, until: float, *, hold: bool = False) -> None:
        """Keeps `note` until `until` (unix seconds), with `hold` also under a legal hold. Repeatable.

        CoffreError `lock_missing` unless the store says afterwards that the lock holds: some accept the
        request and lock nothing. Conflict `object_exists` where the name holds another note.
        """
        key = self._key(name)
        found = self.read(
            name
        )  # the condition on the write itself is ignored by Ceph where versions are kept
        if found is None:
            self._put(key, note, until, hold)
        elif found != note:
            raise Conflict("Another note has this name; take a new one.", code="object_exists")
        locked = self._ask(lambda: self._bucket.locked_until(key))
        if locked is None or (found is None and locked < int(until)):
            raise _no_lock()

    def _put(self, key: str, note: bytes, until: float, hold: bool) -> None:
        try:
            patiently(lambda: self._bucket.put_locked(key, note, until, hold=hold), self._address.patience)
        except Failure as failure:
            if failure.status == 412:  # another process, or an earlier try whose answer was lost
                raise CoffreError(
                    "Another process writes this note; try again.", code="store_busy"
                ) from failure
            if 400 <= failure.status < 500 and failure.status not in (401, 403, 404):
                raise _no_lock() from failure
            raise told(failure) from failure

    def read(self, name: str) -> bytes | None:
        """The note, None where there is none."""
        try:
            return patiently(lambda: self._whole(self._key(name)), self._address.patience)
        except Failure as failure:
            if failure.status == 404 and failure.code != "NoSuchBucket":
                return None
            raise told(failure) from failure

    def forget(self, name: str) -> None:
        """Removes a note whose retention is over, every version of it; nothing there is fine."""
        key = self._key(name)
        for version in self._ask(lambda: self._bucket.versions(key)):
            self._ask(lambda version=version: self._bucket.delete(key, version))  # type: ignore[misc]

    def prepare(self, *, create: bool) -> None:
        """Makes the bucket with object lock, which most stores allow at its creation only. Repeatable."""
        try:
            region = patiently(self._bucket.region, self._address.patience)
        except Failure as failure:
            if failure.status != 404:
                raise told(failure) from failure
            if not create:
                raise told(Failure(404, "NoSuchBucket")) from failure
            self._ask(lambda: self._bucket.create(locked=True))
            region = self._ask(self._bucket.region)
        if region:
            check_place(self._address, region)

    def _whole(self, key: str) -> bytes:
        body = self._bucket.get(key)
        try:
            return body.exactly(body.total)
        finally:
            body.close()

    def _key(self, name: str) -> str:
        return f"{self._address.prefix}{name}"

    def _ask(self, call: Callable[[], T]) -> T:
        try:
            return patiently(call, self._address.patience)
        except Failure as failure:
            raise told(failure) from failure


def _no_lock() -> CoffreError:
    return CoffreError(
        "This bucket locks nothing; name one that was made with object lock.", code="lock_missing"
    )
