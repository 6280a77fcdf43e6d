"""The parent's side of the sandbox: `Sandbox.inspect` hands a file to a confined child and judges the answer.

A child that crashes, hangs or lies costs one file its verdict (quarantine), never the submission.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Self

from content.facts import Facts
from content.limits import DEFAULT_LIMITS, Limits
from content.sandbox.answer import read_answer
from content.sandbox.answer_form import HostileAnswer
from content.sandbox.job import Job, Kind, Read
from content.sandbox.metering import Meter
from content.sandbox.pool import ChildPool
from content.sandbox.wire import WireClosed, WireViolation
from content.sandbox.zygote import Zygote, was_stopped_for_cpu
from content.verdicts import Finding, Outcome, worst


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

    `children` jobs run at once, from as many threads; further callers wait. `recycle_after` and
    `recycle_seconds`: see `ChildPool`.
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
        self._limits = limits
        self._pool = ChildPool(partial(Zygote, limits, faults=faults), recycle_after, recycle_seconds)

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
        self._pool.close()

    def _attempt(
        self, kind: Kind, size: int, read: Read, options: Mapping[str, str], meter: Meter, *, fresh: bool
    ) -> Finding | tuple[tuple[Finding, ...], Facts | None]:
        child = self._pool.take(fresh=fresh)
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
        spent = any(finding.code == "sandbox_memory" for finding in answer[0])
        self._pool.give_back(child, spent=spent)
        return answer
