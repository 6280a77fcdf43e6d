"""The vault as a process: one door per calling process, each with its own verbs (docs/vault.md section 3).

On a Unix socket every door is a socket of its own, and the peer's user must be one that may use it. Over TCP
there is one port with mutual TLS; the client certificate's common name is the role. A verb of another door is
refused. Bodies are those of `keyvault.process.wire`, framed as HTTP/1.1 POST, so that ordinary tools can
look.
"""

import logging
import os
import re
import socket
import socketserver
import ssl
import struct
import threading
import time
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from keyvault.process.guard import GatewayDoor, Guard, HousekeeperDoor, OperatorDoor, ReaderDoor, WorkerDoor
from keyvault.process.request_id import REQUEST_ID
from keyvault.process.sockets import claim, foreign
from keyvault.process.wire import LARGEST_MESSAGE, Verb, read_call, verbs_of, write_error
from keyvault.verbs.door import DoorVerbs
from keyvault.verbs.operator.inspecting import InspectingVerbs
from keyvault.verbs.public import PublishingVerbs
from records.errors import CoffreError, Invalid, Refused
from records.text.numbers import whole

log = logging.getLogger("coffre.vault")

DOORS: Mapping[str, type] = {
    "reader": ReaderDoor,
    "gateway": GatewayDoor,
    "worker": WorkerDoor,
    "housekeeper": HousekeeperDoor,
    "operator": OperatorDoor,
    "inspector": InspectingVerbs,
    "signin": DoorVerbs,
    "public": PublishingVerbs,
}
PEER_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid (unix(7), SO_PEERCRED)
REQUEST_HEADER = "Coffre-Request"
UNTIL_HEADER = "Coffre-Until"
"""Until when the caller waits, in milliseconds since 1970."""
_TOO_LATE = CoffreError("The vault was asked too long ago: ask again.", code="vault_unavailable")
_REQUEST_ID = re.compile(r"[^0-9a-f]")
IDLE_S = 300
SMALL_BODY = 65_536


@dataclass(frozen=True, slots=True)
class Door:
    """A group of verbs with the object that carries them out."""

    name: str
    target: Any
    verbs: Mapping[str, Verb]

    def answer(self, data: bytes) -> bytes:
        """Carry out one call; every refusal is an answer."""
        try:
            name, raw = read_call(data)
            verb = self.verbs.get(name)
            if verb is None:
                raise Refused("This process may not ask that of the vault.", code="verb_refused")
            return verb.write_answer(getattr(self.target, name)(**verb.read_arguments(raw)))
        except CoffreError as error:
            return write_error(error)
        except Exception as error:
            log.error("verb failed", extra={"code": type(error).__name__})  # noqa: TRY400
            return write_error(CoffreError("The vault failed: tell the hosting team the time."))


def doors_of(guard: Guard) -> dict[str, Door]:
    """Every door of a guard, by name."""
    return {name: Door(name, getattr(guard, name), verbs_of(kind)) for name, kind in DOORS.items()}


class _Handler(BaseHTTPRequestHandler):
    """One connection; several calls may follow each other on it."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE_S
    wbufsize = -1  # head and answer leave together: two writes would wait for each other's acknowledgement
    server: "_Server"

    def do_POST(self) -> None:
        REQUEST_ID.set(_REQUEST_ID.sub("", self.headers.get(REQUEST_HEADER, ""))[:32])
        try:
            door = self.server.door(self.connection, self.path.strip("/"))
            body = self._body()
            answer = door.answer(body) if self._awaited() else write_error(_TOO_LATE)
        except CoffreError as error:
            self.close_connection = True
            self._drain()
            answer = write_error(error)
        self.send_response_only(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def _body(self) -> bytes:
        length = self._number("Content-Length")
        if length is None or length > LARGEST_MESSAGE:
            raise Invalid("A call to the vault says how long it is, and isn't too long.", code="bad_call")
        return self.rfile.read(length)

    def _awaited(self) -> bool:
        """Whether the caller still waits: after one that gave up, others may have been told otherwise."""
        until = self._number(UNTIL_HEADER)
        return until is None or time.time() * 1000 < until

    def _drain(self) -> None:
        """Read what a refused caller sent along, if it is little: it hears the refusal, not a broken pipe."""
        length = self._number("Content-Length")
        if length is not None and length <= SMALL_BODY:
            self.rfile.read(length)

    def _number(self, header: str) -> int | None:
        try:
            return whole(self.headers.get(header, ""))
        except ValueError:
            return None

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the audit log is the record of calls."""


