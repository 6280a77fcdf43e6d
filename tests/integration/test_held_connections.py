"""Connections that are held without saying anything end; those that are at work, however slowly, don't."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import pytest
import uvicorn

from coffre.serving.connections import HeldConnection, Open, Patience
from coffre.trusted_proxies import TrustedProxies

PACE = 64
SHORT = Patience(pace_bytes=PACE, head=0.6, silence=0.6, idle=1, unread_bytes=1 << 20, unread=0.6)
HEAD = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"
LARGE = 64 << 20


async def application(scope: Any, receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
    """Answers with the size of the body; at /early before reading it, at /large with more than a buffer."""
    size, more = 0, scope["path"] == "/"
    while more:
        message = await receive()
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
    body = bytes(LARGE) if scope["path"] == "/large" else str(size).encode()
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": 200, "headers": [length]})
    await send({"type": "http.response.body", "body": body})


@contextmanager
def serving(among: Open) -> Iterator[int]:
    """A port on which the application answers."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        application,
        http=partial(HeldConnection, among=among),  # type: ignore[arg-type]
        timeout_keep_alive=among.patience.idle,
        lifespan="off",
        log_config=None,
        loop="uvloop",
        proxy_headers=False,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: server.run(sockets=[listener]), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield listener.getsockname()[1]
    server.should_exit = True
    thread.join(20)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with serving(Open(TrustedProxies("127.0.0.9"), most=12, most_of_one=4, patience=SHORT)) as port:
        yield port


def connect(port: int, address: str = "127.0.0.1") -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=10, source_address=(address, 0))


def answer_of(connection: socket.socket, body: bytes) -> bytes:
    """One answer up to its body; head and body may come apart."""
    found = b""
    while not found.endswith(b"\r\n\r\n" + body):
        piece = connection.recv(65_536)
        if not piece:
            break
        found += piece
    return found


def everything(connection: socket.socket) -> bytes:
    """What comes until the server closes."""
    received = b""
    try:
        while piece := connection.recv(65_536):
            received += piece
    except ConnectionResetError:
        pass
    return received


def drip(connection: socket.socket, data: bytes, pause: float) -> int:
    """Bytes that could be sent one by one."""
    for sent in range(len(data)):
        try:
            connection.sendall(data[sent : sent + 1])
        except OSError:
            return sent
        time.sleep(pause)
    return len(data)


def test_a_head_that_comes_byte_by_byte_ends_as_a_whole(port: int) -> None:
    with connect(port) as connection:
        began = time.monotonic()
        assert drip(connection, b"GET /early HTTP/1.1\r\n" + b"X: a\r\n" * 20, 0.1) < 60
        assert everything(connection).startswith(b"HTTP/1.1 408 ")
        assert time.monotonic() - began < 5


def test_a_connection_that_says_nothing_ends(port: int) -> None:
    with connect(port) as connection:
        assert everything(connection).startswith(b"HTTP/1.1 408 ")


def test_a_second_head_on_a_kept_connection_has_no_longer(port: int) -> None:
    with connect(port) as connection:
        connection.sendall(b"GET /early HTTP/1.1\r\nHost: a\r\n\r\n")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200 ")
        drip(connection, b"GET /early HTTP/1.1\r\n" + b"X: a\r\n" * 20, 0.1)
        assert b"408" in everything(connection)


def test_a_kept_connection_that_is_idle_ends(port: int) -> None:
    with connect(port) as connection:
        connection.sendall(b"GET /early HTTP/1.1\r\nHost: a\r\n\r\n")
        assert everything(connection).startswith(b"HTTP/1.1 200 ")


def test_a_body_that_stops_ends(port: int) -> None:
    with connect(port) as connection:
        connection.sendall(HEAD % 1000 + b"a")
        assert everything(connection).startswith(b"HTTP/1.1 408 ")


def test_a_slow_body_that_goes_on_is_not_cut(port: int) -> None:
    """Silence counts, not duration: this takes several times as long as either time-out."""
    pieces, piece = 20, b"a" * PACE
    with connect(port) as connection:
        connection.sendall(HEAD % (pieces * PACE))
        for _ in range(pieces):
            connection.sendall(piece)
            time.sleep(0.15)
        size = str(pieces * PACE).encode()
        assert answer_of(connection, size).endswith(b"\r\n\r\n" + size)


def test_a_byte_now_and_then_is_silence(port: int) -> None:
    with connect(port) as connection:
        connection.sendall(HEAD % 1000)
        assert drip(connection, b"a" * 40, 0.15) < 40


def test_an_answer_that_nobody_takes_ends_the_connection(port: int) -> None:
    with connect(port) as connection:
        connection.sendall(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(2)
        assert len(everything(connection)) < LARGE


def test_what_comes_after_an_early_answer_is_read_for_a_while_alone(port: int) -> None:
    with connect(port) as connection:
        connection.sendall(HEAD.replace(b"POST / ", b"POST /early ") % (1 << 30))
        sent = 0
        try:
            while sent < 1 << 30:
                connection.sendall(bytes(1 << 16))
                sent += 1 << 16
        except OSError:
            pass
        assert sent < 64 << 20
    with connect(port) as connection:
        connection.sendall(HEAD.replace(b"POST / ", b"POST /early ") % (1 << 30))
        began = time.monotonic()
        assert everything(connection).startswith(b"HTTP/1.1 200 ")
        assert time.monotonic() - began < 5


def test_after_an_early_answer_and_the_rest_of_its_body_the_connection_goes_on(port: int) -> None:
    with connect(port) as connection:
        for _ in range(3):
            connection.sendall(HEAD.replace(b"POST / ", b"POST /early ") % 1000)
            assert answer_of(connection, b"0").endswith(b"\r\n\r\n0")
            time.sleep(0.1)
            connection.sendall(bytes(1000))
        connection.sendall(HEAD % 2 + b"ab")
        assert answer_of(connection, b"2").endswith(b"\r\n\r\n2")


def test_many_connections_of_one_address_leave_room_for_others_and_for_a_proxy(port: int) -> None:
    with ExitStack() as stack:
        for _ in range(4):
            stack.enter_context(connect(port))
        with connect(port) as one_more:
            assert everything(one_more).startswith(b"HTTP/1.1 429 ")
        with connect(port, "127.0.0.2") as other:
            other.sendall(b"GET /early HTTP/1.1\r\nHost: a\r\n\r\n")
            assert other.recv(65_536).startswith(b"HTTP/1.1 200 ")
        for _ in range(6):
            proxied = stack.enter_context(connect(port, "127.0.0.9"))
            proxied.sendall(b"GET /early HTTP/1.1\r\nHost: a\r\n\r\n")
            assert proxied.recv(65_536).startswith(b"HTTP/1.1 200 ")
    time.sleep(0.2)
    with connect(port) as again:
        again.sendall(b"GET /early HTTP/1.1\r\nHost: a\r\n\r\n")
        assert again.recv(65_536).startswith(b"HTTP/1.1 200 ")
