"""A TCP proxy in front of a server, for faults on the way: cut, stalled, slow, answered 503, or answered by
nobody after the request was carried out. One fault at a time, for requests whose head a pattern matches.
"""

import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum

from tests.services.service import HOST

BLOCK = 65_536
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
UNAVAILABLE = b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class What(StrEnum):
    """What happens to a request: `CUT_BODY` in the middle of what the client sends, `CUT_ANSWER` in the
    middle of what the server sends, `LOST_ANSWER` after the server has carried it out, `STALL` never an
    answer, `DELAY` a late one, `BUSY` a 503 instead of the server's answer.
    """

    CUT_BODY = "cut in the middle of the request"
    CUT_ANSWER = "cut in the middle of the answer"
    LOST_ANSWER = "carried out, the answer lost"
    STALL = "no answer"
    DELAY = "a late answer"
    BUSY = "503"


@dataclass
class Fault:
    """Strikes the first `times` requests whose head matches `pattern`; counts them."""

    what: What
    pattern: str
    times: int = 1
    delay_s: float = 0.3
    struck: int = 0

    def takes(self, head: bytes) -> bool:
        hit = self.struck < self.times and re.search(self.pattern.encode(), head) is not None
        self.struck += hit
        return hit


@dataclass
class Proxy:
    """`fault` is in force for every request that begins from now on; `most_delayed` answers waited at
    once.
    """

    port: int
    target: int
    fault: Fault | None = None
    heads: list[bytes] = field(default_factory=list)
    delayed: int = 0
    most_delayed: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def serve(self, client: socket.socket) -> None:
        """One client connection: request after request, each with its answer."""
        with client, suppress(OSError), socket.create_connection((HOST, self.target)) as server:
            while self._pass_one(client, server):
                pass

    def _pass_one(self, client: socket.socket, server: socket.socket) -> bool:
        """False where the connection is to be closed."""
        head, rest = _head(client)
        if not head:
            return False
        with self._lock:
            self.heads.append(head)
            fault = self.fault
            what = fault.what if fault is not None and fault.takes(head) else None
        length = _length(head)
        if what is What.CUT_BODY:
            server.sendall(head + rest)
            _copy(client, server, max(0, length // 2 - len(rest)))
            return False
        if what is What.BUSY:
            self._swallow(client, head, length - len(rest))
            client.sendall(UNAVAILABLE)
            return False
        server.sendall(head + rest)
        self._body(client, server, head, length - len(rest))
        return self._answer(client, server, head, what)

    def _delay(self, seconds: float) -> None:
        with self._lock:
            self.delayed += 1
            self.most_delayed = max(self.most_delayed, self.delayed)
        time.sleep(seconds)
        with self._lock:
            self.delayed -= 1

    def _body(self, client: socket.socket, server: socket.socket, head: bytes, left: int) -> None:
        if left > 0 and b"100-continue" in head.lower():
            interim, _ = _head(server)
            client.sendall(interim)
        _copy(client, server, left)

    def _swallow(self, client: socket.socket, head: bytes, left: int) -> None:
        if left > 0 and b"100-continue" in head.lower():
            client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        _copy(client, None, left)

    def _answer(self, client: socket.socket, server: socket.socket, head: bytes, what: What | None) -> bool:
        answer, rest = _head(server)
        while answer.startswith(b"HTTP/1.1 100"):  # asked for even where there is no body to send
            client.sendall(answer)
            answer, rest = _head(server, rest)
        if not answer or what is What.LOST_ANSWER:
            return False
        if what is What.STALL:
            client.recv(1)  # until the client gives up
            return False
        if what is What.DELAY and self.fault is not None:
            self._delay(self.fault.delay_s)
        left = 0 if head.startswith(b"HEAD") or b" 204 " in answer[:20] else _length(answer)
        if what is What.CUT_ANSWER:
            client.sendall(answer + rest[: left // 2])
            _copy(server, client, max(0, left // 2 - len(rest)))
            return False
        client.sendall(answer + rest)
        if b"\r\ntransfer-encoding: chunked" in answer.lower():
            _copy_chunked(server, client, rest)
        else:
            _copy(server, client, left - len(rest))
        return b"\r\nconnection: close" not in answer.lower()


@contextmanager
def running(target: int) -> Iterator[Proxy]:
    """A proxy on a port of its own in front of `target`, both on loopback."""
    with socket.create_server((HOST, 0)) as listener:
        proxy = Proxy(listener.getsockname()[1], target)

        def accept() -> None:
            with suppress(OSError):  # closed: the end
                while True:
                    client, _ = listener.accept()
                    threading.Thread(target=proxy.serve, args=(client,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield proxy
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)


def _head(source: socket.socket, data: bytes = b"") -> tuple[bytes, bytes]:
    """A message's head and what came with it, of which `data` is read already; empty at the end of the
    connection.
    """
    while b"\r\n\r\n" not in data:
        more = source.recv(BLOCK)
        if not more:
            return b"", b""
        data += more
    head, _, rest = data.partition(b"\r\n\r\n")
    return head + b"\r\n\r\n", rest


def _length(head: bytes) -> int:
    found = _LENGTH.search(head)
    return int(found[1]) if found else 0


def _copy(source: socket.socket, target: socket.socket | None, left: int) -> None:
    while left > 0:
        data = source.recv(min(BLOCK, left))
        if not data:
            raise ConnectionError
        if target is not None:
            target.sendall(data)
        left -= len(data)


def _copy_chunked(source: socket.socket, target: socket.socket, seen: bytes) -> None:
    """Until the last, empty chunk; S3's chunked answers are short, so that nothing follows it."""
    while not seen.endswith(b"0\r\n\r\n"):
        data = source.recv(BLOCK)
        if not data:
            raise ConnectionError
        target.sendall(data)
        seen = (seen + data)[-16:]
