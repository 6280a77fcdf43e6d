"""Give up a process's rights for good, and report those that the kernel did not let it give up.

`python -m content.sandbox.confinement` gives up its own and prints what it was granted.
"""

import ctypes
import os
import struct
import subprocess
import sys
from enum import IntFlag
from pathlib import Path

from content.sandbox.seccomp import confine_calls

_PR_SET_NO_NEW_PRIVS = 38
_CAPABILITIES_V3 = 0x20080522
_CLONE_NEWNET, _CLONE_NEWUSER = 0x40000000, 0x10000000


class Confinement(IntFlag):
    """Confinement that depends on the kernel. Limits on memory, CPU, files and processes hold everywhere."""

    NETWORK = 1  # a network namespace without any interface
    SYSTEM_CALLS = 2  # a list of system calls, which holds none that opens or connects


WHOLE = Confinement.NETWORK | Confinement.SYSTEM_CALLS
_ROOT = Path(__file__).resolve().parents[2]
_TRIED_WITHIN_S = 60


def named(parts: Confinement) -> str:
    """`network, system_calls`."""
    return ", ".join(part.name.lower() for part in WHOLE if part in parts and part.name)


def grantable() -> Confinement:
    """What this kernel lets a child of this process give up: a process of its own tries, and ends. One that
    hangs or says nothing was granted nothing.
    """
    try:
        tried = subprocess.run(  # noqa: S603 - our own module
            [sys.executable, "-m", __name__],
            env={"PYTHONPATH": str(_ROOT)},
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TRIED_WITHIN_S,
            check=False,
        )
        return Confinement(int(tried.stdout))
    except (subprocess.TimeoutExpired, ValueError):
        return Confinement(0)


def withdraw(libc: ctypes.CDLL) -> Confinement:
    """Gives up new privileges and the network; says what this kernel grants."""
    granted = Confinement(0)
    if sys.platform != "linux":
        return granted
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if libc.unshare(_CLONE_NEWNET) == 0:
        granted |= Confinement.NETWORK
    elif libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0:
        granted |= Confinement.NETWORK
        # a filter of calls that refuses this leaves them, and a child nothing to use them with
        _drop_capabilities(libc)
    if _calls_can_be_listed(libc):
        granted |= Confinement.SYSTEM_CALLS
    return granted


def _drop_capabilities(libc: ctypes.CDLL) -> None:
    """Of this process, for good: a user namespace of its own has given it all of them."""
    libc.capset(struct.pack("Ii", _CAPABILITIES_V3, 0), bytes(24))


def _calls_can_be_listed(libc: ctypes.CDLL) -> bool:
    pid = os.fork()
    if pid == 0:
        os._exit(0 if confine_calls(libc) else 1)
    return os.waitpid(pid, 0)[1] == 0


if __name__ == "__main__":
    sys.stdout.write(str(int(withdraw(ctypes.CDLL(None, use_errno=True)))))
