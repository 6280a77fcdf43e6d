"""A store of objects on the loopback that answers ranges as told: well, or with one of the known faults.

It serves files beside them, so that a browser has a page of the same origin.
"""

import json
import re
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

Object = Callable[[int, int], bytes]
"""Gives bytes [start, stop) of an object."""
_RANGE = re.compile(r"bytes=([0-9]+)-([0-9]+)")
_TYPES = {".js": "text/javascript", ".html": "text/html; charset=utf-8", ".json": "application/json"}


class Store:
    """What it holds, by name. `asked` counts the ranges of an address, `renewals` new addresses."""

    def __init__(self, folders: Mapping[str, Path]) -> None:
        self.folders = folders
        self.objects: dict[str, tuple[int, Object]] = {}
        self.blobs: dict[str, str] = {}
        self.asked: Counter[str] = Counter()
        self.renewals = 0
        self.pause_s = 0.0
        self.most_at_once = 0
        self._busy, self._counting = 0, threading.Lock()
        self.url = ""
        self.objects_url = ""
        """Where new addresses lead; void for here."""

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Counts how many ranges are under way; each takes `pause_s` longer."""
        with self._counting:
            self._busy += 1
            self.most_at_once = max(self.most_at_once, self._busy)
        try:
            time.sleep(self.pause_s)
            yield
        finally:
            with self._counting:
                self._busy -= 1

    def put(self, name: str, blob: str, content: bytes) -> None:
        self.put_sparse(name, blob, len(content), lambda start, stop: content[start:stop])

    def put_sparse(self, name: str, blob: str, size: int, read: Object) -> None:
        self.objects[name], self.blobs[name] = (size, read), blob


@contextmanager
def serving(store: Store) -> Iterator[Store]:
    class Handler(_Answers):
        held = store

    server = _Server(("127.0.0.1", 0), Handler)
    store.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield store
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Readers hang up on what they refuse; anything else is a fault of the test."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Answers(BaseHTTPRequestHandler):
    held: Store
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is written to the terminal."""

    def do_OPTIONS(self) -> None:
        self._send(204, b"", {} if "cors" not in self.path else _cors(self.path))

    def do_POST(self) -> None:
        """`/grants/{fault}~{name}/urls`: the next address of that object."""
        self.held.renewals += 1
        self.rfile.read(int(self.headers.get("content-length", 0)))
        fault, _, name = self.path.split("/")[2].partition("~")
        urls = {self.held.blobs[name]: f"{self.held.objects_url}/store/{fault}/{name}?{self.held.renewals}"}
        self._send(200, json.dumps({"urls": urls}).encode(), {"Content-Type": "application/json"})

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        _, first, *rest = path.split("/")
        if first != "store":
            self._file(first, "/".join(rest))
            return
        fault, name = rest
        self.held.asked[path] += 1
        found, asked = self.held.objects.get(name), _RANGE.fullmatch(self.headers.get("range", ""))
        if fault == "gone" or found is None or asked is None:
            self._send(404, b'{"code": "object_missing", "detail": "The object is gone."}', {})
        elif fault == "refused" or (fault in ("expired", "cors-expired") and not query):
            self._send(403, b"", {})
        elif fault == "busy" and self.held.asked[path] == 1:
            self._send(503, b"", {"Retry-After": "0"})
        else:
            with self.held.busy():
                self._range(fault, found, int(asked[1]), int(asked[2]) + 1)

    def _range(self, fault: str, found: tuple[int, Object], start: int, stop: int) -> None:
        size, read = found
        if start >= size:
            self._send(416, b"", {"Content-Range": f"bytes */{size}"})
            return
        stop = min(stop, size)
        content, total = read(start, stop), size
        headers = _cors(fault) if "cors" in fault else {}
        place = f"bytes {start}-{stop - 1}/{total}"
        match fault:
            case "whole":
                self._send(200, read(0, size), headers)
                return
            case "called-whole":
                self._send(200, content, {**headers, "Content-Range": place})
                return
            case "short":
                content = content[:-1]
            case "long":
                content += b"\0"
            case "shifted":
                place = f"bytes {start + 1}-{stop}/{total}"
            case "shifted-bytes":
                content = read(start + 1, stop) + b"\0"
            case "flipped":
                content = content[:-1] + bytes([content[-1] ^ 1])
            case "stale":
                place = f"bytes {start}-{stop - 1}/{total + 1}"
            case "cut":
                self._cut(content, place)
                return
        if fault != "unsaid":
            headers["Content-Range"] = place
        self._send(206, content, headers)

    def _cut(self, content: bytes, place: str) -> None:
        """The connection is lost in the middle of the body."""
        self.send_response(206)
        self.send_header("Content-Range", place)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2])
        self.wfile.flush()
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _file(self, folder: str, name: str) -> None:
        path = self.held.folders.get(folder, Path("/nowhere")) / name
        if not path.is_file():
            self._send(404, b"", {})
            return
        self._send(200, path.read_bytes(), {"Content-Type": _TYPES.get(path.suffix, "text/plain")})

    def _send(self, status: int, content: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if status != 204:
            self.wfile.write(content)


def _cors(fault: str) -> dict[str, str]:
    shown = {} if "hidden" in fault else {"Access-Control-Expose-Headers": "Content-Range"}
    return {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "range", **shown}
