"""Run a benchmark where only loopback exists: a network namespace of its own (unshare(1), namespaces(7)).

Orthanc 1.10 listens on every address and can't be told otherwise.
"""

import fcntl
import os
import shutil
import socket
import struct
import subprocess
import sys
from collections.abc import Sequence

_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1
_REQUEST = struct.Struct("16sh22x")
_INSIDE = "COFFRE_BENCHMARK_ALONE"


def alone(arguments: Sequence[str]) -> bool:
    """Whether this process is alone; else its benchmark has run in one that is, with `arguments`."""
    if os.environ.get(_INSIDE) == "1" and [name for _, name in socket.if_nameindex()] == ["lo"]:
        _raise_loopback()
        return True
    program = shutil.which("unshare")
    if program is None:
        raise SystemExit("The race needs unshare: install the package util-linux.")
    command = [program, "--net", "--map-root-user", sys.executable, "-m", "benchmarks", *arguments]
    subprocess.run(command, env={**os.environ, _INSIDE: "1"}, check=True)
    return False


def _raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        asked = fcntl.ioctl(any_socket, _SIOCGIFFLAGS, _REQUEST.pack(b"lo", 0))
        flags = _REQUEST.unpack(asked)[1] | _IFF_UP
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, _REQUEST.pack(b"lo", flags))
