"""Node.js, in which the opener runs as it does in browsers, and the tools that check its types."""

import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

from deploy.viewer import nodejs
from tests.services.one_at_a_time import one_at_a_time

FOLDER = Path(__file__).parent / "node"


def run(script: str, told: object) -> Any:
    """What a script of the folder `node` answers to a JSON value."""
    command = [program(), FOLDER / script]
    done = subprocess.run(command, input=json.dumps(told), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def program() -> str:
    return _node().program


def tools() -> None:
    """Fetches TypeScript and @hpke/core as locked, where they are not there yet."""
    locked(FOLDER)


def locked(folder: Path) -> Path:
    """The packages of a folder, fetched as its lock has them, by digest, where they are not there yet."""
    packages = folder / "node_modules"
    _node()  # whose own fetching waits for the others too
    with one_at_a_time():
        if not (packages / ".package-lock.json").exists():
            npm("ci", "--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts", folder=folder)
    return packages


def npm(*words: str, folder: Path) -> None:
    node = _node()
    done = subprocess.run(
        [*node.npm, *words], cwd=folder, env=node.environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"npm {words[0]} failed; it needs its registry: {done.stderr[-500:]}")


@cache
def _node() -> nodejs.Node:
    """As `make viewer` finds it; RuntimeError with what to install."""
    with one_at_a_time():
        found = nodejs.found()
    if found is None:
        raise RuntimeError(nodejs.MISSING)
    return found
