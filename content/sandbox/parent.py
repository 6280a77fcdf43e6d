"""The parent's side of the sandbox: `Sandbox.inspect` hands a file to a confined child and judges the answer.

A child that crashes, hangs or lies costs one file its verdict (quarantine), never the submission.
"""

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

from content.byte_source import BLOCK
from content.facts import Facts
from content.limits import DEFAULT_LIMITS, Limits
from content.sandbox.answer import HostileAnswer, read_answer
from content.sandbox.confinement import WHOLE
from content.sandbox.metering import Meter
from content.sandbox.wire import (
    LARGEST_READ,
    META_LENGTH,
    READ_REQUEST,
    Message,
    WireClosed,
    WireViolation,
    receive,
    send,
)
from content.sandbox.zygote import Zygote, ZygoteLost, was_stopped_for_cpu
from content.verdicts import Finding, Outcome, worst
from records.errors import CoffreError

log = logging.getLogger("coffre.sandbox")

Kind = Literal["dicom", "pdf", "dicom+json", "dicom+xml"]
Read = Callable[[int, int], bytes]
_READ_FACTOR = 16  # a file may be read this often; a parser that wants more is not getting anywhere
_READ_FLOOR = 64 * 2**20


class SandboxUnavailable(CoffreError):  # noqa: N818
    """No child can be started, or the sandbox is closed. Nothing is known about the file: try again later."""

    code = "sandbox_unavailable"


@dataclass(frozen=True, slots=True)
class Inspection:
    """The answer about one file. `facts` are None unless it is accepted; `elapsed` and `cpu` in seconds."""

    findings: tuple[Finding, ...]
    facts: Facts | None
    elapsed: float
    cpu: float = 0.0

    @property
    def outcome(self) -> Outcome:
        return worst(self.findings)

    @property
    def accepted(self) -> bool:
        return self.outcome in {Outcome.ACCEPT, Outcome.WARN}


class _Child:
    """One confined process. `ChildDied` and `OutOfTime` end it."""

    def __init__(self, zygote: Zygote) -> None:
        self._zygote = zygote
        self.sock, self.pid = zygote.fork()
        self.jobs = 0
        self._counted = 0.0

    def cpu(self) -> float:
        """Seconds of CPU since the last call, as the kernel counts them: a child might lie."""
        try:
            used = time.clock_gettime(_cpu_clock_of(self.pid))
        except OSError:  # the process, or the clock, is not there
            return 0.0
        since, self._counted = used - self._counted, used
        return since

    def end(self) -> int:
        """Ends the process; its wait status, -1 where the zygote is gone too."""
        self.sock.close()
        try:
            return self._zygote.end(self.pid)
        except ZygoteLost:
            return -1


def _cpu_clock_of(pid: int) -> int:
    """Linux's clock of another process's CPU time (clock_getcpuclockid(3), which Python does not offer)."""
    return (~pid << 3) | 2


class _Job:
    """One file in one child. The time the store needs to answer reads is not the child's."""

    def __init__(self, child: _Child, size: int, read: Read, limits: Limits) -> None:
        self._child = child
        self._size = size
        self._read = read
        self._limits = limits
        self._deadline = time.monotonic() + limits.wall_seconds
        self._allowance = max(_READ_FLOOR, _READ_FACTOR * size)

    def run(self, kind: Kind, options: Mapping[str, Any]) -> bytes:
        meta = json.dumps({"kind": kind, "size": self._size, "options": dict(options)}).encode()
        head = self._fetch(0, min(self._size, BLOCK))
        self._patience()
        send(self._child.sock, Message.JOB, META_LENGTH.pack(len(meta)), meta, head)
        while True:
            self._patience()
            message, payload = receive(self._child.sock, self._limits.answer_bytes)
            if message == Message.RESULT:
                return payload
            if message != Message.READ or len(payload) != READ_REQUEST.size:
                raise WireViolation
            data = self._fetch(*READ_REQUEST.unpack(payload))
            self._patience()
            send(self._child.sock, Message.DATA, data)

    def _patience(self) -> None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._child.sock.settimeout(left)

    def _fetch(self, offset: int, length: int) -> bytes:
        if length > LARGEST_READ or offset + length > self._size:
            raise WireViolation
        self._allowance -= length
        if self._allowance < 0:
            raise TimeoutError
        started = time.monotonic()
        data = self._read(offset, length)
        self._deadline += time.monotonic() - started
        if len(data) != length:
            raise CoffreError("The store gave fewer bytes than the object has. Try again.", code="short_read")
        return data


