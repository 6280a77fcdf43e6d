"""The parent's side of the sandbox: `Sandbox.inspect` hands a file to a confined child and judges the answer.

A child that crashes, hangs or lies costs one file its verdict (quarantine), never the submission.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Self

from content.facts import Facts
from content.limits import DEFAULT_LIMITS, Limits
from content.sandbox.answer import read_answer
from content.sandbox.answer_form import HostileAnswer
from content.sandbox.confinement import WHOLE, Confinement
from content.sandbox.handful import MOST_FILES, File, Handful
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

    `children` jobs run at once, from as many threads; further callers wait. `recycle_after`,
    `recycle_seconds` and `demanded`: see `ChildPool`.
    `faults` admits misbehaviour on demand (`options={"fault": …}`) and is for tests.
    """

    def __init__(
        self,
        children: int = 2,
        recycle_after: int = 100,
        recycle_seconds: float = 2.0,
        limits: Limits = DEFAULT_LIMITS,
        *,
        demanded: Confinement = WHOLE,
        faults: bool = False,
    ) -> None:
        self._slots = threading.BoundedSemaphore(children)
        self._limits = limits
        start = partial(Zygote, limits, faults=faults)
        self._pool = ChildPool(start, recycle_after, recycle_seconds, demanded)

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
        return self._alone(kind, File(size, read, options or {}), Meter())

    def inspect_each(self, kind: Kind, files: Sequence[File]) -> Iterator[Inspection]:
        """Examines the files in their order, several at a time by one message to one child.

        The answers to a message are believed together, or none of them is: then its files are examined one by
        one, as `inspect` does, so that what a file does to its child is held against no other. Raises as
        `inspect` does. No file is examined before its answer is asked for, but for those of one message: they
        take a tenth of a second of CPU and the time of one file at most.
        """
        most = min(MOST_FILES, self._pool.most_files)
        left = list(files)
        while left:
            meter, some = Meter(), left[:most]
            found = self._together(kind, some, meter) if len(some) > 1 else None
            if found is not None:
                yield from found
                del left[: len(found)]
                continue
            for file in some:
                yield self._alone(kind, file, meter)
                meter = Meter()
            del left[: len(some)]

    def close(self) -> None:
        """Ends every child and the zygote; leaves no process behind. Jobs still running are lost."""
        self._pool.close()

    def _together(self, kind: Kind, files: Sequence[File], meter: Meter) -> list[Inspection] | None:
        """What a child says of the first few; None where it doesn't answer as it should."""
        with self._slots:
            child = self._pool.take(files=len(files))
            try:
                try:
                    payloads = Handful(kind, files).run(child, self._limits)
                finally:
                    meter.add(child.cpu())
                answers = [
                    read_answer(each, kind, file.size) for each, file in zip(payloads, files, strict=False)
                ]
            except (TimeoutError, WireClosed, WireViolation, HostileAnswer):
                child.end()
                return None
            except BaseException:
                child.end()
                raise
            self._pool.give_back(child, files=len(files))
        share = meter.seconds / len(answers)
        return [Inspection(findings, facts, share) for findings, facts in answers]

    def _alone(self, kind: Kind, file: File, meter: Meter) -> Inspection:
        with self._slots:
            # a second try in a fresh child: the first may have been killed for reasons of the machine
            answer = self._attempt(kind, file, meter, fresh=False)
            if isinstance(answer, Finding) and answer.code == "sandbox_crashed":
                answer = self._attempt(kind, file, meter, fresh=True)
        findings, facts = ((answer,), None) if isinstance(answer, Finding) else answer
        return Inspection(findings, facts, meter.seconds)

    def _attempt(
        self, kind: Kind, file: File, meter: Meter, *, fresh: bool
    ) -> Finding | tuple[tuple[Finding, ...], Facts | None]:
        child = self._pool.take(fresh=fresh)
        try:
            try:
                payload = Job(child, file.size, file.read, self._limits).run(kind, file.options)
            finally:
                meter.add(child.cpu())
            answer = read_answer(payload, kind, file.size)
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
