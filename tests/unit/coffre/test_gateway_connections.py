"""Requests over the gateway's socket: kept connections, bodies both ways, and a gateway that goes away."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from coffre.serving.gateway_connections import GatewayConnection, GatewayConnections, GatewayLost

LARGE = bytes(range(256)) * 16 * 1024
GET = b"GET / HTTP/1.1\r\nhost: gateway\r\n\r\n"
Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Peer:
    """A server at the socket that answers as a test says, and keeps what it is sent."""

    answers: list[Answer]
    connections: int = 0
    heads: list[bytes] = field(default_factory=list)

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while self.answers:
                self.heads.append(await reader.readuntil(b"\r\n\r\n"))
                await self.answers.pop(0)(reader, writer)
                await writer.drain()
        writer.close()


def saying(data: bytes) -> Answer:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(data)

    return answer


def of_length(body: bytes, *more: bytes) -> bytes:
    lines = [b"HTTP/1.1 200 OK", b"Content-Length: %d" % len(body), *more]
    return b"\r\n".join([*lines, b"", body])


def talking(path: Path, peer: Peer, talk: Callable[[GatewayConnections], Awaitable[None]]) -> None:
    async def both() -> None:
        server = await asyncio.start_unix_server(peer, path / "gateway.sock")
        async with server:
            await talk(GatewayConnections(path / "gateway.sock"))

    asyncio.run(both())


async def asked(
    connections: GatewayConnections, body: AsyncIterator[bytes] | None = None, **how: bool
) -> GatewayConnection:
    found = await connections.take()
    await found.ask(GET, body, **{"chunked": False, "has_body": True, **how})
    return found


async def read(connections: GatewayConnections, **how: bool) -> bytes:
    connection = await asked(connections, **how)
    found = b""
    while piece := await connection.read():
        found += piece
    connections.give_back(connection)
    return found


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"


def test_one_connection_carries_request_after_request(tmp_path: Path) -> None:
    peer = Peer([saying(of_length(LARGE)), saying(CHUNKED), saying(of_length(b""))])

    async def talk(connections: GatewayConnections) -> None:
        assert await read(connections) == LARGE
        assert await read(connections) == b"abcde"
        assert await read(connections) == b""

    talking(tmp_path, peer, talk)
    assert peer.connections == 1


def test_an_answer_that_is_not_read_keeps_its_connection_from_others(tmp_path: Path) -> None:
    peer = Peer([saying(of_length(LARGE)), saying(of_length(b"next"))])

    async def talk(connections: GatewayConnections) -> None:
        turned_away = await asked(connections)
        assert await turned_away.read()
        connections.give_back(turned_away)
        assert await read(connections) == b"next"

    talking(tmp_path, peer, talk)
    assert peer.connections == 2


@pytest.mark.parametrize(
    "answer",
    [of_length(b"ok", b"Connection: close"), of_length(b"ok") + b"HTTP/1.1 200 OK\r\n"],
    ids=["it says so", "something else comes"],
)
def test_a_connection_is_given_up(tmp_path: Path, answer: bytes) -> None:
    peer = Peer([saying(answer), saying(of_length(b"next"))])

    async def talk(connections: GatewayConnections) -> None:
        assert await read(connections) == b"ok"
        assert await read(connections) == b"next"

    talking(tmp_path, peer, talk)


def test_an_answer_to_head_has_no_body(tmp_path: Path) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n"

    async def talk(connections: GatewayConnections) -> None:
        connection = await asked(connections, has_body=False)
        assert connection.headers == [(b"Content-Length", b"7")]
        assert await connection.whole() == b""

    talking(tmp_path, Peer([saying(head)]), talk)


def test_heads_before_the_answer_are_passed_over(tmp_path: Path) -> None:
    answer = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + of_length(b"ok")

    async def talk(connections: GatewayConnections) -> None:
        connection = await asked(connections)
        assert (connection.status, connection.headers) == (200, [(b"Content-Length", b"2")])
        assert await connection.whole() == b"ok"

    talking(tmp_path, Peer([saying(answer)]), talk)


@pytest.mark.parametrize("chunked", [True, False])
def test_a_body_is_sent_as_it_comes(tmp_path: Path, chunked: bool) -> None:
    sent = b"5\r\nfirst\r\n4\r\nlast\r\n0\r\n\r\n" if chunked else b"firstlast"
    came: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append(await reader.readexactly(len(sent)))
        writer.write(of_length(b"ok"))

    async def body() -> AsyncIterator[bytes]:
        yield b"first"
        yield b""
        yield b"last"

    async def talk(connections: GatewayConnections) -> None:
        connection = await asked(connections, body(), chunked=chunked)
        assert await connection.whole() == b"ok"

    talking(tmp_path, Peer([answer]), talk)
    assert came == [sent]


async def ending(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(of_length(b"x" * 100)[:-50])
    await writer.drain()
    writer.close()


@pytest.mark.parametrize("answer", [ending, saying(b"no HTTP\r\n\r\n")], ids=["amid a body", "no HTTP"])
def test_a_gateway_that_ends_is_no_end_of_an_answer(tmp_path: Path, answer: Answer) -> None:
    async def talk(connections: GatewayConnections) -> None:
        with pytest.raises(GatewayLost):
            await read(connections)

    talking(tmp_path, Peer([answer]), talk)


def test_where_nobody_listens(tmp_path: Path) -> None:
    async def talk() -> None:
        with pytest.raises(GatewayLost):
            await GatewayConnections(tmp_path / "gateway.sock").take()

    asyncio.run(talk())


def test_who_reads_slowly_holds_the_gateway_back(tmp_path: Path) -> None:
    """Of a body of 64 MiB no more is taken than a megabyte and what the sockets hold."""
    left: list[int] = []

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(of_length(LARGE * 16))
        await asyncio.sleep(0.3)
        left.append(writer.transport.get_write_buffer_size())

    async def talk(connections: GatewayConnections) -> None:
        connection = await asked(connections)
        await asyncio.sleep(0.5)
        assert left[0] > 60 * 2**20
        assert await connection.read()
        connections.give_back(connection)

    talking(tmp_path, Peer([answer]), talk)
