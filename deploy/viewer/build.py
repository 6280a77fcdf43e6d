"""Build the viewer page from npm packages: `build.py FRONTEND`. Says what is missing where it cannot.

Packages come from the registry that npm is set up for; `package-lock.json` has their digests and no address.
"""

import subprocess
import sys
from pathlib import Path

from nodejs import MISSING, found

NPM_OPTIONS = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
WITHOUT = "Coffre is installed without its viewer page; everything else works."
THEN = "Then `make viewer`."


def main(frontend: Path) -> int:
    node = found()
    if node is None:
        print(f"{WITHOUT} {MISSING}\n{THEN}")
        return 1
    for step in (
        [*node.npm, "ci", *NPM_OPTIONS],
        [node.program, "node_modules/vite/bin/vite.js", "build", "--logLevel=error"],
    ):
        ended = subprocess.run(step, cwd=frontend, check=False, env=node.environment)
        if ended.returncode:
            print(f"{WITHOUT} What its build needs could not be fetched or built, see above. {THEN}")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
