"""One answer that is read under a held grant. It may last: the vault is asked again while it does."""

from collections.abc import Callable
from typing import Generic, TypeVar
from uuid import UUID

from viewer_api.gateway.held_grants import ContentClosedError, HeldGrant, OpenedBlob

ASKED_AGAIN_S = 20
"""Seconds for which the vault's last word counts for what is read of an answer under way."""

T = TypeVar("T", bound=HeldGrant)


class Answer(Generic[T]):
    """What is held, while one request is answered from it.

    `again` asks the vault whether this blob may still be read, and says what is held now; it raises where it
    may not. `clock` in unix seconds.
    """

    def __init__(self, thing: T, again: Callable[[UUID], T], clock: Callable[[], float]) -> None:
        self.thing = thing
        self._again = again
        self._clock = clock
        self._asked = clock()

    def blob(self, blob_id: UUID) -> OpenedBlob:
        """The blob, where it may be read now. Raises what `again` raises, and `NotFound`."""
        self.check(blob_id)
        try:
            return self.thing.blob(blob_id)
        except ContentClosedError:
            self._ask(blob_id)
            return self.thing.blob(blob_id)

    def check(self, blob_id: UUID) -> None:
        """Asks again where the last word is too old, or of a time to come. Raises as `blob`."""
        if not 0 <= self._clock() - self._asked <= ASKED_AGAIN_S:
            self._ask(blob_id)

    def _ask(self, blob_id: UUID) -> None:
        self.thing = self._again(blob_id)
        self._asked = self._clock()
