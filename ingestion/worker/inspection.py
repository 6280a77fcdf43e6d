"""Judge every part of a submission: its form in the sandbox, then the patient it names.

Where metadata and bulk data came apart, the parts judged are the instances put together from them.
"""

import hashlib
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from uuid import UUID

from content.facts import MetadataFacts
from content.sandbox.handful import File
from content.sandbox.job import Kind
from content.sandbox.metering import InHand
from content.sandbox.parent import Inspection, Sandbox
from content.verdicts import VERDICTS, Finding, Outcome
from ingestion.envelope import MOST_PARTS, Payload
from ingestion.grouping import InspectedPart
from ingestion.outcomes import JUDGEMENTS, Judgement, PartOutcome, judged
from ingestion.worker.assembly import AssembledContent, Assembler, Instance, bulk_parts
from ingestion.worker.inspection_turns import Turns, patiently, turns_of
from ingestion.worker.opening import Content, OpenedSubmission
from ingestion.worker.placing import Differing, Placing
from keyvault.keys.reception import ReceivedPart
from records.people.traits import IdentityCheck
from records.vocabulary.codes import Environment
from records.vocabulary.document_types import DOCUMENT_TYPES
from records.vocabulary.person_warnings import PERSON_WARNINGS

# a closed record has a code of its own (R10); one that was destroyed, or is only proposed, is none (R9, R12)
_RECORD_JUDGEMENT = {
    "unknown": "no_record",
    "closed": "record_closed",
    "suspended": "record_suspended",
    "destroyed": "no_record",
    "proposed": "no_record",
}


_METADATA: Mapping[Payload, Kind] = {Payload.JSON: "dicom+json", Payload.XML: "dicom+xml"}
_NO_BLOB = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Inspected:
    """The judged parts of a submission, and the content that their offsets count in."""

    parts: list[InspectedPart]
    content: Content


