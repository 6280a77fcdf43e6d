"""Two people who operate a running Coffre, over HTTP and on the command line."""

import json
import os
import pty
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from coffre.demo_authority.identities import Identities
from tests.integration.support import Coffre, bearer
from tests.services import warm

WHY = "checked with the laboratory by telephone"
SOON_S = 30.0


@dataclass
class Operators:
    """Their tokens live five minutes; files of them lie under `folder`."""

    coffre: Coffre
    folder: Path

    def token(self, name: str) -> str:
        with self.coffre.system() as system:
            return Identities(system).named_operator(name)

    def file(self, name: str) -> str:
        path = self.folder / f"{name}.token"
        path.write_text(self.token(name))
        return str(path)

    def get(self, name: str, path: str = "") -> httpx.Response:
        return self.coffre.http.get(f"/quarantine{path}", headers=bearer(self.token(name)))

    def post(self, name: str, path: str, **body: str) -> httpx.Response:
        return self.coffre.http.post(
            f"/quarantine{path}", json={"reason": WHY, **body}, headers=bearer(self.token(name))
        )

    def items_of(self, submission: str) -> list[dict[str, Any]]:
        """What lies under quarantine of one submission; the server is shared with other tests."""
        found: list[dict[str, Any]] = []
        path = "?limit=500"
        while path:
            page = self.get("anne", path).json()
            found += page["quarantined"]
            path = f"?limit=500&after={page['next']}" if page["next"] else ""
        return [item for item in found if item["submission"] == submission]


def command(coffre: Coffre, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """A command beside the running server."""
    return warm.run(*arguments, "--data", str(coffre.data))


def on_a_terminal(coffre: Coffre, *arguments: str) -> str:
    """What the person at the terminal of such a command sees, its answer last."""
    ours, theirs = pty.openpty()
    every = [sys.executable, "-m", "coffre.cli", *arguments, "--data", str(coffre.data)]
    with subprocess.Popen(every, stdout=subprocess.PIPE, stderr=theirs, text=True) as running:
        os.close(theirs)
        shown = b""
        with suppress(OSError):  # EIO: nobody writes any more
            while piece := os.read(ours, 4096):
                shown += piece
        os.close(ours)
        assert running.stdout is not None
        answer = running.stdout.read()
    assert running.returncode == 0, shown
    return shown.decode() + answer.strip()


def answer_of(done: "subprocess.CompletedProcess[str]", code: int = 0) -> dict[str, Any]:
    """What a command printed with --json."""
    assert done.returncode == code, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def soon(true: Callable[[], bool]) -> None:
    """The housekeeper hands out jobs every second."""
    deadline = time.monotonic() + SOON_S
    while not true():
        assert time.monotonic() < deadline, "it didn't happen"
        time.sleep(0.2)
