"""Writers of one object who commit at once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID

from records.errors import Conflict
from storage.ports.objects import ObjectStore


def winner_of(objects: ObjectStore, blob_id: UUID, writers: int, size: int) -> int:
    """The one of several writers, each of `size` bytes of its number, who takes the name."""
    start = Barrier(writers)

    def attempt(number: int) -> bool:
        with objects.writer(blob_id, 1) as writer:
            writer.write(bytes([number]) * size)
            start.wait()
            try:
                writer.commit()
            except Conflict:
                return False
            return True

    with ThreadPoolExecutor(writers) as pool:
        won = list(pool.map(attempt, range(writers)))
    assert won.count(True) == 1
    return won.index(True)
