"""The guard's doors from another process: the same methods, carried out by the vault.

Where the vault can't be reached, calls raise `CoffreError` "vault_unavailable": reads answer 503, deposits go
on without it.
"""

import http.client
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from keyvault.process.guard import GatewayDoor, HousekeeperDoor, OperatorDoor, ReaderDoor, WorkerDoor
from keyvault.process.request_id import REQUEST_ID
from keyvault.process.service import DOORS, REQUEST_HEADER, UNTIL_HEADER
from keyvault.process.sockets import folder_of
from keyvault.process.wire import Verb, verbs_of
from keyvault.verbs.door import DoorVerbs
from keyvault.verbs.operator.inspecting import InspectingVerbs
from keyvault.verbs.public import PublishingVerbs
from records.errors import CoffreError, Invalid

TIMEOUT_S = 30
WHOLE_LOG_S = 24 * 3600
_OF_THE_WHOLE_LOG = frozenset({"verify_log", "end"})
"""Verbs that go through the log from its beginning: a person waits for them, however long it is."""
Connect = Callable[[str], http.client.HTTPConnection]


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("vault", timeout=TIMEOUT_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(TIMEOUT_S)
        self.sock.connect(str(self._path))


class RemoteGuard:
    """The doors of `Guard`, over a connection. Each door may be used by any number of threads."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self.reader = cast(ReaderDoor, self._door("reader"))
        self.gateway = cast(GatewayDoor, self._door("gateway"))
        self.worker = cast(WorkerDoor, self._door("worker"))
        self.housekeeper = cast(HousekeeperDoor, self._door("housekeeper"))
        self.operator = cast(OperatorDoor, self._door("operator"))
        self.inspector = cast(InspectingVerbs, self._door("inspector"))
        self.signin = cast(DoorVerbs, self._door("signin"))
        self.public = cast(PublishingVerbs, self._door("public"))

    def _door(self, name: str) -> "_RemoteDoor":
        return _RemoteDoor(name, verbs_of(DOORS[name]), self._connect)


class _RemoteDoor:
    def __init__(self, name: str, verbs: Mapping[str, Verb], connect: Connect) -> None:
        self._name = name
        self._connect = connect
        self._own = threading.local()
        for verb in verbs.values():
            setattr(self, verb.name, self._caller(verb))

    def _caller(self, verb: Verb) -> Callable[..., Any]:
        names = list(verb.parameters)

        def call(*args: object, **more: object) -> Any:
            arguments = dict(zip(names, args, strict=False)) | more
            patience = WHOLE_LOG_S if verb.name in _OF_THE_WHOLE_LOG else None
            return verb.read_answer(self._ask(_written(verb, arguments), patience))

        return call

    def _ask(self, body: bytes, patience: float | None = None) -> bytes:
        """One call. A connection that the vault closed while idle is opened anew before it is used; a call
        that may have arrived is never repeated here: it could be carried out twice."""
        connection: http.client.HTTPConnection | None = getattr(self._own, "connection", None)
        if connection is not None and _ended(connection):
            connection.close()
            connection = None
        if connection is None:
            connection = self._own.connection = self._connect(self._name)
        try:
            return self._exchange(connection, body, patience or TIMEOUT_S)
        except (OSError, http.client.HTTPException) as error:
            raise self._unavailable(connection) from error

    def _exchange(self, connection: http.client.HTTPConnection, body: bytes, patience: float) -> bytes:
        until = int((time.time() + patience) * 1000)
        headers = {REQUEST_HEADER: REQUEST_ID.get(), UNTIL_HEADER: str(until)}
        if connection.sock is None:
            connection.connect()
        connection.sock.settimeout(patience)
        connection.request("POST", f"/{self._name}", body, headers)
        return connection.getresponse().read()

    def _unavailable(self, connection: http.client.HTTPConnection) -> CoffreError:
        connection.close()
        self._own.connection = None
        return CoffreError("The vault can't be reached: try again in a moment.", code="vault_unavailable")


def _written(verb: Verb, arguments: Mapping[str, object]) -> bytes:
    try:
        return verb.write_call(arguments)
    except UnicodeEncodeError:  # its own message quotes the text
        raise Invalid("A text of this call holds half of a character: correct it.", code="bad_call") from None


def _ended(connection: http.client.HTTPConnection) -> bool:
    """Whether an idle connection was closed by the vault: nothing else can be there to read."""
    if connection.sock is None:
        return True
    idle = select.poll()
    idle.register(connection.sock, select.POLLIN)
    return bool(idle.poll(0))


def connect(url: str, *, tls: ssl.SSLContext | None = None) -> RemoteGuard:
    """The guard behind `unix:///folder` or `https://host:port` (with the caller's certificate in `tls`)."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        folder = folder_of(url)
        return RemoteGuard(lambda door: _UnixConnection(folder / f"{door}.sock"))
    if parts.scheme == "https" and parts.hostname and tls is not None:
        host, port = parts.hostname, parts.port or 443
        return RemoteGuard(lambda _: http.client.HTTPSConnection(host, port, timeout=TIMEOUT_S, context=tls))
    raise CoffreError(
        "COFFRE_VAULT_URL is unix:///folder, or https://host:port with a client certificate.",
        code="bad_setting",
    )
