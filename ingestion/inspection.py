"""Judge every part of a submission: its form in the sandbox, then whose it is."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace

from ingestion.grouping import InspectedPart
from ingestion.opening import ReceivedContent
from ingestion.outcomes import JUDGEMENTS, Judgement, PartOutcome, judged
from ingestion.patient import claimed_ins, contradicts, traits_differ
from ingestion.sandbox import Kind, Sandbox
from ingestion.verdicts import VERDICTS, Outcome
from keyvault.reception import Part
from keyvault.verbs.ingesting import ForIngest
from records.vocabulary.codes import Environment
from records.vocabulary.document_types import DOCUMENT_TYPES

LOOK_UP_S = 1.0

_RECORD_JUDGEMENT = {
    "unknown": "no_record",
    "closed": "record_closed",
    "suspended": "record_suspended",
    "destroyed": "no_record",
    "proposed": "no_record",
}


class Inspector:
    """Validates parts in parallel; `strict` also compares identity traits (IDENTITY_CHECK=strict)."""

    def __init__(
        self, sandbox: Sandbox, environment: Environment, *, strict: bool, pool: ThreadPoolExecutor
    ) -> None:
        self._sandbox = sandbox
        self._environment = environment
        self._strict = strict
        self._pool = pool

    def inspect(
        self, opened: ForIngest, content: ReceivedContent, heartbeat: Callable[[], None]
    ) -> list[InspectedPart]:
        """Every part with its judgement, in order."""
        refusal = self._refusal(opened)
        if refusal is not None:
            return [_part(n, part, refusal) for n, part in enumerate(opened.envelope.parts, 1)]
        kind: Kind = "dicom" if opened.envelope.headers.get("kind") == "dicom" else "pdf"
        numbered = enumerate(opened.envelope.parts, 1)
        jobs = [self._pool.submit(self._validate, n, part, kind, content) for n, part in numbered]
        inspected = []
        try:
            for job in jobs:
                inspected.append(self._placed(_patiently(job, heartbeat), opened))
                heartbeat()
        finally:
            for job in jobs:
                job.cancel()
        return inspected

    def _refusal(self, opened: ForIngest) -> Judgement | None:
        """What refuses the whole submission before any byte is parsed."""
        code = _RECORD_JUDGEMENT.get(opened.record_state)
        declared = opened.envelope.headers.get("document") or {}
        if code is None and declared.get("type") and declared["type"] not in DOCUMENT_TYPES:
            code = "type_unknown"
        return JUDGEMENTS[code] if code else None

    def _validate(self, number: int, part: Part, kind: Kind, content: ReceivedContent) -> InspectedPart:
        inspection = self._sandbox.inspect(
            kind, part.length, lambda offset, length: content.read(part.offset + offset, length)
        )
        warnings = tuple(f.code for f in inspection.findings if VERDICTS[f.code].outcome is Outcome.WARN)
        found = _part(number, part, judged(inspection.findings))
        return replace(found, warnings=warnings, facts=inspection.facts)

    def _placed(self, part: InspectedPart, opened: ForIngest) -> InspectedPart:
        """The part with its record: the address's INS, or the one INS that the content claims."""
        if part.judgement.outcome is not PartOutcome.PUBLISHED:
            return part
        patient = part.facts.get("patient") or {}
        claims = claimed_ins(patient, self._environment)
        if opened.expected_ins is None:
            return self._by_content(part, claims)
        if contradicts(claims, opened.expected_ins):
            return replace(part, judgement=JUDGEMENTS["other_patient"])
        if patient and opened.traits and traits_differ(patient, opened.traits):
            if self._strict:
                return replace(part, judgement=JUDGEMENTS["traits_differ"])
            part = replace(part, warnings=(*part.warnings, "traits_differ"))
        return replace(part, record=opened.expected_ins)

    def _by_content(self, part: InspectedPart, claims: Sequence[str]) -> InspectedPart:
        if not claims or "invalid" in claims or len(set(claims)) > 1:
            return replace(part, judgement=JUDGEMENTS["no_ins"])
        return replace(part, record=claims[0])


def _patiently(job: Future[InspectedPart], heartbeat: Callable[[], None]) -> InspectedPart:
    """Its result; the parts of other submissions may be before it."""
    while not wait((job,), LOOK_UP_S).done:
        heartbeat()
    return job.result()


def _part(number: int, part: Part, judgement: Judgement) -> InspectedPart:
    return InspectedPart(number, part.offset, part.length, part.sha256, judgement)
