"""One file in a sandboxed child, from the parent's side: hand it over, serve its reads, take the answer."""

import json
import time
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any, Literal

from content.byte_source import BLOCK
from content.limits import Limits
from content.sandbox.wire import (
    LARGEST_READ,
    META_LENGTH,
    READ_REQUEST,
    Message,
    WireViolation,
    receive,
    send,
)
from content.sandbox.zygote import Zygote, ZygoteLost
from records.errors import CoffreError

Kind = Literal["dicom", "pdf", "entry", "dicom+json", "dicom+xml"]
Range = tuple[int, int]
"""Offset and length."""
Read = Callable[[int, int], bytes]
"""The bytes of a range."""
_READ_FACTOR = 16  # a file may be read this often; a parser that wants more is not getting anywhere
_READ_FLOOR = 64 * 2**20


class Child:
    """One confined process, forked by the zygote."""

    def __init__(self, zygote: Zygote) -> None:
        self._zygote = zygote
        self.sock, self.pid = zygote.fork()
        self.files = 0
        self.worked = 0.0
        self.owner: Hashable = None

    def cpu(self) -> float:
        """Seconds of CPU since the last call, as the kernel counts them: a child might lie."""
        try:
            used = time.clock_gettime(_cpu_clock_of(self.pid))
        except OSError:  # the process, or the clock, is not there
            return 0.0
        since, self.worked = used - self.worked, used
        return since

    def end(self) -> int:
        """Ends the process; its wait status, -1 where the zygote is gone too."""
        self.sock.close()
        try:
            return self._zygote.end(self.pid)
        except ZygoteLost:
            return -1


def _cpu_clock_of(pid: int) -> int:
    """Linux's clock of another process's CPU time (clock_getcpuclockid(3), which Python does not offer)."""
    return (~pid << 3) | 2


class Job:
    """One file in one child. The time the store needs to answer reads is not the child's.

    The child asks for ranges of the file, since it can open nothing; the parent answers from the store.
    """

    def __init__(self, child: Child, size: int, read: Read, limits: Limits) -> None:
        self._child = child
        self._size = size
        self._read = read
        self._limits = limits
        self._deadline = time.monotonic() + limits.wall_seconds
        self._allowance = max(_READ_FLOOR, _READ_FACTOR * size)

    def run(self, kind: str, options: Mapping[str, Any], heads: Sequence[Range] | None = None) -> bytes:
        """The child's answer, unchecked. Raises `TimeoutError`, `WireClosed`, `WireViolation`.

        Passes through what `read` raises; CoffreError "short_read" where it gives fewer bytes than asked for.
        """
        for message, payload in self.messages(kind, options, heads):
            if message != Message.RESULT:
                break
            return payload
        raise WireViolation

    def messages(
        self, kind: str, options: Mapping[str, Any], heads: Sequence[Range] | None = None
    ) -> Iterator[tuple[Message, bytes]]:
        """What the child says, unchecked, each at most `answer_bytes`: pieces, and at last the result.

        `heads` are ranges that it is given without having asked: the first 64 KiB where nothing else is said.
        Raises as `run` does. Each piece has the time of a job; what the caller takes over it is not counted.
        """
        meta = json.dumps({"kind": kind, "size": self._size, "options": dict(options)}).encode()
        given = [self._fetch(*each) for each in heads or [(0, min(self._size, BLOCK))]]
        self._patience()
        send(self._child.sock, Message.JOB, META_LENGTH.pack(len(meta)), meta, *given)
        while True:
            self._patience()
            message, payload = receive(self._child.sock, self._limits.answer_bytes)
            if message == Message.READ and len(payload) == READ_REQUEST.size:
                data = self._fetch(*READ_REQUEST.unpack(payload))
                self._patience()
                send(self._child.sock, Message.DATA, data)
            elif message in (Message.PIECE, Message.RESULT):
                yield Message(message), payload
                if message == Message.RESULT:
                    return
                self._deadline = time.monotonic() + self._limits.wall_seconds
            else:
                raise WireViolation

    def _patience(self) -> None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._child.sock.settimeout(left)

    def _fetch(self, offset: int, length: int) -> bytes:
        if length > LARGEST_READ or offset + length > self._size:
            raise WireViolation
        self._allowance -= length
        if self._allowance < 0:
            raise TimeoutError
        started = time.monotonic()
        data = self._read(offset, length)
        self._deadline += time.monotonic() - started
        if len(data) != length:
            raise CoffreError("The store gave fewer bytes than the object has. Try again.", code="short_read")
        return data
