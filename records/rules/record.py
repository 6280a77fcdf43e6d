"""The rules of access to a record, one small function each. Each objects with a reason or not at all.

`records.policy` runs first the rules that look at the request alone (`records/rules/request.py`), then these
in the order of the tuple at the end, then those on a document (`records/rules/document.py`). Requirement
numbers (R…), articles of the Code de la santé publique (L…, R1111-…) and numbers of the DMP guide (EX_…) tell
where a rule is from.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from records.access import AccessRequest, EmergencyUse
from records.card.card import Card
from records.choices.authorisations import Authorisation
from records.emergency import EMERGENCIES, WINDOWS_A_DAY, long_enough
from records.rules.request import OF_AN_AUTHOR, WRITES
from records.vocabulary.codes import Action, PurposeOfUse, ReasonCode, RecordState, Role
from records.vocabulary.matrix import Cell, Matrix
from records.vocabulary.professions import DOCTOR, is_health_professional, may_break_the_glass
from records.vocabulary.sectors import REGULATION_SETTING, Opens, opened_by


@dataclass(frozen=True, slots=True)
class Case:
    """A request and the facts of an existing record, with the matrix in force; None: there is none yet.

    `authorisation` is that of whoever asks.
    """

    request: AccessRequest
    state: RecordState
    card: Card
    use: EmergencyUse | None
    matrix: Matrix | None
    authorisation: Authorisation | None = None

    def cell(self, type_code: str) -> Cell | None:
        """The cell of the actor's profession in the matrix; None where it has none."""
        return self.matrix.cell(self.request.actor.profession, type_code) if self.matrix else None


Rule = Callable[[Case], ReasonCode | None]

_ACTIVE = frozenset({RecordState.ACTIVE})
PROTECTIVE = frozenset(
    {
        Action.REVOKE,
        Action.CHOOSE,
        Action.BLOCK,
        Action.REMOVE_ATTENDING,
        Action.LABEL,
        Action.REFUSE,
        Action.REFUSE_DEPOSITS,
        Action.SET_EMERGENCY,
        Action.LEAVE_TEAM,
        Action.END_TEAM,
        Action.WITHDRAW_CONSENT,
    }
)
"""With these the holder takes rights away. Some can also give: `consent.protects` tells, for labels their
set, for a choice `authorising.narrows`.
"""
_STATES: Mapping[tuple[Role, Action], frozenset[RecordState]] = MappingProxyType(
    {
        # the holder reads the traces at any time (L1111-19), also those of a closed record
        (Role.PATIENT, Action.READ_LOG): _ACTIVE | {RecordState.SUSPENDED, RecordState.CLOSED},
        # closing and reopening must not lift a suspension (R14)
        (Role.PATIENT, Action.CLOSE_RECORD): _ACTIVE | {RecordState.PROPOSED, RecordState.CLOSED},
        (Role.PATIENT, Action.REOPEN_RECORD): _ACTIVE | {RecordState.CLOSED},
        # a suspension freezes access (R14), it must not keep the holder from taking rights away
        **{(Role.PATIENT, action): _ACTIVE | {RecordState.SUSPENDED} for action in PROTECTIVE},
        # for the operator the table of transitions is the limit
        (Role.OPERATOR, Action.CLOSE_RECORD): frozenset(RecordState),
        (Role.OPERATOR, Action.REOPEN_RECORD): frozenset(RecordState),
        (Role.OPERATOR, Action.SUSPEND_RECORD): frozenset(RecordState),
        # a closed record is kept for ten years (R10): it is maintained like any other
        (Role.OPERATOR, Action.COMPACT): frozenset(RecordState),
        (Role.OPERATOR, Action.WITHDRAW): frozenset(RecordState),
        (Role.OPERATOR, Action.RENDER): frozenset(RecordState),
    }
)

_NOT_ACTIVE: Mapping[RecordState, ReasonCode] = MappingProxyType(
    {
        RecordState.PROPOSED: ReasonCode.RECORD_NOT_ACTIVE,
        RecordState.ACTIVE: ReasonCode.RECORD_NOT_ACTIVE,
        RecordState.SUSPENDED: ReasonCode.RECORD_SUSPENDED,
        RecordState.CLOSED: ReasonCode.RECORD_CLOSED,
        RecordState.DESTROYED: ReasonCode.NO_SUCH_RECORD,
    }
)


def consults(case: Case) -> bool:
    """Whether a professional wants to read: feeding needs no right to consult (R31), nor does taking back
    what one fed (R32)."""
    return case.request.actor.role is Role.PROFESSIONAL and case.request.action not in WRITES


def _own_record(case: Case) -> ReasonCode | None:
    """A patient is known by the INS, matricule and OID together (R2)."""
    if case.request.actor.role is Role.PATIENT and case.request.actor.ins != case.card.ins:
        return ReasonCode.NOT_AUTHORISED
    return None


