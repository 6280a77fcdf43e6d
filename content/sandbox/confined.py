"""The sandboxed side, whatever its work: a zygote that forks children, and children that keep nothing.

The process started is a zygote: it loads its parsers once, never sees a file, and forks children on request.
A child owns one socket and the system's random bytes, nothing else: no key, no environment, no way to open a
file, a connection or a process. It answers one job at a time and dies with the zygote.

Control messages (parent to zygote): `F` with a socket (SCM_RIGHTS) forks a child, answered by its process id;
`K` with a process id kills and reaps it, answered by its wait status; `C` is answered by what the kernel let
the zygote and its children give up (`Confinement`).
"""

import contextlib
import ctypes
import gc
import os
import resource
import signal
import socket
import sys
import time
import warnings
from collections.abc import Callable
from typing import NoReturn

from content.limits import Limits
from content.sandbox.confinement import Confinement, withdraw
from content.sandbox.seccomp import confine_calls
from content.sandbox.wire import (
    CONTROL,
    LARGEST_READ,
    READ_REQUEST,
    REPLY,
    Message,
    WireClosed,
    WireViolation,
    receive,
    send,
)

UNKNOWN_CHILD = -1
MOST_LEFT = 100_000
"""Objects that files may leave in cycles before a child looks for them: a PDF of 300 pages leaves 9 000."""
Answer = Callable[[socket.socket, bytes], bool]
"""Answers one job, given as its payload, on the socket; False where the child should not take another."""

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE = 1, 4
_NOBODY = 65534


def serve(control: int, limits: Limits, warm_up: Callable[[], None], answer: Answer) -> NoReturn:
    """Runs the zygote on the control socket of that number. `warm_up` loads what children will need."""
    os.environ.clear()
    warnings.simplefilter("ignore")
    libc = ctypes.CDLL(None, use_errno=True)
    warm_up()
    granted = withdraw(libc)
    gc.collect()
    gc.freeze()
    gc.disable()  # inherited: a child counts what a file left behind, once its answer is sent
    _Zygote(socket.socket(fileno=control), libc, limits, granted, answer).run()


def fetch(sock: socket.socket, offset: int, length: int) -> bytes:
    """Bytes of the file, from the parent. Raises `WireClosed`, `WireViolation`."""
    send(sock, Message.READ, READ_REQUEST.pack(offset, length))
    kind, data = receive(sock, LARGEST_READ)
    if kind != Message.DATA:
        raise WireViolation
    return data


def limit_cpu(seconds: int) -> None:
    """Gives this process so many seconds of CPU from now on."""
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    soft = int(time.process_time()) + 1 + seconds
    if hard == resource.RLIM_INFINITY or soft <= hard:
        resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def collect_what_is_left() -> None:
    """Frees what files left behind in cycles, where that is much."""
    if gc.get_count()[0] > MOST_LEFT:
        gc.collect()


class _Zygote:
    def __init__(
        self,
        control: socket.socket,
        libc: ctypes.CDLL,
        limits: Limits,
        granted: Confinement,
        answer: Answer,
    ) -> None:
        self._control = control
        self._libc = libc
        self._limits = limits
        self._granted = granted
        self._answer = answer
        self._children: set[int] = set()

    def run(self) -> NoReturn:
        while True:
            message, descriptors, _, _ = socket.recv_fds(self._control, CONTROL.size, 1)
            if len(message) != CONTROL.size:
                for pid in list(self._children):
                    self._end(pid)
                os._exit(0)
            verb, pid = CONTROL.unpack(message)
            answer = int(self._granted)
            if verb != b"C":
                answer = self._fork(descriptors[0]) if verb == b"F" else self._end(pid)
            self._control.sendall(REPLY.pack(answer))

    def _fork(self, descriptor: int) -> int:
        zygote = os.getpid()
        pid = os.fork()
        if pid == 0:
            self._control.close()
            sock = socket.socket(fileno=descriptor)
            _Child(sock, self._libc, self._limits, self._granted, self._answer).run(zygote)
        os.close(descriptor)
        self._children.add(pid)
        return pid

    def _end(self, pid: int) -> int:
        # only children not yet reaped are ever signalled, so a reused process id is never hit
        if pid not in self._children:
            return UNKNOWN_CHILD
        self._children.discard(pid)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        return os.waitpid(pid, 0)[1]


class _Child:
    def __init__(
        self, sock: socket.socket, libc: ctypes.CDLL, limits: Limits, granted: Confinement, answer: Answer
    ) -> None:
        self._sock = sock
        self._libc = libc
        self._limits = limits
        self._granted = granted
        self._answer = answer

    def run(self, zygote: int) -> NoReturn:
        try:
            self._confine(zygote)
            while True:
                kind, payload = receive(self._sock, 2 * LARGEST_READ)
                if kind != Message.JOB or not self._answer(self._sock, payload):
                    break
                collect_what_is_left()
        except (WireClosed, WireViolation):
            pass
        finally:
            os._exit(0)

    def _confine(self, zygote: int) -> None:
        memory = _mapped_bytes() + self._limits.memory_bytes
        for limit in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE, resource.RLIMIT_NPROC):
            resource.setrlimit(limit, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
        if os.geteuid() == 0:
            with contextlib.suppress(OSError):  # inside a user namespace there is no one else to become
                os.setgroups([])
                os.setresgid(_NOBODY, _NOBODY, _NOBODY)
                os.setresuid(_NOBODY, _NOBODY, _NOBODY)
        if sys.platform == "linux":
            # after the change of user, which clears the death signal; before asking who the parent is
            self._libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            self._libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
        if os.getppid() != zygote:
            os._exit(0)
        if not confine_calls(self._libc) and Confinement.SYSTEM_CALLS in self._granted:
            os._exit(1)


def _mapped_bytes() -> int:
    """What the interpreter already maps; the address-space limit comes on top of it."""
    try:
        with open("/proc/self/statm", encoding="ascii") as statm:  # noqa: PTH123
            return int(statm.read().split()[0]) * resource.getpagesize()
    except OSError:
        return 2**30
