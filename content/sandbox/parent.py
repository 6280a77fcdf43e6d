"""The parent's side of the sandbox: `Sandbox.inspect` hands a file to a confined child and judges the answer.

A child that crashes, hangs or lies costs one file its verdict (quarantine), never the submission.
"""

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from content.facts import Facts
from content.limits import DEFAULT_LIMITS, Limits
from content.sandbox.answer import read_answer
from content.sandbox.answer_form import HostileAnswer
from content.sandbox.confinement import WHOLE
from content.sandbox.job import Child, Job, Kind, Read
from content.sandbox.metering import Meter
from content.sandbox.wire import WireClosed, WireViolation
from content.sandbox.zygote import Zygote, ZygoteLost, was_stopped_for_cpu
from content.verdicts import Finding, Outcome, worst
from records.errors import CoffreError

log = logging.getLogger("coffre.sandbox")


class SandboxUnavailable(CoffreError):  # noqa: N818
    """No child can be started, or the sandbox is closed. Nothing is known about the file: try again later."""

    code = "sandbox_unavailable"


@dataclass(frozen=True, slots=True)
class Inspection:
    """The answer about one file. `facts` are None unless it is accepted; `cpu` in seconds."""

    findings: tuple[Finding, ...]
    facts: Facts | None
    cpu: float = 0.0

    @property
    def outcome(self) -> Outcome:
        return worst(self.findings)

    @property
    def accepted(self) -> bool:
        return self.outcome in {Outcome.ACCEPT, Outcome.WARN}


class Sandbox:
    """Confined children behind `inspect`. Create it after any fork of the process; close it at the end.

    `children` jobs run at once, from as many threads; further callers wait. A child is replaced after
    `recycle_after` files or `recycle_seconds` of CPU, whatever comes first. The reason is containment: a file
    that takes a child over sees no more than the files that this child is handed afterwards.
    `faults` admits misbehaviour on demand (`options={"fault": …}`) and is for tests.
    """

    def __init__(
        self,
        children: int = 2,
        recycle_after: int = 100,
        recycle_seconds: float = 2.0,
        limits: Limits = DEFAULT_LIMITS,
        *,
        faults: bool = False,
    ) -> None:
        self._slots = threading.BoundedSemaphore(children)
        self._recycle_after, self._recycle_seconds = recycle_after, recycle_seconds
        self._limits = limits
        self._faults = faults
        self._lock = threading.Lock()
        self._idle: list[Child] = []
        self._zygote: Zygote | None = None
        self._closed = False
        self._told = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def inspect(
        self, kind: Kind, size: int, read: Read, options: Mapping[str, str] | None = None
    ) -> Inspection:
        """Examines the object of `size` bytes behind `read(offset, length)`.

        Raises only what `read` raises (the file is then unjudged), `CoffreError` "short_read" where `read`
        gives fewer bytes than asked for, and `SandboxUnavailable`.
        """
        meter = Meter()
        with self._slots:
            # a second try in a fresh child: the first may have been killed for reasons of the machine
            answer = self._attempt(kind, size, read, options or {}, meter, fresh=False)
            if isinstance(answer, Finding) and answer.code == "sandbox_crashed":
                answer = self._attempt(kind, size, read, options or {}, meter, fresh=True)
        findings, facts = ((answer,), None) if isinstance(answer, Finding) else answer
        return Inspection(findings, facts, meter.seconds)

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
        self, kind: Kind, size: int, read: Read, options: Mapping[str, str], meter: Meter, *, fresh: bool
    ) -> Finding | tuple[tuple[Finding, ...], Facts | None]:
        child = self._take(fresh=fresh)
        try:
            try:
                payload = Job(child, size, read, self._limits).run(kind, options)
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

    def _take(self, *, fresh: bool) -> Child:
        with self._lock:
            if self._closed:
                raise SandboxUnavailable("The sandbox is closed. Start the worker again.")
            if self._idle and not fresh:
                return self._idle.pop()
            try:
                return Child(self._running())
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

    def _replace(self) -> Child:
        """A dead zygote took its children with it: forget them and start anew, once."""
        for child in self._idle:
            child.sock.close()
        self._idle = []
        if self._zygote is not None:
            self._zygote.close()
            self._zygote = None
        try:
            return Child(self._running())
        except (ZygoteLost, OSError) as error:
            raise SandboxUnavailable("The sandbox cannot be started. See to memory and processes.") from error

    def _give_back(self, child: Child, findings: tuple[Finding, ...]) -> None:
        child.jobs += 1
        worked = child.jobs >= self._recycle_after or child.worked >= self._recycle_seconds
        spent = worked or any(finding.code == "sandbox_memory" for finding in findings)
        with self._lock:
            if not spent and not self._closed:
                self._idle.append(child)
                return
        child.end()