class Sandbox:
    """Confined children behind `inspect`. Create it after any fork of the process; close it at the end.

    `children` jobs run at once, from as many threads; further callers wait. A child is replaced after
    `recycle_after` files. `faults` admits misbehaviour on demand (`options={"fault": …}`) and is for tests.
    """

    def __init__(
        self,
        children: int = 2,
        recycle_after: int = 100,
        limits: Limits = DEFAULT_LIMITS,
        *,
        faults: bool = False,
    ) -> None:
        self._slots = threading.BoundedSemaphore(children)
        self._recycle_after = recycle_after
        self._limits = limits
        self._faults = faults
        self._lock = threading.Lock()
        self._idle: list[_Child] = []
        self._zygote: Zygote | None = None
        self._closed = False
        self._told = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def inspect(
        self, kind: Kind, size: int, read: Read, options: Mapping[str, Any] | None = None
    ) -> Inspection:
        """Examines the object of `size` bytes behind `read(offset, length)`.

        Raises only what `read` raises (the file is then unjudged), `CoffreError` "short_read" where `read`
        gives fewer bytes than asked for, and `SandboxUnavailable`.
        """
        started, meter = time.monotonic(), Meter()
        with self._slots:
            # a second try in a fresh child: the first may have been killed for reasons of the machine
            answer = self._attempt(kind, size, read, options or {}, meter, fresh=False)
            if isinstance(answer, Finding) and answer.code == "sandbox_crashed":
                answer = self._attempt(kind, size, read, options or {}, meter, fresh=True)
        findings, facts = ((answer,), None) if isinstance(answer, Finding) else answer
        return Inspection(findings, facts, time.monotonic() - started, meter.seconds)

    def close(self) -> None:
        """Ends every child and the zygote; leaves no process behind. Jobs still running are lost."""
        with self._lock:
            self._closed = True
            zygote, self._zygote = self._zygote, None
            idle, self._idle = self._idle, []
        for child in idle:
            child.sock.close()
        if zygote is not None:
            zygote.close()

    def _attempt(
        self, kind: Kind, size: int, read: Read, options: Mapping[str, Any], meter: Meter, *, fresh: bool
    ) -> Finding | tuple[tuple[Finding, ...], Facts | None]:
        child = self._take(fresh=fresh)
        try:
            try:
                payload = _Job(child, size, read, self._limits).run(kind, options)
            finally:
                meter.add(child.cpu())
            answer = read_answer(payload, kind, size)
        except TimeoutError:
            child.end()
            return Finding("sandbox_timeout")
        except (WireClosed, WireViolation, HostileAnswer):
            stopped = was_stopped_for_cpu(child.end())
            return Finding("sandbox_timeout" if stopped else "sandbox_crashed")
        except BaseException:
            child.end()
            raise
        self._give_back(child, answer[0])
        return answer

    def _take(self, *, fresh: bool) -> _Child:
        with self._lock:
            if self._closed:
                raise SandboxUnavailable("The sandbox is closed. Start the worker again.")
            if self._idle and not fresh:
                return self._idle.pop()
            try:
                return _Child(self._running())
            except ZygoteLost:
                return self._replace()

    def _running(self) -> Zygote:
        if self._zygote is None:
            self._zygote = Zygote(self._limits, faults=self._faults)
            self._tell_what_is_missing(self._zygote)
        return self._zygote

    def _tell_what_is_missing(self, zygote: Zygote) -> None:
        missing = WHOLE & ~zygote.confinement()
        if missing and not self._told:
            self._told = True
            names = [part.name.lower() for part in WHOLE if part in missing and part.name]
            log.warning("this kernel confines the sandbox in part only", extra={"missing": ", ".join(names)})

    def _replace(self) -> _Child:
        """A dead zygote took its children with it: forget them and start anew, once."""
        for child in self._idle:
            child.sock.close()
        self._idle = []
        if self._zygote is not None:
            self._zygote.close()
            self._zygote = None
        try:
            return _Child(self._running())
        except (ZygoteLost, OSError) as error:
            raise SandboxUnavailable("The sandbox cannot be started. See to memory and processes.") from error

    def _give_back(self, child: _Child, findings: tuple[Finding, ...]) -> None:
        child.jobs += 1
        spent = child.jobs >= self._recycle_after or any(f.code == "sandbox_memory" for f in findings)
        with self._lock:
            if not spent and not self._closed:
                self._idle.append(child)
                return
        child.end()
