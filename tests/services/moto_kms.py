"""moto's server as a double of AWS KMS: it checks encryption contexts as AWS does.

By hand: `python -m tests.services.moto_kms DIR` prints a root's URL and what to export.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

from tests.services.processes import free_port, stopped

REGION = "eu-west-3"
READY_WITHIN = 60  # seconds; moto imports for long on a busy machine


@dataclass(frozen=True, slots=True)
class MotoKms:
    """A server that believes any credentials."""

    port: int

    def url(self, key: str = "alias/coffre-root") -> str:
        return f"aws-kms:{key}?region={REGION}&endpoint={self.endpoint}"

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environ(self) -> dict[str, str]:
        return {"AWS_ACCESS_KEY_ID": "coffre", "AWS_SECRET_ACCESS_KEY": "not-a-secret-of-anything"}


@contextmanager
def running(directory: Path) -> Iterator[MotoKms]:
    """A server on loopback, in memory; it is gone at the end."""
    directory.mkdir(parents=True, exist_ok=True)
    service = MotoKms(free_port())
    binary = Path(sys.executable).with_name("moto_server")
    if not binary.exists():
        raise RuntimeError("moto's server is missing: run `make dev`.")
    environ = {"PATH": os.environ["PATH"], "HOME": str(directory), **service.environ}
    with (directory / "moto.log").open("wb") as log:
        command = [str(binary), "-H", "127.0.0.1", "-p", str(service.port)]
        process = subprocess.Popen(command, env=environ, stdout=log, stderr=log, cwd=directory)
    with stopped(process):
        _await(service, process)
        yield service


def _await(service: MotoKms, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + READY_WITHIN
    while time.monotonic() < deadline and process.poll() is None:
        connection = HTTPConnection("127.0.0.1", service.port, timeout=5)
        try:
            connection.request("GET", "/moto-api/data.json")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.1)
        finally:
            connection.close()
    raise RuntimeError(f"moto did not start on port {service.port}; see moto.log in its directory.")


if __name__ == "__main__":
    with running(Path(sys.argv[1])) as server:
        print(f"export {' '.join(f'{name}={value}' for name, value in server.environ.items())}", flush=True)
        print(f"COFFRE_VAULT_ROOT='{server.url()}'", flush=True)
        signal.sigwait({signal.SIGINT, signal.SIGTERM})
