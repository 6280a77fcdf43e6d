"""The parent's hold on a zygote process: fork a child, end a child, end all."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import asdict
from pathlib import Path

from content.limits import Limits
from content.sandbox.confinement import Confinement
from content.sandbox.wire import CONTROL, REPLY

_CONTROL_SECONDS = 30.0  # a zygote that does not answer by then is taken for dead
_CLOSE_SECONDS = 5.0
_ENVIRONMENT = {
    "PYTHONPATH": str(Path(__file__).resolve().parent.parent.parent),
    "LC_ALL": "C.UTF-8",
    "OPENBLAS_NUM_THREADS": "1",  # a fork has none of its parent's threads; no one here multiplies matrices
}


class ZygoteLost(Exception):  # noqa: N818
    """The zygote does not answer any more; its children are gone with it."""


class Zygote:
    """One process that forks sandboxed children. Safe to use from several threads.

    `module` is what the process runs: it hands its work to `content.sandbox.confined.serve`.
    """

    def __init__(
        self, limits: Limits, *, module: str = "content.sandbox.child", faults: bool = False
    ) -> None:
        self._lock = threading.Lock()
        self._control, theirs = socket.socketpair()
        self._control.settimeout(_CONTROL_SECONDS)
        arguments = [str(theirs.fileno()), json.dumps(asdict(limits)), *(["faults"] if faults else [])]
        # a session of its own: Ctrl-C in the terminal is for the parent, which then closes in order
        self._process = subprocess.Popen(  # noqa: S603 - our own module, fixed arguments
            [sys.executable, "-m", module, *arguments],
            pass_fds=(theirs.fileno(),),
            env=_ENVIRONMENT,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        theirs.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    def confinement(self) -> Confinement:
        """What the kernel let this zygote and its children give up."""
        return Confinement(self._ask(b"C", 0, []))

    def fork(self) -> tuple[socket.socket, int]:
        """A new child: the parent's end of its socket, and its process id."""
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                pid = self._ask(b"F", 0, [theirs.fileno()])
        except ZygoteLost:
            ours.close()
            raise
        return ours, pid

    def end(self, pid: int) -> int:
        """Kills and reaps a child; its wait status, or -1 where the zygote does not know it."""
        return self._ask(b"K", pid, [])

    def close(self) -> None:
        """Ends the zygote and every child. Returns when they are gone."""
        with contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_RDWR)
        try:
            self._process.wait(_CLOSE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._control.close()

    def _ask(self, verb: bytes, pid: int, descriptors: list[int]) -> int:
        with self._lock:
            try:
                socket.send_fds(self._control, [CONTROL.pack(verb, pid)], descriptors)
                reply = self._control.recv(REPLY.size, socket.MSG_WAITALL)
            except OSError as error:
                raise ZygoteLost from error
        if len(reply) != REPLY.size:
            raise ZygoteLost
        return int(REPLY.unpack(reply)[0])


def was_stopped_for_cpu(status: int) -> bool:
    """Whether a wait status says that the CPU limit was reached."""
    return status >= 0 and os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU
