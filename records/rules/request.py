"""The rules of access that look at the request alone: who may ask for what, whatever the record says.

Permissions are data: a role's actions, what emergencies refuse. Requirement numbers (R…) tell where a rule is
from.
"""

from collections.abc import Mapping
from types import MappingProxyType

from records.access import AccessRequest, EmergencyUse
from records.emergency import EMERGENCIES, STEP_UP_S
from records.people.actors import Actor
from records.vocabulary.codes import Action, PurposeOfUse, ReasonCode, Role
from records.vocabulary.sectors import Opens, opened_by

READS = frozenset({Action.SEARCH, Action.RETRIEVE, Action.STILL})
CONTACTS = frozenset(
    {Action.READ_CONTACTS, Action.SET_CONTACT, Action.CONFIRM_CONTACT, Action.DELETE_CONTACT}
)
CONSULTS = READS | {Action.ANNOUNCE, Action.LABEL}
"""What takes a professional a right to consult: whoever announces a document has read it (R22), and who asks
to hide one would be told without that right that there is a record."""
OF_A_TEAM = frozenset({Action.JOIN_TEAM, Action.LEAVE_TEAM, Action.END_TEAM})
"""What a professional who may consult does with a team; `records.choices.teams` says with which."""
OF_AN_AUTHOR = frozenset({Action.WITHDRAW, Action.DELETE, Action.ARCHIVE, Action.UNARCHIVE})
"""What an author, or its structure, does with what it made (R32)."""
FOLLOWS = frozenset({Action.SEARCH_DEPOSITS, Action.FOLLOW_DEPOSITS})
"""How one learns what became of what one deposited."""
WRITES = frozenset({Action.DEPOSIT, Action.FOLLOW_DEPOSITS}) | OF_AN_AUTHOR
"""What takes a professional no right to consult: to feed (R31), to hear of it and to take it back (R32)."""

ROLE_ACTIONS: Mapping[Role, frozenset[Action]] = MappingProxyType(
    {
        Role.PATIENT: READS
        | {
            Action.DEPOSIT,
            Action.READ_LOG,
            Action.CLOSE_RECORD,
            Action.REOPEN_RECORD,
            Action.AUTHORISE,
            Action.REVOKE,
            Action.CHOOSE,
            Action.FORM_TEAM,
            *OF_A_TEAM,
            Action.WITHDRAW_CONSENT,
            Action.GIVE_CONSENT,
            Action.BLOCK,
            Action.UNBLOCK,
            Action.NAME_ATTENDING,
            Action.REMOVE_ATTENDING,
            Action.LABEL,
            Action.REFUSE,
            Action.ADMIT,
            Action.REFUSE_DEPOSITS,
            Action.ADMIT_DEPOSITS,
            Action.ARCHIVE,
            Action.UNARCHIVE,
            Action.SET_EMERGENCY,
            Action.ACKNOWLEDGE,
            Action.READ_NOTICES,
            *CONTACTS,
        },
        Role.PROFESSIONAL: CONSULTS
        | WRITES
        | OF_A_TEAM
        | {Action.READ_LOG, Action.READ_OWN_LOG, Action.RECORD_CONSENT},
        Role.DEPOSITOR: frozenset({Action.DEPOSIT}) | OF_AN_AUTHOR | FOLLOWS,
        Role.OPERATOR: frozenset(
            {
                Action.OPEN_RECORD,
                Action.CLOSE_RECORD,
                Action.REOPEN_RECORD,
                Action.SUSPEND_RECORD,
                Action.ISSUE_IDENTITY,
                Action.ROOT,
                Action.REVIEW_QUARANTINE,
                Action.DISCHARGE,
                Action.DESTROY,
                Action.COMPACT,
                Action.RENDER,
                Action.WITHDRAW,
            }
        ),
    }
)

_EMERGENCY_REFUSES = {
    Action.DEPOSIT: ReasonCode.READ_ONLY_PURPOSE,
    **dict.fromkeys(OF_AN_AUTHOR, ReasonCode.READ_ONLY_PURPOSE),
    Action.LABEL: ReasonCode.READ_ONLY_PURPOSE,
    Action.ANNOUNCE: ReasonCode.READ_ONLY_PURPOSE,
    # whoever breaks the glass has no consent to record
    **dict.fromkeys((Action.RECORD_CONSENT, *OF_A_TEAM), ReasonCode.READ_ONLY_PURPOSE),
    Action.FOLLOW_DEPOSITS: ReasonCode.PURPOSE_NOT_ENTITLED,
    Action.READ_LOG: ReasonCode.PURPOSE_NOT_ENTITLED,
    Action.READ_OWN_LOG: ReasonCode.PURPOSE_NOT_ENTITLED,
}

WITHOUT_RECORD: Mapping[Action, ReasonCode] = MappingProxyType(
    {
        # by an operator where there may be no record yet, or no longer
        Action.OPEN_RECORD: ReasonCode.OPERATOR,
        Action.ISSUE_IDENTITY: ReasonCode.OPERATOR,
        Action.ROOT: ReasonCode.OPERATOR,
        Action.REVIEW_QUARANTINE: ReasonCode.OPERATOR,
        Action.DESTROY: ReasonCode.OPERATOR,
        # by a professional under the own credential, whatever became of the records (R56)
        Action.READ_OWN_LOG: ReasonCode.OWN_ACTIONS,
    }
)
"""What is permitted without a record to look at, and on which ground."""


def general_objection(request: AccessRequest) -> ReasonCode | None:
    """The objection to a request that no record could lift: sector, role, purpose."""
    if not _sector_admitted(request.actor):
        return ReasonCode.FORBIDDEN_SECTOR
    if request.action not in ROLE_ACTIONS[request.actor.role]:  # R16, R31, R32
        return ReasonCode.ROLE_NOT_ENTITLED
    return _purpose_objection(request)


def step_up_objection(request: AccessRequest, use: EmergencyUse | None) -> ReasonCode | None:
    """Whoever breaks the glass (R26) proved lately who it is, where the credential says when; an emergency
    that has begun goes on.
    """
    proven = request.actor.proven_at
    if request.purpose is not PurposeOfUse.BRIS_DE_GLACE or proven is None:
        return None
    # that a window is open tells nothing new: it is this actor's own
    is_recent = request.now - proven <= STEP_UP_S or (use is not None and use.is_open)
    return None if is_recent else ReasonCode.STEP_UP_REQUIRED


def _sector_admitted(actor: Actor) -> bool:
    """R29: a professional states a sector that the table admits; a structure's system, none that it
    doesn't.
    """
    if actor.role is Role.PROFESSIONAL or actor.sector is not None:
        return opened_by(actor.sector) is not Opens.NOTHING
    return True


def _purpose_objection(request: AccessRequest) -> ReasonCode | None:
    """Emergency modes are for professionals who read (R26, R27), our own two for whoever writes."""
    if request.purpose is PurposeOfUse.NORMAL:
        return None
    if request.purpose in EMERGENCIES:
        if request.actor.role is not Role.PROFESSIONAL:
            return ReasonCode.ROLE_NOT_ENTITLED
        return _EMERGENCY_REFUSES.get(request.action)
    if request.action is Action.DEPOSIT:
        return None
    maintains = request.purpose is PurposeOfUse.MAINTENANCE and request.actor.role is Role.OPERATOR
    return None if maintains else ReasonCode.PURPOSE_NOT_ENTITLED
