"""Codes that are stored, logged and sent: each value is for good, a change is a new code."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import TypeVar

from records.errors import Conflict


class Environment(StrEnum):
    DEMO = "demo"
    TEST = "test"
    PRODUCTION = "production"


class Role(StrEnum):
    PATIENT = "patient"
    PROFESSIONAL = "professional"
    DEPOSITOR = "depositor"
    OPERATOR = "operator"


class PurposeOfUse(StrEnum):
    """Access modes of TRE_R248 (OID 1.2.250.1.213.1.1.4.248) and, in capitals, two of our own."""

    NORMAL = "normal"
    BRIS_DE_GLACE = "bris_de_glace"
    CENTRE_15 = "centre_15"
    INGEST = "INGEST"
    MAINTENANCE = "MAINTENANCE"


class Label(StrEnum):
    """Visibility of a document, TRE_A07 (OID 1.2.250.1.213.1.1.4.13)."""

    MASQUE_PS = "MASQUE_PS"
    INVISIBLE_PATIENT = "INVISIBLE_PATIENT"
    INVISIBLE_REPRESENTANTS_LEGAUX = "INVISIBLE_REPRESENTANTS_LEGAUX"


class ConsentMeans(StrEnum):
    """How the holder gave a consent that is recorded (R18: who, when, how)."""

    SPOKEN = "spoken"
    WRITTEN = "written"
    ONLINE = "online"


class Action(StrEnum):
    DEPOSIT = "deposit"
    SEARCH = "search"
    RETRIEVE = "retrieve"
    READ_LOG = "read_log"
    OPEN_RECORD = "open_record"
    CLOSE_RECORD = "close_record"
    REOPEN_RECORD = "reopen_record"
    SUSPEND_RECORD = "suspend_record"
    AUTHORISE = "authorise"
    REVOKE = "revoke"
    BLOCK = "block"
    UNBLOCK = "unblock"
    NAME_ATTENDING = "name_attending"
    REMOVE_ATTENDING = "remove_attending"
    LABEL = "label"
    SET_EMERGENCY = "set_emergency"
    IDENTIFY = "identify"
    ISSUE_IDENTITY = "issue_identity"
    AUTHENTICATE = "authenticate"
    REJECT = "reject"
    QUARANTINE = "quarantine"
    STILL = "still"
    ROOT = "root"
    REVIEW_QUARANTINE = "review_quarantine"
    RELEASE = "release"
    DESTROY = "destroy"
    COMPACT = "compact"
    WITHDRAW = "withdraw"
    ERASE = "erase"
    ACKNOWLEDGE = "acknowledge"


class Outcome(StrEnum):
    PERMIT = "permit"
    DENY = "deny"


class ReasonCode(StrEnum):
    """Why a decision fell as it did. The first eight permit, all others deny."""

    OWN_RECORD = "own_record"
    AUTHORISED = "authorised"
    ATTENDING_DOCTOR = "attending_doctor"
    EMERGENCY = "emergency"
    REGULATION_CENTRE = "regulation_centre"
    DEPOSIT = "deposit"
    OPERATOR = "operator"
    AUTHOR = "author"

    NOT_AUTHORISED = "not_authorised"
    NO_SUCH_RECORD = "no_such_record"
    NO_SUCH_DOCUMENT = "no_such_document"
    RECORD_CLOSED = "record_closed"
    RECORD_SUSPENDED = "record_suspended"
    RECORD_NOT_ACTIVE = "record_not_active"
    BLOCKED = "blocked"
    CONSENT_MISSING = "consent_missing"
    AUTHORISATION_EXPIRED = "authorisation_expired"
    FORBIDDEN_SECTOR = "forbidden_sector"
    PROFESSION_NOT_ENTITLED = "profession_not_entitled"
    TYPE_NOT_ENTITLED = "type_not_entitled"
    DEPOSITOR_NOT_ENTITLED = "depositor_not_entitled"
    MASKED = "masked"
    HIDDEN_FROM_PATIENT = "hidden_from_patient"
    HIDDEN_FROM_REPRESENTATIVES = "hidden_from_representatives"
    OPTED_OUT = "opted_out"
    REASON_MISSING = "reason_missing"
    EMERGENCY_EXPIRED = "emergency_expired"
    EMERGENCY_TOO_OFTEN = "emergency_too_often"
    NOT_REGULATION_CENTRE = "not_regulation_centre"
    ROLE_NOT_ENTITLED = "role_not_entitled"
    READ_ONLY_PURPOSE = "read_only_purpose"
    PURPOSE_NOT_ENTITLED = "purpose_not_entitled"
    QUOTA_EXCEEDED = "quota_exceeded"
    DOCUMENT_DELETED = "document_deleted"
    RECORD_EXISTS = "record_exists"
    BAD_CREDENTIAL = "bad_credential"


PERMITTING: frozenset[ReasonCode] = frozenset(
    {
        ReasonCode.OWN_RECORD,
        ReasonCode.AUTHORISED,
        ReasonCode.ATTENDING_DOCTOR,
        ReasonCode.EMERGENCY,
        ReasonCode.REGULATION_CENTRE,
        ReasonCode.DEPOSIT,
        ReasonCode.OPERATOR,
        ReasonCode.AUTHOR,
    }
)


# What each reason says to a person: French, then English.
SENTENCES: Mapping[ReasonCode, tuple[str, str]] = MappingProxyType(
    {
        ReasonCode.OWN_RECORD: (
            "Le titulaire agit sur son propre dossier.",
            "The holder acts on their own record.",
        ),
        ReasonCode.AUTHORISED: (
            "Ce professionnel est autorisé par le titulaire.",
            "This professional is authorised by the holder.",
        ),
        ReasonCode.ATTENDING_DOCTOR: (
            "Ce professionnel est médecin traitant du titulaire.",
            "This professional is the holder's attending doctor.",
        ),
        ReasonCode.EMERGENCY: (
            "Accès en urgence, avec un motif écrit ; le titulaire le verra à sa prochaine visite.",
            "Emergency access with a written reason; the holder will see it on the next visit.",
        ),
        ReasonCode.REGULATION_CENTRE: (
            "Accès du médecin régulateur du SAMU ; le titulaire le verra à sa prochaine visite.",
            "Access by the emergency call centre's doctor; the holder will see it on the next visit.",
        ),
        ReasonCode.DEPOSIT: (
            "Dépôt dans le dossier.",
            "Deposit into the record.",
        ),
        ReasonCode.OPERATOR: (
            "Opération de l'hébergeur, sans lecture du contenu.",
            "Operation by the host, without reading content.",
        ),
        ReasonCode.AUTHOR: (
            "La structure agit sur ce qu'elle a elle-même déposé.",
            "The structure acts on what it deposited itself.",
        ),
        ReasonCode.NOT_AUTHORISED: (
            "Accès refusé : demandez une autorisation au titulaire du dossier.",
            "Access refused: ask the holder of the record for an authorisation.",
        ),
        ReasonCode.NO_SUCH_RECORD: (
            "Aucun dossier ne correspond : vérifiez l'INS.",
            "No record matches: check the INS.",
        ),
        ReasonCode.NO_SUCH_DOCUMENT: (
            "Aucun document ne correspond : vérifiez son identifiant.",
            "No document matches: check its id.",
        ),
        ReasonCode.RECORD_CLOSED: (
            "Ce dossier est fermé : seul son titulaire peut le faire rouvrir.",
            "This record is closed: only its holder can have it reopened.",
        ),
        ReasonCode.RECORD_SUSPENDED: (
            "Ce dossier est suspendu : adressez-vous à l'Assurance Maladie.",
            "This record is suspended: ask the health insurer.",
        ),
        ReasonCode.RECORD_NOT_ACTIVE: (
            "Ce dossier n'est pas encore ouvert : attendez son ouverture.",
            "This record is not open yet: wait until it is.",
        ),
        ReasonCode.BLOCKED: (
            "Le titulaire a bloqué ce professionnel : lui seul peut lever le blocage.",
            "The holder has blocked this professional: only the holder can lift it.",
        ),
        ReasonCode.CONSENT_MISSING: (
            "Le consentement requis n'est pas enregistré : recueillez-le d'abord.",
            "The consent that is needed is not recorded: obtain it first.",
        ),
        ReasonCode.AUTHORISATION_EXPIRED: (
            "L'autorisation a expiré : demandez au titulaire de la renouveler.",
            "The authorisation has expired: ask the holder to renew it.",
        ),
        ReasonCode.FORBIDDEN_SECTOR: (
            "La loi ne donne pas accès à ce secteur d'activité, même avec l'accord du titulaire.",
            "The law gives no access to this sector of activity, even if the holder agrees.",
        ),
        ReasonCode.PROFESSION_NOT_ENTITLED: (
            "Cette profession n'a pas accès au dossier : vérifiez la profession déclarée.",
            "This profession has no access to records: check the declared profession.",
        ),
        ReasonCode.TYPE_NOT_ENTITLED: (
            "La matrice d'habilitation ne donne pas ce type de document à cette profession.",
            "The entitlement matrix does not give this type of document to this profession.",
        ),
        ReasonCode.DEPOSITOR_NOT_ENTITLED: (
            "Ce type de document n'est pas déposé par cette sorte d'auteur.",
            "This type of document is not deposited by this kind of author.",
        ),
        ReasonCode.MASKED: (
            "Le titulaire a masqué ce document aux professionnels.",
            "The holder has masked this document to professionals.",
        ),
        ReasonCode.HIDDEN_FROM_PATIENT: (
            "Ce document sera visible après une consultation d'annonce.",
            "This document becomes visible after an announcement visit.",
        ),
        ReasonCode.HIDDEN_FROM_REPRESENTATIVES: (
            "Ce document n'est pas visible des représentants légaux.",
            "This document is not visible to legal representatives.",
        ),
        ReasonCode.OPTED_OUT: (
            "Le titulaire s'oppose à ce mode d'accès en urgence.",
            "The holder opposes this mode of emergency access.",
        ),
        ReasonCode.REASON_MISSING: (
            "Écrivez le motif de l'urgence, en dix caractères au moins.",
            "Write the reason for the emergency, at least ten characters.",
        ),
        ReasonCode.EMERGENCY_EXPIRED: (
            "Quatre heures sont passées : écrivez un nouveau motif.",
            "Four hours have passed: write a new reason.",
        ),
        ReasonCode.EMERGENCY_TOO_OFTEN: (
            "Trois accès en urgence ont déjà été ouverts aujourd'hui : demandez une autorisation.",
            "Three emergency accesses were opened today: ask for an authorisation.",
        ),
        ReasonCode.NOT_REGULATION_CENTRE: (
            "Ce mode est réservé aux centres de régulation du SAMU : choisissez un autre mode.",
            "This mode is for emergency call centres: choose another one.",
        ),
        ReasonCode.ROLE_NOT_ENTITLED: (
            "Cette action n'est pas ouverte à ce type de compte.",
            "This action is not open to this kind of account.",
        ),
        ReasonCode.READ_ONLY_PURPOSE: (
            "Ce mode d'accès ne permet que la lecture : choisissez le mode normal.",
            "This access mode only allows reading: choose the normal mode.",
        ),
        ReasonCode.PURPOSE_NOT_ENTITLED: (
            "Ce mode d'accès ne convient pas à cette action : choisissez le mode normal.",
            "This access mode does not fit this action: choose the normal mode.",
        ),
        ReasonCode.QUOTA_EXCEEDED: (
            "Trop de dossiers ont été demandés : réessayez plus tard.",
            "Too many records were asked for: try again later.",
        ),
        ReasonCode.DOCUMENT_DELETED: (
            "Ce document a été supprimé par son auteur.",
            "This document was deleted by its author.",
        ),
        ReasonCode.RECORD_EXISTS: (
            "Cette personne a déjà un dossier.",
            "This person already has a record.",
        ),
        ReasonCode.BAD_CREDENTIAL: (
            "L'identification n'a pas pu être vérifiée : connectez-vous de nouveau.",
            "The credential could not be verified: sign in again.",
        ),
    }
)


class Obligation(StrEnum):
    """What whoever acts on a Permit owes with it."""

    NOTIFY_PATIENT = "notify_patient"
    NOTIFY_ATTENDING = "notify_attending"
    WARN_HIDDEN_FROM_PATIENT = "warn_hidden_from_patient"
    SHOW_EMERGENCY_BANNER = "show_emergency_banner"


class RecordState(StrEnum):
    PROPOSED = "proposed"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    CLOSED = "closed"
    DESTROYED = "destroyed"


class DocumentState(StrEnum):
    APPROVED = "approved"
    DEPRECATED = "deprecated"
    DELETED = "deleted"
    ARCHIVED = "archived"


class SubmissionState(StrEnum):
    RECEIVED = "received"
    VALIDATING = "validating"
    PUBLISHED = "published"
    REJECTED = "rejected"
    QUARANTINED = "quarantined"
    DESTROYED = "destroyed"


class JobKind(StrEnum):
    """Work on adopted content (docs/vault.md section 3). A deposit is a submission's own kind of work."""

    COMPACT = "compact"
    WITHDRAW = "withdraw"
    RELEASE = "release"
    DESTROY = "destroy"


