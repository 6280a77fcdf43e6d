"""Messages between the parent and a sandboxed child: kind (1), length (4, big-endian), payload."""

import socket
import struct
from collections.abc import Sequence
from enum import IntEnum

_HEADER = struct.Struct(">BI")
READ_REQUEST = struct.Struct(">QI")  # offset, length
CONTROL = struct.Struct(">cI")  # parent to zygote: verb, process id
REPLY = struct.Struct(">i")
META_LENGTH = struct.Struct(">I")
LARGEST_READ = 2**20
HANDFUL = "handful"
"""Instead of the kind of a job's file: it is several files, of the kind that its options name."""


class Message(IntEnum):
    """Parent to child: JOB, DATA. Child to parent: READ, PIECE (of a result), RESULT."""

    JOB = 1
    DATA = 2
    READ = 3
    RESULT = 4
    PIECE = 5


class WireClosed(Exception):  # noqa: N818
    """The other side is gone."""


class WireViolation(Exception):  # noqa: N818
    """The other side sent what the protocol does not allow."""


def send(sock: socket.socket, kind: Message, *parts: bytes) -> None:
    header = _HEADER.pack(kind, sum(map(len, parts)))
    try:
        sock.sendall(b"".join((header, *parts)))
    except (BrokenPipeError, ConnectionError) as error:
        raise WireClosed from error


def receive(sock: socket.socket, largest: int) -> tuple[int, bytes]:
    """One message of at most `largest` bytes. `TimeoutError` passes through."""
    kind, length = _HEADER.unpack(_exactly(sock, _HEADER.size))
    if length > largest:
        raise WireViolation
    return kind, _exactly(sock, length)


def framed(answers: Sequence[bytes]) -> bytes:
    """Several answers as one payload, each behind its length (4, big-endian)."""
    return b"".join(part for answer in answers for part in (META_LENGTH.pack(len(answer)), answer))


def unframed(payload: bytes) -> list[bytes]:
    """What `framed` was given. Raises `WireViolation`."""
    answers, at = [], 0
    while at < len(payload):
        start = at + META_LENGTH.size
        if start > len(payload):
            raise WireViolation
        at = start + META_LENGTH.unpack_from(payload, at)[0]
        answers.append(payload[start:at])
    if at != len(payload):
        raise WireViolation
    return answers


def _exactly(sock: socket.socket, length: int) -> bytes:
    buffer = bytearray(length)
    view = memoryview(buffer)
    try:
        while view:
            count = sock.recv_into(view)
            if not count:
                raise WireClosed
            view = view[count:]
    except ConnectionError as error:
        raise WireClosed from error
    return bytes(buffer)
