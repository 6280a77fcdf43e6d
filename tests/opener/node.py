"""Node.js, in which the opener runs as it does in browsers, and the tools that check its types."""

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.services.processes import debian

FOLDER = Path(__file__).parent / "node"


def run(script: str, told: object) -> Any:
    """What a script of the folder `node` answers to a JSON value."""
    command = [debian("node", "nodejs"), FOLDER / script]
    done = subprocess.run(command, input=json.dumps(told), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def tools() -> None:
    """Fetches TypeScript and @hpke/core as locked, where they are not there yet."""
    if (FOLDER / "node_modules" / ".package-lock.json").exists():
        return
    command = [debian("npm", "npm"), "ci", "--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts"]
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"npm ci failed; it needs its registry: {done.stderr[-500:]}")
