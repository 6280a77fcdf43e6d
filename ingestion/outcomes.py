# ruff: noqa: E501 - one row per code, so that the table can be read down
"""Outcomes of a part beyond its own validity: codes of the pipeline, as data."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from content.verdicts import VERDICTS, Finding, worst
from content.verdicts import Outcome as Verdict
from records.vocabulary.codes import ReasonCode, SubmissionState
from records.vocabulary.person_warnings import OTHER_PERSON, SET_ASIDE


class PartOutcome(StrEnum):
    """The outcome of a part, as `/submissions/{id}` states it (docs/api.md)."""

    PUBLISHED = "published"
    REJECTED = "rejected"
    QUARANTINED = "quarantined"
    DUPLICATE = "duplicate"
    DESTROYED = "destroyed"


@dataclass(frozen=True, slots=True)
class Judgement:
    """The outcome of one part with its code and its sentence for the sender."""

    outcome: PartOutcome
    code: str
    reason: str


_P, _R, _Q, _D = PartOutcome.PUBLISHED, PartOutcome.REJECTED, PartOutcome.QUARANTINED, PartOutcome.DUPLICATE
_X = PartOutcome.DESTROYED

JUDGEMENTS: Mapping[str, Judgement] = {
    code: Judgement(outcome, code, reason)
    for code, outcome, reason in (
        ("published", _P, "Published."),
        ("duplicate", _D, "The same bytes were deposited before by this structure; nothing was kept twice."),
        ("no_ins", _Q, "The content names no INS and neither does the address: set aside for the hosting team. Deposit under /records/{ins}."),
        ("other_patient", _Q, "The content names the INS of another patient than the record: set aside for the hosting team. Check the patient and deposit in the right record."),
        (OTHER_PERSON, _Q, " ".join(SET_ASIDE).format(traits="…")),
        ("other_study", _R, "The instance belongs to another study than the address. Send it to the address of its own study, or to …/studies."),
        ("identifier_taken", _R, "Another document of this structure in this record has the same masterIdentifier: nothing was kept. Give this one an identifier of its own."),
        ("released", _P, "Set aside first, then released by two operators of the hosting team: it is in the record."),
        ("destroyed", _X, "Set aside first, then destroyed by two operators of the hosting team; nothing of it is left. Deposit it again in the right record."),
        ("no_record", _R, "This patient has no record here. Ask for it to be opened, then deposit again."),
        ("record_closed", _R, "This record is closed and takes no deposit. Keep the document in your own file."),
        ("record_suspended", _R, "This record is suspended and takes no deposit for now."),
        ("not_entitled", _R, "This credential may not deposit in this record."),
        ("depositor_not_entitled", _R, "This kind of depositor may not deposit this type of document: reimbursements come from the health insurer, what a patient expresses from the patient."),
        ("refused_by_holder", _R, "The patient takes no document of this kind, or none from this structure. Keep it in your own file and talk about it with the patient."),
        ("labels_differ", _R, "The same bytes are in the record, and were deposited without these labels: nothing was changed. Set the labels of that document."),
        ("labels_conflict", _R, "A document cannot be both hidden from the patient and masked to professionals: choose one. The study it belongs to may have the other label already."),
        ("unknown_label", _R, "A label of this deposit is not known here: use MASQUE_PS, INVISIBLE_PATIENT or INVISIBLE_REPRESENTANTS_LEGAUX."),
        ("bad_credential", _R, "The credential was not valid when the deposit was received. Sign in again and deposit again."),
        ("quota_exceeded", _R, "Too many deposits by this structure. Wait an hour, then deposit again."),
        ("label_not_entitled", _R, "Only a professional hides a document from its patient: choose MASQUE_PS, INVISIBLE_REPRESENTANTS_LEGAUX or both."),
        ("not_newest", _R, "The version to replace is not the newest of this entry: nothing was kept. Read the entry again, and change what it says now."),
        ("bundle_refused", _R, "Another document of this bundle was refused or set aside, and a bundle is taken whole: nothing was done with this one. Correct that one, then send all of them again."),
        ("other_resource", _R, "The resource is of another type than the address. Send it to the address of its own type."),
        ("type_unknown", _R, "The type code is not one of the shared medical record. Use a code of the ASS_X16 table."),
        ("reception_key_gone", _R, "The deposit waited longer than its key lives and can't be opened any more. Deposit it again."),
    )
}  # fmt: skip

_REFUSALS = {
    ReasonCode.RECORD_CLOSED: "record_closed",
    ReasonCode.RECORD_SUSPENDED: "record_suspended",
    ReasonCode.NO_SUCH_RECORD: "no_record",
    ReasonCode.BAD_CREDENTIAL: "bad_credential",
    ReasonCode.QUOTA_EXCEEDED: "quota_exceeded",
    ReasonCode.DEPOSITOR_NOT_ENTITLED: "depositor_not_entitled",
    ReasonCode.REFUSED_BY_HOLDER: "refused_by_holder",
    ReasonCode.LABELS_CONFLICT: "labels_conflict",
    ReasonCode.UNKNOWN_LABEL: "unknown_label",
    ReasonCode.LABEL_NOT_ENTITLED: "label_not_entitled",
    ReasonCode.NOT_NEWEST: "not_newest",
}

_BY_VERDICT = {
    Verdict.ACCEPT: PartOutcome.PUBLISHED,
    Verdict.WARN: PartOutcome.PUBLISHED,
    Verdict.QUARANTINE: PartOutcome.QUARANTINED,
    Verdict.REJECT: PartOutcome.REJECTED,
}


def refused(reason: ReasonCode) -> Judgement:
    """What a depositor is told where the vault denies; of most reasons only that it may not."""
    return JUDGEMENTS[_REFUSALS.get(reason, "not_entitled")]


def judged(findings: Iterable[Finding]) -> Judgement:
    """The judgement of a part from the findings of the validators: the worst finding gives the code."""
    found = list(findings)
    outcome = worst(found)
    if outcome is Verdict.ACCEPT:
        return JUDGEMENTS["published"]
    decisive = [finding for finding in found if VERDICTS[finding.code].outcome is outcome]
    sentences = dict.fromkeys(_sentence(finding) for finding in decisive)
    return Judgement(_BY_VERDICT[outcome], decisive[0].code, " ".join(sentences))


def _sentence(finding: Finding) -> str:
    verdict = VERDICTS[finding.code]
    where = f" ({finding.where})" if finding.where else ""
    standard = f" [{verdict.standard}]" if verdict.standard else ""
    return f"{verdict.sentence}{where}{standard}"


def submission_state(outcomes: Iterable[PartOutcome]) -> SubmissionState:
    """The state of a set whose parts are judged: published as soon as one part is kept or known."""
    found = set(outcomes)
    if found & {PartOutcome.PUBLISHED, PartOutcome.DUPLICATE}:
        return SubmissionState.PUBLISHED
    return SubmissionState.QUARANTINED if PartOutcome.QUARANTINED in found else SubmissionState.REJECTED
