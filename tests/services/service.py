"""What every engine in this folder has in common: a directory, loopback ports, a process ended by its pid."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

HOST = "127.0.0.1"


@dataclass(frozen=True)
class S3Service:
    """A running S3 server and the keys of a user who may do everything; `others` may do less."""

    endpoint: str
    access_key: str
    secret_key: str
    region: str = "us-east-1"
    ca: str | None = None
    others: Mapping[str, tuple[str, str]] = field(default_factory=dict, repr=False)

    @property
    def port(self) -> int:
        return int(self.endpoint.rpartition(":")[2])

    def environment(self) -> dict[str, str]:
        """The standard variables, which both SDKs read."""
        return {"AWS_ACCESS_KEY_ID": self.access_key, "AWS_SECRET_ACCESS_KEY": self.secret_key}

    def url(self, scheme: str, bucket: str, prefix: str = "", /, **options: object) -> str:
        """The address of `bucket` as COFFRE_OBJECTS_URL takes it."""
        ca = {"ca": self.ca} if self.ca else {}
        query = {"region": self.region, **ca, **options}
        if scheme == "s3":
            return f"s3://{bucket}/{prefix}?" + _joined({"endpoint": self.endpoint, **query})
        tls, host = self.endpoint.split("://")
        return f"minio://{host}/{bucket}/{prefix}?" + _joined(
            {"tls": "yes" if tls == "https" else "no", **query}
        )


def _joined(query: dict[str, object]) -> str:
    return "&".join(f"{name}={value}" for name, value in query.items())


def free_ports(count: int) -> list[int]:
    """Ports outside the ephemeral range, where an outgoing connection could take one first."""
    found: list[int] = []
    with ExitStack() as held:
        for port in random.sample(range(20_000, 32_000), 400):
            taken = held.enter_context(socket.socket())
            try:
                taken.bind((HOST, port))
            except OSError:
                continue
            found.append(port)
            if len(found) == count:
                return found
    raise RuntimeError("no free ports")


@contextmanager
def process(
    command: Sequence[str | Path],
    log: Path,
    *,
    environment: dict[str, str] | None = None,
    grace_s: float = 10,
) -> Iterator[subprocess.Popen[bytes]]:
    """Runs a server in a session of its own; SIGTERM at the end, SIGKILL after `grace_s` (0: at once).

    It does not outlive a test run that is killed: util-linux's setpriv sees to that.
    """
    with log.open("ab") as out:
        child = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *map(str, command)],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
            env={**os.environ, **(environment or {})},
        )
    try:
        yield child
    finally:
        child.send_signal(signal.SIGTERM if grace_s else signal.SIGKILL)
        try:
            child.wait(grace_s or 10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0


def wait_until(
    ready: Callable[[], bool], child: subprocess.Popen[bytes], log: Path, timeout_s: float = 60
) -> None:
    """Raises with the end of the log if the process stops or is not ready in time."""
    limit = time.monotonic() + timeout_s
    while time.monotonic() < limit:
        if child.poll() is not None:
            break
        if ready():
            return
        time.sleep(0.1)
    raise RuntimeError(f"not ready, see {log}:\n{log.read_text(errors='replace')[-2000:]}")


def certificate(directory: Path, *names: str, days: int = 2) -> tuple[Path, Path]:
    """A self-signed certificate for the loopback address and these names, and its key."""
    cert, key = directory / "tls.crt", directory / "tls.key"
    more = "".join(f",DNS:{name}" for name in names)
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=test"),
            *(
                "-days",
                str(days),
                "-addext",
                f"subjectAltName=DNS:localhost,IP:{HOST}{more}",
                "-keyout",
                key,
                "-out",
                cert,
            ),
        ],
        check=True,
        capture_output=True,
    )
    return cert, key


def by_hand(running: Callable[[Path], AbstractContextManager[S3Service]]) -> None:
    """`python -m tests.services.NAME DIR [--tls]`: runs until interrupted, prints how to reach it."""
    directory = Path(sys.argv[1])
    directory.mkdir(parents=True, exist_ok=True)
    with running(directory) as service:
        print(json.dumps(asdict(service), indent=1), flush=True)
        signal.sigwait({signal.SIGINT, signal.SIGTERM})