class JobState(StrEnum):
    PROPOSED = "proposed"
    QUEUED = "queued"
    ADOPTED = "adopted"
    DONE = "done"
    REFUSED = "refused"


RECORD_TRANSITIONS: Mapping[RecordState, frozenset[RecordState]] = MappingProxyType(
    {
        RecordState.PROPOSED: frozenset({RecordState.ACTIVE, RecordState.CLOSED}),
        RecordState.ACTIVE: frozenset({RecordState.SUSPENDED, RecordState.CLOSED}),
        RecordState.SUSPENDED: frozenset({RecordState.ACTIVE, RecordState.CLOSED}),
        RecordState.CLOSED: frozenset({RecordState.ACTIVE, RecordState.DESTROYED}),
        RecordState.DESTROYED: frozenset(),
    }
)

DOCUMENT_TRANSITIONS: Mapping[DocumentState, frozenset[DocumentState]] = MappingProxyType(
    {
        DocumentState.APPROVED: frozenset(
            {DocumentState.DEPRECATED, DocumentState.DELETED, DocumentState.ARCHIVED}
        ),
        DocumentState.ARCHIVED: frozenset({DocumentState.APPROVED, DocumentState.DELETED}),
        DocumentState.DEPRECATED: frozenset({DocumentState.DELETED}),
        DocumentState.DELETED: frozenset(),
    }
)

