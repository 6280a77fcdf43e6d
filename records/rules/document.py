"""The rules about one document, after those about its record. Labels add up: each can only take away
(R24).
"""

from collections.abc import Callable

from records.access import AccessRequest
from records.documents.depositing_labels import is_hidden, may_cumulate
from records.documents.facts import DocumentFacts
from records.emergency import EMERGENCIES
from records.people.actors import Actor
from records.profile.replacing import is_own
from records.rules.record import Case, consults, is_attending, is_blocked
from records.rules.request import FOLLOWS, OF_AN_AUTHOR, WRITES
from records.vocabulary.codes import Action, DocumentState, Label, ReasonCode, Role
from records.vocabulary.depositing import Depositor, may_deposit
from records.vocabulary.document_types import class_of
from records.vocabulary.sectors import INSURER_SETTING

DocumentRule = Callable[[Case, DocumentFacts], ReasonCode | None]


def is_hidden_from_patient(request: AccessRequest, document: DocumentFacts) -> bool:
    """INVISIBLE_PATIENT, until the date that ends it by itself (R22)."""
    return is_hidden(document, request.now)


def _not_deleted(case: Case, document: DocumentFacts) -> ReasonCode | None:
    """Deletion is logical and holds for everybody (R32); its author may say it again."""
    gone = document.state is DocumentState.DELETED and case.request.action is not Action.DELETE
    return ReasonCode.DOCUMENT_DELETED if gone else None


def _not_refused(case: Case, document: DocumentFacts) -> ReasonCode | None:
    """R31: what the holder refused nobody else sees, in an emergency neither. Its author may still take it
    back, what joins it is as hidden, and an operator erases what was withdrawn.
    """
    request = case.request
    spared = request.actor.role in (Role.PATIENT, Role.OPERATOR) or request.action in WRITES
    return ReasonCode.REFUSED_BY_HOLDER if document.refused is not None and not spared else None


def _refuses_kind(case: Case, document: DocumentFacts) -> ReasonCode | None:
    """R31: the holder takes no documents of this type, or of its class, from others."""
    kinds = {document.type_code, class_of(document.type_code)}
    comes = case.request.action is Action.DEPOSIT and case.request.actor.role is not Role.PATIENT
    refused = comes and not kinds.isdisjoint(case.card.refusals.kinds)
    return ReasonCode.REFUSED_BY_HOLDER if refused else None


def _replaced(case: Case, document: DocumentFacts) -> ReasonCode | None:
    """R36: what the holder declared and replaced, or counts no longer, is history, and hers alone to read."""
    former = document.state is DocumentState.DEPRECATED and is_own(document)
    return ReasonCode.DOCUMENT_REPLACED if former and consults(case) else None


def _matrix(case: Case, document: DocumentFacts) -> ReasonCode | None:
    """R16: profession and type, in every mode, by the matrix in force; an unknown type is read by no
    professional."""
    if not consults(case):
        return None
    cell = case.cell(document.type_code)
    return None if cell is not None and cell.reads else ReasonCode.TYPE_NOT_ENTITLED


def _masked(case: Case, document: DocumentFacts) -> ReasonCode | None:
    """MASQUE_PS spares attending doctors; author and authoring structure too (R20, R1111-49), who need an
    authorisation like everybody. An emergency asks for none, so it spares them not."""
    if not consults(case) or Label.MASQUE_PS not in document.labels or is_attending(case):
        return None
    return None if _is_own(case, document) else ReasonCode.MASKED


def _scope(case: Case, document: DocumentFacts) -> ReasonCode | None:
    """R1111-49: who is shown chosen documents alone sees no other, but its own. Attending doctors see all; an
    emergency shows what an authorisation for all would show, and no more.
    """
    if not consults(case) or is_attending(case) or case.request.purpose in EMERGENCIES:
        return None
    given = case.authorisation
    if _is_own(case, document) or (given is not None and given.shows(document, case.request.now)):
        return None
    return ReasonCode.NOT_SHOWN


def _is_own(case: Case, document: DocumentFacts) -> bool:
    """Whether, in ordinary care, the actor or the actor's structure made the document."""
    actor = case.request.actor
    own = actor.rpps == document.author or _same_structure(actor, document)
    return own and case.request.purpose not in EMERGENCIES


def _same_structure(actor: Actor, document: DocumentFacts) -> bool:
    return bool(actor.structure) and actor.structure == document.author_structure


def _author_alone(case: Case, document: DocumentFacts) -> ReasonCode | None:
    """R32: a document is taken back by its author, whoever deposited it or whom it names, a person or a
    structure's own system; else, as when that person left, by somebody who is of that structure now and whom
    the holder has not blocked. An operator does so on the author's request. A structure's own system also
    finds what it deposited, and nothing else.
    """
    actor = case.request.actor
    authors = OF_AN_AUTHOR | FOLLOWS | {Action.LABEL}  # which takes a right to consult besides
    if case.request.action not in authors or actor.role in (Role.OPERATOR, Role.PATIENT):
        return None
    if actor.role is Role.DEPOSITOR:
        author = not document.author and _same_structure(actor, document)
        return None if author else ReasonCode.NOT_AUTHORISED
    if document.is_by(actor.rpps, None):
        return None
    if not document.is_by(None, actor.structure):
        return ReasonCode.NOT_AUTHORISED
    return ReasonCode.BLOCKED if is_blocked(case) else None


def depositor_kind(actor: Actor) -> Depositor:
    """The kind of depositor that an actor is: the holder, the insurer's own system, or somebody who cares."""
    if actor.role is Role.PATIENT:
        return Depositor.HOLDER
    insurer = actor.role is Role.DEPOSITOR and actor.setting == INSURER_SETTING
    return Depositor.INSURER if insurer else Depositor.CARE


def _depositor(case: Case, document: DocumentFacts) -> ReasonCode | None:
    """R34, R44: the table of types and depositors."""
    deposits = case.request.action is Action.DEPOSIT
    if not deposits or may_deposit(depositor_kind(case.request.actor), document.type_code):
        return None
    return ReasonCode.DEPOSITOR_NOT_ENTITLED


def _labels_stated(case: Case, document: DocumentFacts) -> ReasonCode | None:
    """R24: hidden from the patient and masked, a document has no reader; a signature needs none. Only a
    professional hides one from its patient (R22)."""
    if case.request.action is not Action.DEPOSIT:
        return None
    if case.request.actor.role is Role.PATIENT and Label.INVISIBLE_PATIENT in document.labels:
        return ReasonCode.LABEL_NOT_ENTITLED
    if may_cumulate(document.type_code):
        return None
    both = {Label.INVISIBLE_PATIENT, Label.MASQUE_PS} <= document.labels
    return ReasonCode.LABELS_CONFLICT if both else None


def _hidden_from_patient(case: Case, document: DocumentFacts) -> ReasonCode | None:
    """R22. INVISIBLE_REPRESENTANTS_LEGAUX hides nothing here: the minor sees it (R23), and a
    representative, whose INS is not the record's, is refused the record."""
    if case.request.actor.role is not Role.PATIENT or not is_hidden_from_patient(case.request, document):
        return None
    return ReasonCode.HIDDEN_FROM_PATIENT


DOCUMENT_RULES: tuple[DocumentRule, ...] = (
    _not_deleted,
    _replaced,
    _depositor,
    _refuses_kind,
    _labels_stated,
    _author_alone,
    _not_refused,
    _matrix,
    _masked,
    _hidden_from_patient,
    _scope,
)
