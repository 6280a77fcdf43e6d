"""Decide whether an actor may do what is asked, in its mode, on its record and document, and say why.

`decide` is total, deterministic and denies by default (R15). The first rule that objects gives the reason.
A permit then needs a ground of its own, so that a forgotten rule denies. Nothing here reads a clock, a store
or a setting.
"""

from collections.abc import Iterable
from dataclasses import replace

from records.access import (
    AccessRequest,
    Decision,
    Deny,
    EmergencyUse,
    Facts,
    Permit,
    RecordFacts,
)
from records.documents.facts import DocumentFacts
from records.emergency import EMERGENCIES
from records.people.actors import Actor
from records.rules.assumptions import matrix_of, of_cell, of_refused_record
from records.rules.document import DOCUMENT_RULES, is_hidden_from_patient
from records.rules.record import RECORD_RULES, Case, is_attending
from records.rules.request import (
    CONSULTS,
    FOLLOWS,
    OF_A_TEAM,
    OF_AN_AUTHOR,
    READS,
    WITHOUT_RECORD,
    general_objection,
    step_up_objection,
)
from records.vocabulary.codes import (
    Action,
    DocumentState,
    Label,
    Obligation,
    PurposeOfUse,
    ReasonCode,
    RecordState,
    Role,
)
from records.vocabulary.matrix import Matrices
from records.vocabulary.matrix_tables import MATRICES

__all__ = [
    "AccessRequest",
    "Decision",
    "Deny",
    "EmergencyUse",
    "Facts",
    "Permit",
    "RecordFacts",
    "decide",
    "told_to_author",
    "told_to_holder",
    "visible",
    "warnings",
]


def decide(request: AccessRequest, facts: Facts, matrices: Matrices = MATRICES) -> Decision:
    """Permit or Deny, always with a reason code; never raises."""
    case, decision = _on_record(request, facts, matrices)
    if case is None or facts.document is None or isinstance(decision, Deny):
        return decision
    objection = _objection(case, facts.document)
    if objection is not None:
        typed = objection is ReasonCode.TYPE_NOT_ENTITLED
        return Deny(objection, of_cell(case.cell(facts.document.type_code) if typed else None))
    return Permit(decision.reason, decision.obligations | warnings(request, facts.document, matrices))


def visible(
    request: AccessRequest,
    facts: Facts,
    documents: Iterable[DocumentFacts],
    matrices: Matrices = MATRICES,
) -> tuple[DocumentFacts, ...]:
    """Those documents for which `decide` permits the request, in their order (R15: lists and counts too).

    The record is judged once, `facts.document` is ignored.
    """
    case, decision = _on_record(request, facts, matrices)
    if case is None or isinstance(decision, Deny):
        return ()
    return tuple(each for each in documents if _objection(case, each) is None)


def told_to_holder(record: RecordFacts, documents: Iterable[DocumentFacts], now: int) -> bool:
    """Whether the holder is told that these came (R57): what she may not see yet isn't announced by a notice,
    and what a minor keeps from the representatives (R23) by none that they may read.
    """
    if record.card is None:
        return False
    holder = Actor(role=Role.PATIENT, issuer="", subject="", ins=record.card.ins)
    request = AccessRequest(holder, Action.SEARCH, PurposeOfUse.NORMAL, now)
    seen = visible(request, Facts(record, None), documents)
    return any(Label.INVISIBLE_REPRESENTANTS_LEGAUX not in each.labels for each in seen)


def told_to_author(request: AccessRequest, record: RecordFacts, document: DocumentFacts) -> bool:
    """Whether the request's actor is of the author's side, who hears what became of a document (R31): also
    that it was refused, or deleted.
    """
    as_deposited = replace(document, state=DocumentState.APPROVED)
    return isinstance(decide(request, Facts(record, as_deposited)), Permit)