class Inspector:
    """Validates parts in parallel; `check` says what traits that differ do."""

    def __init__(
        self, sandbox: Sandbox, environment: Environment, *, check: IdentityCheck, turns: Turns
    ) -> None:
        self._sandbox = sandbox
        self._placing = Placing(environment, check)
        self._turns = turns

    def inspect(
        self,
        opened: OpenedSubmission,
        content: Content,
        in_hand: InHand,
        differing: Differing,
    ) -> Inspected:
        """Every part with its judgement, in order."""
        headers, parts = opened.headers, opened.parts
        # before any byte of it is parsed: strangers' content costs nothing where it cannot be kept
        refusal = self._refusal(opened)
        if refusal is not None:
            return _all_alike(parts, refusal, content)
        if headers.payload is not None and headers.payload in _METADATA:
            return self._assembled(headers.payload, opened, content, in_hand, differing)
        numbered = dict(enumerate(parts, 1))
        return Inspected(self._judged(numbered, headers.kind, opened, content, in_hand, differing), content)

    def _judged(
        self,
        parts: Mapping[int, ReceivedPart],
        kind: Kind,
        opened: OpenedSubmission,
        content: Content,
        in_hand: InHand,
        differing: Differing,
        told: Mapping[int, Sequence[Finding]] = MappingProxyType({}),
    ) -> list[InspectedPart]:
        """`told` is what is known of a part before it is validated."""

        ended = threading.Event()

        def validated(some: Sequence[tuple[int, ReceivedPart]]) -> list[InspectedPart]:
            files = [_file(part, content) for _, part in some]
            judged_parts = []
            for (number, part), found in zip(some, self._sandbox.inspect_each(kind, files), strict=False):
                in_hand.meter.add(found.cpu)  # of a refused file, too: it was spent on this depositor
                judged_parts.append(_judged_part(number, part, found, told.get(number, ())))
                if ended.is_set():
                    break
            return judged_parts

        jobs = [self._turns.submit(in_hand, validated, some) for some in turns_of([*parts.items()])]
        inspected = []
        try:
            for job in jobs:
                for part in patiently(job, in_hand.heartbeat):
                    inspected.append(self._whose(part, opened, differing))
                in_hand.heartbeat()
        finally:
            # where the try ends early, neither what waits for its turn nor what has it keeps others waiting
            ended.set()
            for job in jobs:
                job.cancel()
        return inspected

    def _assembled(
        self,
        payload: Payload,
        opened: OpenedSubmission,
        received: Content,
        in_hand: InHand,
        differing: Differing,
    ) -> Inspected:
        """The instances of metadata and bulk data; what can't be told apart is refused as it came."""
        parts, described = opened.parts, opened.headers.described
        assembler = Assembler(bulk_parts(parts, described, payload))
        instances: list[Instance] = []
        for part, told in zip(parts, described, strict=True):
            if told.media_type != payload:
                continue
            job = self._turns.submit(in_hand, self._examined, _METADATA[payload], part, received, in_hand)
            found = patiently(job, in_hand.heartbeat)
            if not (found.accepted and isinstance(found.facts, MetadataFacts)):
                return _all_alike(parts, judged(found.findings), received)
            assembled = map(assembler.instance, found.facts.instances)
            instances += (replace(each, warnings=(*found.findings, *each.warnings)) for each in assembled)
            if len(instances) > MOST_PARTS:
                return _all_alike(parts, judged([Finding("metadata_too_large")]), received)
        code = _unplaced(instances, assembler)
        if code is not None:
            return _all_alike(parts, judged([Finding(code)]), received)
        content = AssembledContent(received, instances)
        return self._instances(instances, content, opened, in_hand, differing)

    def _instances(
        self,
        instances: Sequence[Instance],
        content: AssembledContent,
        opened: OpenedSubmission,
        in_hand: InHand,
        differing: Differing,
    ) -> Inspected:
        whole, refused, offset = {}, {}, 0
        for number, each in enumerate(instances, 1):
            # of the instance as put together: by this digest it is recognised when it comes again
            length = each.length
            part = ReceivedPart(_NO_BLOB, offset, length, _digest(content, offset, length, in_hand.heartbeat))
            if each.failure is None:
                whole[number] = part
            else:
                names = (each.sop_class, each.sop)
                refused[number] = replace(_part(number, part, judged([each.failure])), names=names)
            offset += length
        told = {number: each.warnings for number, each in enumerate(instances, 1)}
        accepted = self._judged(whole, "dicom", opened, content, in_hand, differing, told)
        return Inspected(sorted((*accepted, *refused.values()), key=lambda part: part.number), content)

    def _refusal(self, opened: OpenedSubmission) -> Judgement | None:
        """What refuses the whole submission before any byte is parsed."""
        code = _RECORD_JUDGEMENT.get(opened.record_state)
        declared = (opened.headers.declared(number) for number, _ in enumerate(opened.parts, 1))
        types = {each.type_code for each in declared if each.type_code}
        if code is None and types - DOCUMENT_TYPES.keys():
            code = "type_unknown"
        return JUDGEMENTS[code] if code else None

    def _examined(self, kind: Kind, part: ReceivedPart, content: Content, in_hand: InHand) -> Inspection:
        file = _file(part, content)
        found = self._sandbox.inspect(kind, file.size, file.read)
        in_hand.meter.add(found.cpu)
        return found

    def _whose(self, part: InspectedPart, opened: OpenedSubmission, differing: Differing) -> InspectedPart:
        if part.judgement.outcome is not PartOutcome.PUBLISHED:
            return part  # nothing that a refused file says is believed
        return self._placing.placed(part, opened, differing)


def _judged_part(
    number: int, part: ReceivedPart, inspection: Inspection, told: Sequence[Finding]
) -> InspectedPart:
    findings = (*told, *inspection.findings)
    warnings = tuple(f.code for f in findings if VERDICTS[f.code].outcome is Outcome.WARN)
    of_the_file = (f for f in findings if f.code not in PERSON_WARNINGS)
    found = _part(number, part, judged(of_the_file))
    return replace(found, warnings=warnings, facts=inspection.facts)


def _all_alike(parts: Sequence[ReceivedPart], judgement: Judgement, content: Content) -> Inspected:
    return Inspected([_part(number, part, judgement) for number, part in enumerate(parts, 1)], content)


def _digest(content: Content, offset: int, length: int, heartbeat: Callable[[], None]) -> bytes:
    digest = hashlib.sha256()
    for piece in content.stream(offset, length):
        heartbeat()
        digest.update(piece)
    return digest.digest()


def _file(part: ReceivedPart, content: Content) -> File:
    return File(part.length, lambda offset, length: content.read(part.offset + offset, length))


def _unplaced(instances: Sequence[Instance], assembler: Assembler) -> str | None:
    """Bulk data without a place, if no refused instance may be why."""
    if not instances:
        return "metadata_missing"
    refused = any(each.failure for each in instances)
    return None if refused or assembler.complete else "bulk_data_unused"


def _part(number: int, part: ReceivedPart, judgement: Judgement) -> InspectedPart:
    return InspectedPart(number, part.offset, part.length, part.sha256, judgement)
