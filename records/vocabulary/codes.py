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
    """The ways to give a consent that is recorded (R18: who, when, how)."""

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
    CHOOSE = "choose"
    MOVE_CHOICES = "move_choices"
    ARCHIVE_CHOICES = "archive_choices"
    RECORD_CONSENT = "record_consent"
    FORM_TEAM = "form_team"
    JOIN_TEAM = "join_team"
    LEAVE_TEAM = "leave_team"
    END_TEAM = "end_team"
    WITHDRAW_CONSENT = "withdraw_consent"
    GIVE_CONSENT = "give_consent"
    BLOCK = "block"
    UNBLOCK = "unblock"
    NAME_ATTENDING = "name_attending"
    REMOVE_ATTENDING = "remove_attending"
    LABEL = "label"
    REPLACE = "replace"
    ANNOUNCE = "announce"
    SET_EMERGENCY = "set_emergency"
    IDENTIFY = "identify"
    ISSUE_IDENTITY = "issue_identity"
    AUTHENTICATE = "authenticate"
    SIGN_IN = "sign_in"
    REJECT = "reject"
    QUARANTINE = "quarantine"
    STILL = "still"
    ROOT = "root"
    REVIEW_QUARANTINE = "review_quarantine"
    DISCHARGE = "release"  # the word on the wire, in the log and on the command line
    DESTROY = "destroy"
    COMPACT = "compact"
    WITHDRAW = "withdraw"
    DELETE = "delete"
    ARCHIVE = "archive"
    UNARCHIVE = "unarchive"
    REFUSE = "refuse"
    ADMIT = "admit"
    REFUSE_DEPOSITS = "refuse_deposits"
    ADMIT_DEPOSITS = "admit_deposits"
    RENDER = "render"
    ERASE = "erase"
    ACKNOWLEDGE = "acknowledge"
    READ_NOTICES = "read_notices"
    READ_CONTACTS = "read_contacts"
    SET_CONTACT = "set_contact"
    CONFIRM_CONTACT = "confirm_contact"
    DELETE_CONTACT = "delete_contact"
    SEARCH_DEPOSITS = "search_deposits"
    FOLLOW_DEPOSITS = "follow_deposits"
    READ_OWN_LOG = "read_own_log"


class Outcome(StrEnum):
    PERMIT = "permit"
    DENY = "deny"


class ReasonCode(StrEnum):
    """The reasons of decisions. The first eleven permit, all others deny."""

    OWN_RECORD = "own_record"
    AUTHORISED = "authorised"
    ATTENDING_DOCTOR = "attending_doctor"
    EMERGENCY = "emergency"
    REGULATION_CENTRE = "regulation_centre"
    DEPOSIT = "deposit"
    OPERATOR = "operator"
    AUTHOR = "author"
    OWN_ACTIONS = "own_actions"
    CONSENT_RECORDED = "consent_recorded"
    PROVEN = "proven"

    NOT_AUTHORISED = "not_authorised"
    NO_SUCH_RECORD = "no_such_record"
    NO_SUCH_DOCUMENT = "no_such_document"
    NO_SUCH_TEAM = "no_such_team"
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
    LABELS_CONFLICT = "labels_conflict"
    UNKNOWN_LABEL = "unknown_label"
    MASKED = "masked"
    NOT_SHOWN = "not_shown"
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
    REFUSED_BY_HOLDER = "refused_by_holder"
    DOCUMENT_REPLACED = "document_replaced"
    NOT_NEWEST = "not_newest"
    LABEL_NOT_ENTITLED = "label_not_entitled"
    RECORD_EXISTS = "record_exists"
    BAD_CREDENTIAL = "bad_credential"
    STEP_UP_REQUIRED = "step_up_required"
    WRONG_PASSWORD = "wrong_password"  # noqa: S105 - a reason
    WRONG_CODE = "wrong_code"
    WRONG_LETTER = "wrong_letter"
    WRONG_PASSKEY = "wrong_passkey"
    PASSKEY_CLONED = "passkey_cloned"
    TOO_MANY_TRIES = "too_many_tries"
    CERTIFICATE_REFUSED = "certificate_refused"
    PROVIDER_REFUSED = "provider_refused"
    OPENING_REFUSED = "opening_refused"


class Obligation(StrEnum):
    """Duties of whoever acts on a decision, a refusal too (XACML 3.0 section 7.18)."""

    NOTIFY_PATIENT = "notify_patient"
    NOTIFY_ATTENDING = "notify_attending"
    WARN_HIDDEN_FROM_PATIENT = "warn_hidden_from_patient"
    SHOW_EMERGENCY_BANNER = "show_emergency_banner"
    TELL_ASSUMED_RIGHT = "tell_assumed_right"  # the cell of the matrix that decides has no source


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
    DISCHARGE = "release"  # the word on the wire, in the log and on the command line
    DESTROY = "destroy"
    RENDER = "render"


class JobState(StrEnum):
    PROPOSED = "proposed"
    QUEUED = "queued"
    ADOPTED = "adopted"
    DONE = "done"
    REFUSED = "refused"


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
