"""A Postgres server for tests: `python -m tests.services.postgres DIR` until Ctrl-C.

Debian's package is installed where this runs as root. Postgres refuses to run as root, so that it then runs
as the user `postgres` (or `nobody`), and DIR must lie where that user may go.
"""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.services.processes import free_port

INSTALL = ("apt-get", "install", "-y", "--no-install-recommends", "postgresql")
READY_WITHIN_S = 60
OWNER = "coffre"
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "on",
    "shared_buffers": "128MB",
    "max_connections": "200",
    "max_wal_senders": "0",
    "log_error_verbosity": "terse",  # its log repeats no value of a row
}


@dataclass(frozen=True, slots=True)
class Service:
    """A running server. `owner` may create databases and roles; its password is only in `url`."""

    host: str
    port: int
    owner: str
    password: str
    pid: int

    def url(self, database: str = "postgres", role: str | None = None, password: str | None = None) -> str:
        who = f"{role or self.owner}:{password or self.password}"
        return f"postgresql+psycopg://{who}@{self.host}:{self.port}/{database}"


@contextmanager
def running(directory: Path, settings: Mapping[str, str] | None = None) -> Iterator[Service]:
    """Starts a new server in `directory`, stops it by its process id. RuntimeError says what is missing."""
    programs, user = _programs(), _user()
    data, password = directory / "data", secrets.token_urlsafe(20)
    _initialise(programs, user, data, password)
    port = free_port()
    server = _start(programs, user, data, {**SETTINGS, **(settings or {}), "port": str(port)})
    try:
        service = Service("127.0.0.1", port, OWNER, password, server.pid)
        _wait_until_ready(programs, server, service, directory / "data" / "server.log")
        yield service
    finally:
        server.send_signal(signal.SIGINT)  # "fast": ends sessions, then stops
        server.wait(30)


def _programs() -> Path:
    found = _installed()
    if found is None and os.geteuid() == 0:
        for step in (["apt-get", "update", "-q"], INSTALL):
            subprocess.run(step, check=True, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
        found = _installed()
    if found is None:
        raise RuntimeError(f"These tests need Postgres 14 or newer. Run: sudo {' '.join(INSTALL)}")
    return found


def _installed() -> Path | None:
    """The folder of the newest version's programs: Debian keeps them out of PATH."""
    versions = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: path.parts[4].zfill(3)
    )
    if versions:
        return versions[-1].parent
    found = shutil.which("initdb")
    return Path(found).parent if found else None


def _user() -> pwd.struct_passwd | None:
    """Whom to become, or None: not root, nothing to give up."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def _as(user: pwd.struct_passwd | None, command: Sequence[str | Path]) -> list[str]:
    # the server goes when the tests' process goes, however it goes
    become = [] if user is None else [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    return ["setpriv", *become, "--pdeathsig", "INT", *map(str, command)]


def _initialise(programs: Path, user: pwd.struct_passwd | None, data: Path, password: str) -> None:
    data.mkdir(mode=0o700, parents=True)
    secret = data.with_name("password")
    secret.write_text(password)
    for path in (data.parent, data, secret):
        if user is not None:
            os.chown(path, user.pw_uid, user.pw_gid)
    options = ["--encoding=UTF8", "--locale=C.UTF-8", "--auth=scram-sha-256"]
    command = [programs / "initdb", f"--pgdata={data}", f"--username={OWNER}", f"--pwfile={secret}", *options]
    made = subprocess.run(_as(user, command), capture_output=True, text=True, check=False, cwd="/")
    secret.unlink()
    if made.returncode != 0:
        name = user.pw_name if user else "this user"
        raise RuntimeError(f"initdb failed; {name} must be able to reach {data}:\n{made.stderr}")


def _start(
    programs: Path, user: pwd.struct_passwd | None, data: Path, settings: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    with (data / "server.log").open("wb") as log:
        command = _as(user, [programs / "postgres", "-D", data, *options])
        return subprocess.Popen(command, stdout=log, stderr=log, cwd="/")


def _wait_until_ready(programs: Path, server: subprocess.Popen[bytes], service: Service, log: Path) -> None:
    ask = [str(programs / "pg_isready"), "-q", "-h", service.host, "-p", str(service.port), "-d", "postgres"]
    until = time.monotonic() + READY_WITHIN_S
    while subprocess.run(ask, check=False).returncode != 0:
        if server.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"Postgres did not start:\n{log.read_text()[-2000:]}")
        time.sleep(0.05)


if __name__ == "__main__":
    with running(Path(sys.argv[1]).absolute()) as found:
        print(found.url(), flush=True)
        signal.sigwait({signal.SIGINT, signal.SIGTERM})
