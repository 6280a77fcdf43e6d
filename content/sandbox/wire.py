"""Messages between the parent and a sandboxed child: kind (1), length (4, big-endian), payload."""

import socket
import struct
from enum import IntEnum

_HEADER = struct.Struct(">BI")
READ_REQUEST = struct.Struct(">QI")  # offset, length
CONTROL = struct.Struct(">cI")  # parent to zygote: verb, process id
REPLY = struct.Struct(">i")
META_LENGTH = struct.Struct(">I")
LARGEST_READ = 2**20


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
    payload = b"".join(parts)
    try:
        sock.sendall(_HEADER.pack(kind, len(payload)) + payload)
    except (BrokenPipeError, ConnectionError) as error:
        raise WireClosed from error


def receive(sock: socket.socket, largest: int) -> tuple[int, bytes]:
    """One message of at most `largest` bytes. `TimeoutError` passes through."""
    kind, length = _HEADER.unpack(_exactly(sock, _HEADER.size))
    if length > largest:
        raise WireViolation
    return kind, _exactly(sock, length)


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
