"""The commands as a process of their own or, quicker, as a child forked from here."""

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import coffre.wiring  # noqa: F401 - loaded once here, not in each child (`quick`)
from coffre import cli
from coffre.demonstration.files import data as demo_data

COFFRE = Path(sys.executable).with_name("coffre")
INS, DOCTOR = demo_data.PATIENT_INS, "899700024450"
DONE, REFUSED, MISUSED = 0, 1, 2
PERSON = ("--family-name", "X", "--given-name", "Y", "--birth-date", "1977-07-01", "--sex", "F")
TRAITS = (*PERSON, "--consent", "spoken")
COMMANDS = (
    "",
    "init",
    "serve",
    "record",
    "record open",
    "identity",
    "identity issue",
    "identity issue depositor",
    "identity issue professional",
    "identity issue patient",
    "send",
    "fetch",
    "audit",
    "audit verify",
    "status",
    "check",
    "backup",
    "restore",
    "migrate",
    "roles",
    "worker",
    "housekeeper",
    "vault",
    "vault serve",
    "vault replay",
    "vault accept-gap",
    "demo",
)
ENGINES = (
    "alembic", "boto3", "celery", "fastapi", "minio", "numpy", "pikepdf", "psycopg", "pydicom", "sqlalchemy"
)  # fmt: skip
"""What reads files, serves or keeps tables and objects, and takes from a tenth of a second to a whole one."""
SLOW = frozenset({*ENGINES, "cryptography", "nacl", "httpx", "uvicorn"})
"""With ciphers and what talks over HTTP."""
QUICK = (
    "status", "send", "fetch", "check", "backup", "restore", "serve", "worker", "audit verify", "vault status"
)  # fmt: skip
ON_DATA = (
    "status",
    "check",
    "compact",
    "renditions",
    "serve",
    "worker",
    "housekeeper",
    "migrate",
    "audit verify",
    "vault status",
    "vault serve",
    "quarantine list",
    "backup --to {folder}/copy",
    "identity issue operator --name Roche --out {folder}/token",
)


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


def run(*arguments: object, status: int, cwd: Path | None = None, **environment: str) -> Done:
    """Runs a command, expects its exit code, and never a traceback."""
    done = subprocess.run(
        [COFFRE, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        timeout=120,
        env={**os.environ, **environment},
    )
    return _checked(Done(done.returncode, done.stdout, done.stderr), arguments, status)


def quick(*arguments: object, status: int, powerless: bool = False, **environment: str) -> Done:
    """The same entry point in a child forked from here, where everything is imported already."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        child = os.fork()
        if child == 0:
            if powerless:
                _drop_capabilities()
            _become_the_command(arguments, out.fileno(), err.fileno(), environment)
        _, ended = os.waitpid(child, 0)
        texts = [(file.seek(0), file.read())[1] for file in (out, err)]
    return _checked(Done(os.waitstatus_to_exitcode(ended), *texts), arguments, status)


def _drop_capabilities() -> None:
    """Without them the superuser, too, is bound by the modes of files (capabilities(7))."""
    version_3, everything_off = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    if ctypes.CDLL(None).capset(version_3, everything_off) != 0:
        os._exit(71)


def _become_the_command(
    arguments: tuple[object, ...], out: int, err: int, environment: dict[str, str]
) -> NoReturn:
    code = 70  # whatever goes wrong here must not go on as a second pytest
    try:
        os.dup2(out, 1)
        os.dup2(err, 2)
        sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", closefd=False)
        os.environ.update(environment)
        sys.argv = ["coffre", *map(str, arguments)]
        cli.main()
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        traceback.print_exc()
        code = 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def loaded(*arguments: str, status: int = DONE, said: str = "", **environment: str) -> set[str]:
    """The packages that a command imported until it ended, having said this of what went wrong."""
    python = [sys.executable, "-X", "importtime", COFFRE, *arguments]
    environ = {**os.environ, **environment}
    done = subprocess.run(python, capture_output=True, text=True, check=False, env=environ)
    assert done.returncode == status, done.stderr
    lines = done.stderr.splitlines(keepends=True)
    imports = [line for line in lines if line.startswith("import time:")]
    assert not said or said == "".join(line for line in lines if line not in imports)
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in imports}


def _checked(done: Done, arguments: tuple[object, ...], status: int) -> Done:
    assert "Traceback" not in done.stderr + done.stdout, done.stderr
    assert done.returncode == status, (arguments, done.stdout, done.stderr)
    return done


def run_json(*arguments: object, cwd: Path | None = None) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(*arguments, "--json", status=DONE, cwd=cwd).stdout)
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Served:
    """`coffre serve` in a process of its own."""

    def __init__(self, data: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        command = [COFFRE, "serve", "--data", data, "--port", str(self.port)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.first_line = self.process.stdout.readline()

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        self.process.communicate(timeout=40)
        return self.process.returncode
