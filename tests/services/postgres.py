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
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from tests.services.processes import free_port, install
from tests.services.server import Server

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

    def url(self, database: str = "postgres", role: str | None = None, password: str | None = None) -> str:
        who = f"{role or self.owner}:{password or self.password}"
        return f"postgresql+psycopg://{who}@{self.host}:{self.port}/{database}"

    def create(self, database: str) -> str:
        """Makes an empty database; its URL for the owner."""
        with psycopg.connect(self.url().replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
        return self.url(database)


@contextmanager
def running(directory: Path, settings: Mapping[str, str] | None = None) -> Iterator[Service]:
    """Starts a new server in `directory`, stops it by its process id. RuntimeError says what is missing."""
    server, service = made(directory, settings)
    with server:
        yield service


def made(directory: Path, settings: Mapping[str, str] | None = None) -> tuple[Server, Service]:
    """A new server in `directory`, not yet started, and how to reach it."""
    programs, user = _programs(), _user()
    data, password = directory / "data", secrets.token_urlsafe(20)
    _initialise(programs, user, data, password)
    service = Service("127.0.0.1", free_port(), OWNER, password)
    given = {**SETTINGS, **(settings or {}), "port": str(service.port)}
    options = [word for name, value in given.items() for word in ("-c", f"{name}={value}")]
    ask = [str(programs / "pg_isready"), "-q", "-h", service.host, "-p", str(service.port), "-d", "postgres"]
    server = Server(
        "Postgres",
        _as(user, [programs / "postgres", "-D", data, *options]),
        data / "server.log",
        lambda: subprocess.run(ask, check=False).returncode == 0,
        grace_s=30,
        ending=signal.SIGINT,  # "fast": ends sessions, then stops
        children_follow=True,
    )
    return server, service


def _programs() -> Path:
    found = _installed()
    if found is None:
        install("Postgres 14 or newer", "postgresql")
        found = _installed()
    if found is None:
        raise RuntimeError("Postgres is installed, and initdb is not to be found: put it on PATH.")
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
    become = [] if user is None else [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    # said again after the change of user, which forgets it: it goes when the tests' process goes
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


if __name__ == "__main__":
    with running(Path(sys.argv[1]).absolute()) as found:
        print(found.url(), flush=True)
        signal.sigwait({signal.SIGINT, signal.SIGTERM})