class _Server(socketserver.ThreadingMixIn, socketserver.BaseServer):
    daemon_threads = True

    @abstractmethod
    def door(self, connection: socket.socket, asked: str) -> Door:
        """The door this connection may come through. Raises `Refused` "door_refused"."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that has given up is no fault, and no traceback."""
        log.info("connection ended early")


class _UnixServer(_Server, socketserver.UnixStreamServer):
    """One door on one socket, for the users who may come through it."""

    def __init__(self, path: Path, door: Door, users: frozenset[int]) -> None:
        claim(path)
        self._door = door
        self._users = users
        before = os.umask(0o117)  # born with the mode it keeps
        try:
            super().__init__(str(path), _Handler)
        finally:
            os.umask(before)

    def door(self, connection: socket.socket, asked: str) -> Door:
        data = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, PEER_CREDENTIALS.size)
        _, user, _ = PEER_CREDENTIALS.unpack(data)
        if user not in self._users or asked != self._door.name:
            raise Refused("This process may not come through this door of the vault.", code="door_refused")
        return self._door


class _TlsServer(_Server, socketserver.TCPServer):
    """All doors on one port; the client's certificate tells which one is its own."""

    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], doors: Mapping[str, Door], context: ssl.SSLContext) -> None:
        self._doors = doors
        self._context = context
        super().__init__(address, _Handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        # the handshake happens in the connection's own thread, at its first read
        connection.settimeout(IDLE_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), address

    def door(self, connection: socket.socket, asked: str) -> Door:
        assert isinstance(connection, ssl.SSLSocket)
        roles = _roles(connection.getpeercert() or {})
        if asked not in roles or asked not in self._doors:
            raise Refused("This certificate opens no such door of the vault.", code="door_refused")
        return self._doors[asked]


def _roles(certificate: Mapping[str, Any]) -> set[str]:
    """The organisational units and common name of the client, such as reader."""
    names = dict(pair for part in certificate.get("subject", ()) for pair in part)
    return set(names.get("commonName", "").split("+"))


class VaultService:
    """A guard behind its doors, until `stop`."""

    def __init__(self, servers: list[_Server]) -> None:
        self._servers = servers
        self._threads = [
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True)
            for server in servers
        ]

    @classmethod
    def on_sockets(cls, guard: Guard, folder: Path, users: Mapping[str, frozenset[int]]) -> "VaultService":
        """One socket per door under `folder`; `users` names who may come through each.

        Raises `CoffreError` "foreign_socket" or "socket_path_too_long", as `claim` does.
        """
        if folder.exists() and not folder.is_dir():
            raise foreign(folder, "is no folder")
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        own = frozenset({os.getuid()})
        doors = doors_of(guard)
        return cls(
            [_UnixServer(folder / f"{name}.sock", door, users.get(name, own)) for name, door in doors.items()]
        )

    @classmethod
    def on_tcp(cls, guard: Guard, host: str, port: int, context: ssl.SSLContext) -> "VaultService":
        return cls([_TlsServer((host, port), doors_of(guard), context)])

    @property
    def port(self) -> int:
        """Of the TCP server."""
        address: Any = self._servers[0].server_address
        return int(address[1])

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Accept nothing more; calls in hand are answered."""
        for server in self._servers:
            server.shutdown()
            server.server_close()
