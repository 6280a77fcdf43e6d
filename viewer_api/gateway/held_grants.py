"""Grants that the gateway holds in memory: one per credential, thing and purpose, each with a key of its own.

A grant is dropped when it ends, after 60 s without use, when the vault no longer permits all of it, and when
others are wanted more; its keys go with it, also from under an answer that is still being read.
"""

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from uuid import UUID

from keyvault.crypto.blob_opener import Opener
from keyvault.crypto.sealed_blob import BlobRef
from keyvault.grants.grant import GrantBody
from keyvault.verbs.call import Call
from keyvault.verbs.rows import SealedRow
from records.errors import CoffreError, NotFound

IDLE_S = 60
"""Seconds without use after which a key is forgotten (docs/vault.md section 3)."""
SPARE_S = 5
"""Seconds before its end from which a grant is asked for anew: the vault's clock may be ahead of ours."""
MOST_HELD = 256
MOST_PLACES = 200_000
"""Places of instances and frames held in all, some 300 bytes each; those of the latest grant in any case."""

Key = bytes


def key_of(call: Call, locator: str | None, study: str | None, document: UUID | None) -> Key:
    """What a grant is held for. The token names its proof key, where it is bound to one (RFC 9449)."""
    named = (
        call.token,
        locator or "",
        study or "",
        str(document or ""),
        call.purpose.value,
        call.reason or "",
    )
    digest = hashlib.sha256()
    for part in (each.encode(errors="surrogatepass") for each in named):
        digest.update(len(part).to_bytes(8) + part)
    return digest.digest()


@dataclass(frozen=True, slots=True)
class OpenedBlob:
    """A blob of a grant, and what opens it."""

    ref: BlobRef
    size: int
    opener: Opener = field(repr=False)


class ContentClosedError(CoffreError):
    code = "content_closed"

    def __init__(self) -> None:
        super().__init__("This content is no longer open: ask for it again.")


class HeldGrant:
    """An opened grant, until it is dropped. `record` is its record's public id.

    `holders`: the document of each blob, as the vault said; `rows`: what the index had of what was asked for.
    """

    def __init__(
        self,
        grant_id: UUID,
        record: str,
        expires: int,
        body: GrantBody,
        holders: Mapping[UUID, UUID],
        rows: frozenset[tuple[UUID, int, UUID]],
        clock: Callable[[], float],
    ) -> None:
        self.grant_id = grant_id
        self.record = record
        self.documents = body.documents
        self.series = body.series
        self.holders = holders
        self.rows = rows
        self._expires = expires
        self._clock = clock
        self._used = clock()
        self._blobs: Mapping[UUID, OpenedBlob] | None = {
            blob.sealed.ref.blob_id: OpenedBlob(
                blob.sealed.ref, blob.sealed.plaintext_size, Opener(blob.sealed, blob.dek)
            )
            for blob in body.blobs
        }

    def blob(self, blob_id: UUID) -> OpenedBlob:
        """Raises `ContentClosedError` once it was dropped, `NotFound` for what it doesn't give."""
        blobs = self._blobs
        if blobs is None or self._clock() >= self._expires:
            raise ContentClosedError
        self._used = self._clock()
        found = blobs.get(blob_id)
        if found is None:
            raise NotFound("There is no such document in this record.", code="no_such_document")
        return found

    @property
    def places(self) -> int:
        """How many places of instances and frames are kept with it."""
        return 0

    @property
    def due(self) -> float:
        """When it is dropped, in unix seconds, unless it is used before."""
        return min(self._used + IDLE_S, self._expires - SPARE_S)

    def end(self) -> None:
        """Forget its keys."""
        self._blobs = None


def rows_of(rows: Iterable[SealedRow]) -> frozenset[tuple[UUID, int, UUID]]:
    return frozenset((row.document_id, row.row_version, row.submission_id) for row in rows)


T = TypeVar("T", bound=HeldGrant)


class HeldGrants(Generic[T]):
    """All grants that one process holds. Any number of threads may ask."""

    def __init__(
        self,
        clock: Callable[[], float] = time.time,
        most: int = MOST_HELD,
        most_places: int = MOST_PLACES,
    ) -> None:
        self._clock = clock
        self._most = most
        self._most_places = most_places
        self._lock = threading.Condition()
        self._held: OrderedDict[Key, T] = OrderedDict()
        self._replaced: list[T] = []
        self._turns: dict[Key, _Turn] = {}
        self._sweeper: threading.Thread | None = None

    @contextmanager
    def turn(self, key: Key) -> Iterator[None]:
        """One at a time for each key: of several first requests one asks the vault for the grant."""
        with self._lock:
            turn = self._turns.setdefault(key, _Turn())
            turn.wanted += 1
        try:
            with turn.lock:
                yield
        finally:
            with self._lock:
                turn.wanted -= 1
                if not turn.wanted:
                    del self._turns[key]

    def get(self, key: Key) -> T | None:
        """The grant that is held, if it is not due."""
        with self._lock:
            self._drop_due()
            found = self._held.get(key)
            if found is not None:
                self._held.move_to_end(key)
            self._make_room()
            return found

    def put(self, key: Key, held: T) -> None:
        """Hold a grant. Answers that still read under the one before read on, until that one is due."""
        with self._lock:
            before = self._held.pop(key, None)
            if before is not None:
                self._replaced.append(before)
            self._held[key] = held
            self._make_room()
            self._begin_sweeping()

    def drop(self, key: Key, held: T) -> None:
        """Forget a grant that the vault no longer permits, from under every answer."""
        held.end()
        with self._lock:
            if self._held.get(key) is held:
                del self._held[key]

    def sweep(self) -> float | None:
        """Drop what is due; answers when the next one will be (unix seconds), None where none is held."""
        with self._lock:
            self._drop_due()
            return min((each.due for each in (*self._held.values(), *self._replaced)), default=None)

    def _drop_due(self) -> None:
        now = self._clock()
        for key in [key for key, held in self._held.items() if held.due <= now]:
            self._held.pop(key).end()
        for held in [each for each in self._replaced if each.due <= now]:
            held.end()
            self._replaced.remove(held)

    def _make_room(self) -> None:
        """Forget what was used longest ago, where others are wanted more."""
        places = sum(held.places for held in self._held.values())
        while len(self._held) > self._most or (places > self._most_places and len(self._held) > 1):
            _, oldest = self._held.popitem(last=False)
            places -= oldest.places
            oldest.end()

    def _begin_sweeping(self) -> None:
        if self._sweeper is None:
            self._sweeper = threading.Thread(target=self._sweep, name="held grants", daemon=True)
            self._sweeper.start()

    def _sweep(self) -> None:
        """Ends with the last grant."""
        while True:
            with self._lock:
                due = self.sweep()
                if due is None:
                    self._sweeper = None
                    return
                self._lock.wait(max(0.05, due - self._clock()))


@dataclass(slots=True)
class _Turn:
    lock: threading.Lock = field(default_factory=threading.Lock)
    wanted: int = 0