SUBMISSION_TRANSITIONS: Mapping[SubmissionState, frozenset[SubmissionState]] = MappingProxyType(
    {
        SubmissionState.RECEIVED: frozenset({SubmissionState.VALIDATING}),
        SubmissionState.VALIDATING: frozenset(
            {SubmissionState.PUBLISHED, SubmissionState.REJECTED, SubmissionState.QUARANTINED}
        ),
        SubmissionState.QUARANTINED: frozenset({SubmissionState.PUBLISHED, SubmissionState.DESTROYED}),
        SubmissionState.PUBLISHED: frozenset(),
        SubmissionState.REJECTED: frozenset(),
        SubmissionState.DESTROYED: frozenset(),
    }
)

JOB_TRANSITIONS: Mapping[JobState, frozenset[JobState]] = MappingProxyType(
    {
        # a second operator agrees, or nobody does within a day
        JobState.PROPOSED: frozenset({JobState.QUEUED, JobState.REFUSED}),
        JobState.QUEUED: frozenset({JobState.ADOPTED, JobState.REFUSED}),
        JobState.ADOPTED: frozenset({JobState.DONE}),
        JobState.DONE: frozenset(),
        JobState.REFUSED: frozenset(),
    }
)

State = TypeVar("State", bound=StrEnum)


def check_transition(table: Mapping[State, frozenset[State]], old: State, new: State) -> None:
    """Raise Conflict `bad_transition` unless `table` leads from `old` to `new` in one step."""
    if new not in table[old]:
        raise Conflict(
            f"What is {old.value} cannot become {new.value}. Read its present state first.",
            code="bad_transition",
        )