def _on_record(request: AccessRequest, facts: Facts, matrices: Matrices) -> tuple[Case | None, Decision]:
    """The decision as far as the record goes; without a case there is no record to speak of."""
    objection = general_objection(request) or step_up_objection(request, facts.emergency)
    if objection is not None:
        return None, Deny(objection)
    if request.action in WITHOUT_RECORD:
        return None, Permit(WITHOUT_RECORD[request.action])
    record = facts.record
    if record.card is None or record.state is RecordState.DESTROYED:
        return None, Deny(ReasonCode.NO_SUCH_RECORD)
    given = record.authorisation_of(request.actor)
    matrix = matrices.in_force(request.now)
    case = Case(request, record.state, record.card, facts.emergency, matrix, given)
    for rule in RECORD_RULES:
        objection = rule(case)
        if objection is not None:
            return case, Deny(objection, of_refused_record(objection, case))
    return case, _grounded(case)


def _objection(case: Case, document: DocumentFacts) -> ReasonCode | None:
    return next((why for rule in DOCUMENT_RULES if (why := rule(case, document)) is not None), None)


def _grounded(case: Case) -> Decision:
    """What permits, once nothing objects."""
    actor, purpose = case.request.actor, case.request.purpose
    if actor.role is Role.PATIENT:
        return Permit(ReasonCode.OWN_RECORD)
    if actor.role is Role.OPERATOR:
        return Permit(ReasonCode.OPERATOR)
    if case.request.action is Action.DEPOSIT:  # R31: feeding needs no right to consult
        return Permit(ReasonCode.DEPOSIT)
    if case.request.action in OF_AN_AUTHOR | FOLLOWS:  # R32: a rule on the document says whose
        return Permit(ReasonCode.AUTHOR)
    if purpose in EMERGENCIES:
        return Permit(_EMERGENCY_GROUND[purpose], _EMERGENCY_OBLIGATIONS)
    return _care(case)


def _care(case: Case) -> Decision:
    """A professional in ordinary care: attending doctor (R21), or authorised at this moment (R18), or about
    to write down the patient's consent."""
    authorisation = case.authorisation
    if case.request.action is Action.RECORD_CONSENT:  # R17, R18: who sees the patient writes it down
        return Permit(ReasonCode.CONSENT_RECORDED)
    if is_attending(case):
        return Permit(ReasonCode.ATTENDING_DOCTOR)
    if authorisation is None or case.request.action not in CONSULTS | OF_A_TEAM:
        return Deny(ReasonCode.NOT_AUTHORISED)
    if authorisation.is_live(case.request.now):
        return Permit(ReasonCode.AUTHORISED)
    expired = authorisation.has_expired(case.request.now)
    return Deny(ReasonCode.AUTHORISATION_EXPIRED if expired else ReasonCode.NOT_AUTHORISED)


def warnings(
    request: AccessRequest, document: DocumentFacts, matrices: Matrices = MATRICES
) -> frozenset[Obligation]:
    """The obligations that come with showing a permitted document, in lists too.

    Whoever reads what the patient may not see yet is told so on screen (EX_3.2-1025), until the date on which
    the patient sees it; and whoever is let in by a cell of the matrix that is assumed.
    """
    if request.actor.role is not Role.PROFESSIONAL or request.action not in READS:
        return frozenset()
    matrix = matrix_of(request, matrices)
    told = of_cell(matrix.cell(request.actor.profession, document.type_code) if matrix else None)
    hidden = is_hidden_from_patient(request, document)
    return told | {Obligation.WARN_HIDDEN_FROM_PATIENT} if hidden else told


_EMERGENCY_GROUND = {
    PurposeOfUse.BRIS_DE_GLACE: ReasonCode.EMERGENCY,
    PurposeOfUse.CENTRE_15: ReasonCode.REGULATION_CENTRE,
}

# L1111-17, R1111-48: holder and attending doctor are told; the mode stays on screen (R26, R57).
_EMERGENCY_OBLIGATIONS = frozenset(
    {Obligation.NOTIFY_PATIENT, Obligation.NOTIFY_ATTENDING, Obligation.SHOW_EMERGENCY_BANNER}
)
