"""No process of Coffre leaves its memory, and the keys in it, in a core dump or to a debugger."""

import resource
import sys

_PR_SET_DUMPABLE = 4  # linux/prctl.h


def forbid() -> None:
    """Set the size of core dumps to 0 and, on Linux, this process and its forks not dumpable.

    Both are needed: where core_pattern names a program, the kernel hands it a dump whatever the size may be
    (core(5)). Not dumpable also keeps other processes of the same user from attaching (ptrace(2)).
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform != "linux":
        return
    import ctypes  # noqa: PLC0415 - coffre --help stays quick

    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "PR_SET_DUMPABLE is refused")
