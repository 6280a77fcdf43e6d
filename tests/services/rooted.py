"""Programs of tests that give files to other users: as root, or in a user namespace where whoever runs
the tests is root over a range of numbers that are nobody's outside.
"""

import os
import subprocess
import sys

from tests.services import warm
from tests.services.processes import debian

INSIDE = ("unshare", "--user", "--map-root-user", "--map-auto")
HINT = (
    "Only root gives files to others. Run the tests as root, or give this user a range of numbers: a line "
    "USER:100000:65536 in /etc/subuid and in /etc/subgid, where the kernel grants user namespaces."
)


def run(module: str, *words: str) -> str:
    """What `python -m MODULE WORDS` prints. RuntimeError with the hint where nobody lets us be root."""
    if os.geteuid() == 0:
        done = warm.run(*words, module=module)
    else:
        debian("newuidmap", "uidmap")
        if subprocess.run([*INSIDE, "true"], capture_output=True, check=False).returncode:
            raise RuntimeError(HINT)
        command = [*INSIDE, sys.executable, "-m", module, *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
