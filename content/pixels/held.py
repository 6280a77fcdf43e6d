"""Pieces that a child made, held until they are read: counted as they come, given back as they leave."""

from collections import deque
from collections.abc import Iterator
from typing import Protocol, Self

from content.pixels.sources import Images


class Room(Protocol):
    """Memory that one answer takes of what all may hold. Both in bytes; `take` may wait, and refuse."""

    def take(self, size: int) -> None: ...

    def give_back(self, size: int) -> None: ...


class _AnyRoom:
    def take(self, size: int) -> None:
        pass

    give_back = take


def room_of(images: Images) -> Room:
    """Room of whoever asks for them; where nobody says, there is enough: an overview is small."""
    return next((source.room() for source, _ in images if hasattr(source, "room")), _AnyRoom())


class Held(Iterator[bytes]):
    """Pieces of one answer, each read once. What nobody reads is given back with it."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._pieces: deque[bytes] = deque()
        self.size = 0
        """Of all pieces, read or not."""

    def add(self, piece: bytes) -> None:
        """Raises what the room raises where there is none."""
        self._room.take(len(piece))
        self._pieces.append(piece)
        self.size += len(piece)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        if not self._pieces:
            raise StopIteration
        piece = self._pieces.popleft()
        self._room.give_back(len(piece))
        return piece

    def close(self) -> None:
        """Nobody reads what is left."""
        for _ in self:
            pass

    def __del__(self) -> None:
        self.close()
