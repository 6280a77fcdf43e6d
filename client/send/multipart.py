"""A multipart/related body (RFC 2387) of files, read while it is sent."""

import hashlib
import secrets
from collections.abc import Callable, Iterator, Sequence

from client.send.contents import content, digest
from client.send.plan import Candidate

Sent = Callable[[int], None]
"""Called with the bytes of the request at hand that have left so far."""


class Multipart:
    """The body of a deposit, of known length. `sent` holds the SHA-256 of each file that has left."""

    def __init__(self, batch: Sequence[Candidate], progress: Sent) -> None:
        self.boundary = f"coffre-{secrets.token_hex(16)}"
        self.sent: list[bytes] = []
        self._batch = batch
        self._progress = progress
        self._head = f"--{self.boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()
        self._end = f"--{self.boundary}--\r\n".encode()
        framing = len(batch) * (len(self._head) + 2) + len(self._end)
        self.length = framing + sum(candidate.size for candidate in batch)

    def body(self) -> Iterator[bytes]:
        """Yields the bytes, anew on each call."""
        self.sent = []
        done = 0
        for piece in self._pieces():
            yield piece
            done += len(piece)
            self._progress(done)

    def digests(self) -> list[bytes]:
        """The SHA-256 of each file, which costs one more reading."""
        return [digest(candidate) for candidate in self._batch]

    def _pieces(self) -> Iterator[bytes]:
        for candidate in self._batch:
            yield self._head
            found = hashlib.sha256()
            for piece in content(candidate):
                found.update(piece)
                yield piece
            self.sent.append(found.digest())
            yield b"\r\n"
        yield self._end
