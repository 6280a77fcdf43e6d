"""A process behind a proxy that answers what it was sent: its own name, method, path, every header."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Echo(ThreadingHTTPServer):
    """`requests` are the heads that arrived; `begun` is set at the first byte of a body."""

    daemon_threads = True

    def __init__(self, name: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.name = name
        self.requests: list[dict[str, Any]] = []
        self.begun = threading.Event()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Echo
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        told = {
            "process": self.server.name,
            "method": self.command,
            "path": self.path,
            "headers": [[name, value] for name, value in self.headers.items()],
        }
        self.server.requests.append(told)
        told["body"] = self._read_body()
        content = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _read_body(self) -> int:
        left = read = int(self.headers.get("Content-Length", 0))
        while left:
            piece = self.rfile.read(min(left, 65_536))
            self.server.begun.set()
            if not piece:
                break
            left -= len(piece)
        return read

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _answer  # noqa: N815 - names of http.server

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def echo(name: str) -> Iterator[Echo]:
    server = Echo(name)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