def _state(case: Case) -> ReasonCode | None:
    """R10, R14: only an active record is read, fed and changed, exceptions apart."""
    admitted = _STATES.get((case.request.actor.role, case.request.action), _ACTIVE)
    return None if case.state in admitted else _NOT_ACTIVE[case.state]


def _takes_back(case: Case) -> bool:
    """Whether a professional takes back or archives what was deposited (R32)."""
    return case.request.actor.role is Role.PROFESSIONAL and case.request.action in OF_AN_AUTHOR


def is_blocked(case: Case) -> bool:
    """Whether the holder blocked the person, or the structure whose account is used (R19)."""
    actor = case.request.actor
    return actor.rpps in case.card.blocks or actor.structure in case.card.blocked_structures


def is_attending(case: Case) -> bool:
    """An attending doctor (R21) is named by the holder, and is a doctor by the own credential."""
    actor = case.request.actor
    return actor.profession == DOCTOR and actor.rpps in case.card.attending


def _named_professional(case: Case) -> ReasonCode | None:
    """Whoever consults or takes back is a person with a number (R8), not a structure (R7)."""
    named = not (consults(case) or _takes_back(case)) or case.request.actor.rpps
    return None if named else ReasonCode.BAD_CREDENTIAL


def _block(case: Case) -> ReasonCode | None:
    """Who is blocked, as a person or by the structure they come from, never consults, in an emergency
    neither (R19, R26); feeding stays (R31).
    """
    return ReasonCode.BLOCKED if consults(case) and is_blocked(case) else None


def _profession(case: Case) -> ReasonCode | None:
    """R16: an unknown profession reads nothing and takes nothing back (R32). A table says who breaks the
    glass (R26); a regulation doctor is a doctor (L1111-17, L6311-2)."""
    if not (consults(case) or _takes_back(case)):
        return None
    entitled = {
        PurposeOfUse.BRIS_DE_GLACE: may_break_the_glass,
        PurposeOfUse.CENTRE_15: DOCTOR.__eq__,
    }.get(case.request.purpose, is_health_professional)
    return None if entitled(case.request.actor.profession) else ReasonCode.PROFESSION_NOT_ENTITLED


def _initial_consent(case: Case) -> ReasonCode | None:
    """R17: without a recorded initial consent nobody consults, save in an emergency."""
    needed = consults(case) and case.request.purpose not in EMERGENCIES
    return ReasonCode.CONSENT_MISSING if needed and case.card.consent is None else None


def _refuses_structure(case: Case) -> ReasonCode | None:
    """R31: a structure from which the holder takes no deposits."""
    refused = case.request.action is Action.DEPOSIT and case.request.actor.structure
    return ReasonCode.REFUSED_BY_HOLDER if refused in case.card.refusals.structures else None


def _express_consent(case: Case) -> ReasonCode | None:
    """R30: some sectors need the holder's express consent, which no emergency replaces: an authorisation of
    this very person that is live. To be named attending doctor is none, nor to be one of a team or a list.
    """
    actor = case.request.actor
    if not consults(case) or opened_by(actor.sector) is not Opens.EXPRESS_CONSENT:
        return None
    grounds = case.authorisation.live(case.request.now) if case.authorisation is not None else ()
    return None if any(each.express for each in grounds) else ReasonCode.CONSENT_MISSING


def _regulation_centre(case: Case) -> ReasonCode | None:
    """R27: the mode belongs to the regulation centres."""
    if case.request.purpose is not PurposeOfUse.CENTRE_15:
        return None
    return None if case.request.actor.setting == REGULATION_SETTING else ReasonCode.NOT_REGULATION_CENTRE


def _opted_out(case: Case) -> ReasonCode | None:
    """R26 to R28: each opposition stands for its own mode and has no exception."""
    allowed = {
        PurposeOfUse.BRIS_DE_GLACE: case.card.emergency.bris_de_glace,
        PurposeOfUse.CENTRE_15: case.card.emergency.centre_15,
    }
    return None if allowed.get(case.request.purpose, True) else ReasonCode.OPTED_OUT


def _written_reason(case: Case) -> ReasonCode | None:
    """R26: opening a record in an emergency takes a written reason."""
    if case.request.purpose is not PurposeOfUse.BRIS_DE_GLACE:
        return None
    return None if long_enough(case.request.reason) else ReasonCode.REASON_MISSING


def _emergency_use(case: Case) -> ReasonCode | None:
    """R26: four hours a reason, a few reasons a day."""
    if case.use is None or case.request.purpose not in EMERGENCIES:
        return None
    if case.use.expired:
        return ReasonCode.EMERGENCY_EXPIRED
    return ReasonCode.EMERGENCY_TOO_OFTEN if case.use.windows_today >= WINDOWS_A_DAY else None


RECORD_RULES: tuple[Rule, ...] = (
    _own_record,
    _state,
    _named_professional,
    _block,
    _profession,
    _refuses_structure,
    _express_consent,
    _regulation_centre,
    _opted_out,
    _written_reason,
    _emergency_use,
    _initial_consent,
)
