"""`python -m tests.services.in_memory …` runs pytest with its folders in memory, where the machine has room.

Databases and objects are synchronised at each commit, and a run would wait for the disk half a million times.
Byte code is kept, whatever the shell says: a run starts hundreds of Pythons, which would compile it anew.
What is left of a run that failed stays to be looked at; kill loops and benchmarks run on the disk.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")
ROOM = 6 * 2**30


def folder() -> Path | None:
    """A new folder in memory, where programs may be run from; None where there is none."""
    if not MEMORY.is_dir() or shutil.disk_usage(MEMORY).free < ROOM:
        return None
    made = Path(tempfile.mkdtemp(prefix="coffre-", dir=MEMORY))
    if os.statvfs(made).f_flag & os.ST_NOEXEC:
        made.rmdir()
        return None
    return made


def main(arguments: list[str]) -> int:
    made = folder()
    more = [f"--basetemp={made}/t"] if made else []  # short: an address of a socket has 107 characters
    try:
        command = [sys.executable, "-m", "pytest", *more, *arguments]
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        ended = subprocess.run(command, env=environment, check=False).returncode
    except KeyboardInterrupt:
        ended = 2
    if made and ended:
        print(f"left to be looked at: {made}")
    elif made:
        shutil.rmtree(made)
    return ended


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
