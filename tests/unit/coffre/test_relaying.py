"""What belongs to one connection ends at the web process, which passes on all else (RFC 9110 7.6.1)."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fastapi import FastAPI, Request, Response
from fastapi.testclient import TestClient

from coffre.serving.relaying import GatewayLine

ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: X-Hop , close\r\nX-Hop: theirs\r\n"
    b"Keep-Alive: timeout=5\r\nX-Kept: theirs\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n\r\nok"
)


@contextmanager
def gateway(path: Path) -> Iterator[list[bytes]]:
    """A server that keeps the heads it is sent, and answers each with `ANSWER`."""
    heads: list[bytes] = []
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                came = b""
                while b"\r\n\r\n" not in came:
                    came += connection.recv(4096)
                heads.append(came)
                connection.sendall(ANSWER)
                while connection.recv(4096):  # until the other side is done
                    pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield heads
        thread.join(5)


@pytest.fixture
def passed(tmp_path: Path) -> Iterator[tuple[TestClient, list[bytes]]]:
    with gateway(tmp_path / "gateway.sock") as heads:
        app, line = FastAPI(), GatewayLine(tmp_path / "gateway.sock")

        @app.api_route("/page", methods=["GET", "POST"])
        async def page(request: Request) -> Response:
            return await line.pass_on(request)

        yield TestClient(app), heads


@pytest.mark.parametrize("nominating", ["X-Mine", "x-mine", "close, X-MINE", "keep-alive,,X-Mine ,"])
def test_headers_that_a_caller_s_connection_names_are_not_passed_on(
    passed: tuple[TestClient, list[bytes]], nominating: str
) -> None:
    client, heads = passed
    client.get("/page", headers={"Connection": nominating, "X-Mine": "1", "TE": "trailers", "X-Kept": "1"})
    head = heads[0].lower()
    assert b"\r\nx-kept: 1\r\n" in head
    assert b"x-mine" not in head and b"\r\nte:" not in head and b"connection: " not in head


def test_each_of_several_connection_headers_counts(passed: tuple[TestClient, list[bytes]]) -> None:
    client, heads = passed
    several = [("Connection", "X-One"), ("Connection", "X-Two"), ("X-One", "1"), ("X-Two", "2")]
    client.get("/page", headers=several)
    assert b"x-one" not in heads[0].lower() and b"x-two" not in heads[0].lower()


def test_headers_that_the_gateway_s_connection_names_are_not_passed_back(
    passed: tuple[TestClient, list[bytes]],
) -> None:
    answer = passed[0].get("/page")
    assert answer.headers["x-kept"] == "theirs" and answer.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert not answer.headers.keys() & {"x-hop", "keep-alive", "connection"}


def test_one_header_says_where_a_body_ends(passed: tuple[TestClient, list[bytes]]) -> None:
    client, heads = passed
    client.post(
        "/page", content=iter([b"abc"]), headers={"Content-Length": "1", "Transfer-Encoding": "chunked"}
    )
    head = heads[0].lower()
    assert head.count(b"transfer-encoding: chunked\r\n") == 1 and b"content-length" not in head


def test_an_address_goes_on_as_it_came(passed: tuple[TestClient, list[bytes]]) -> None:
    client, heads = passed
    client.get("/page?a=%2e%2e%2F&b=%0d%0aX:1")
    assert heads[0].startswith(b"GET /page?a=%2e%2e%2F&b=%0d%0aX:1 HTTP/1.1\r\n")
