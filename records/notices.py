"""Notices: of what somebody is told, the states of one on its way, and when it is tried again (R57).

The kind of a notice is for its reader alone. It is never in clear where it is kept, and no message tells it.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from records.durations import HOUR_MS
from records.vocabulary.codes import Action

FIRST_DELAY_MS = 30_000
LONGEST_DELAY_MS = HOUR_MS
GIVEN_UP_MS = 48 * HOUR_MS  # after it was queued: what comes later helps nobody
TOLD_ONCE_MS = HOUR_MS  # deposits and labels of one hour are one notice


class NoticeKind(StrEnum):
    """What happened. `contact_code` is no notice: it carries the code to an address that is to be proven."""

    BRIS_DE_GLACE = "bris_de_glace"
    CENTRE_15 = "centre_15"
    FIRST_ACCESS = "first_access"
    AUTHORISATION_CHANGED = "authorisation_changed"
    CONSENT_RECORDED = "consent_recorded"
    CONSENT_CHANGED = "consent_changed"
    BLOCK_CHANGED = "block_changed"
    ATTENDING_CHANGED = "attending_changed"
    EMERGENCY_CHANGED = "emergency_changed"
    LABELS_CHANGED = "labels_changed"
    DEPOSIT = "deposit"
    TAKEN_BACK = "taken_back"
    REFUSALS_CHANGED = "refusals_changed"
    CONTACT_CHANGED = "contact_changed"
    ANNOUNCEMENT_DUE = "announcement_due"
    CONTACT_CODE = "contact_code"


class NoticeState(StrEnum):
    """Ends are `sent`, `page` (on the page alone) and `undelivered`; `read` by the holder ends each."""

    QUEUED = "queued"
    SENT = "sent"
    PAGE = "page"
    UNDELIVERED = "undelivered"
    READ = "read"


class Delivery(StrEnum):
    """What came of one attempt, and why one was given up."""

    SENT = "sent"
    PAGE = "page"
    NO_CONTACT = "no_contact"
    REFUSED = "refused"  # by the recipient's server, for good (RFC 5321 section 4.2.1, 5yz)
    FAILED = "failed"  # it is tried again
    GIVEN_UP = "given_up"


STATE_AFTER: Mapping[Delivery, NoticeState] = MappingProxyType(
    {
        Delivery.SENT: NoticeState.SENT,
        Delivery.PAGE: NoticeState.PAGE,
        Delivery.NO_CONTACT: NoticeState.UNDELIVERED,
        Delivery.REFUSED: NoticeState.UNDELIVERED,
        Delivery.FAILED: NoticeState.QUEUED,
        Delivery.GIVEN_UP: NoticeState.UNDELIVERED,
    }
)

UNDELIVERED_FOR = tuple(end for end, state in STATE_AFTER.items() if state is NoticeState.UNDELIVERED)

UNREAD = frozenset(NoticeState) - {NoticeState.READ}
"""A message that left says nothing of whether it was read."""

NOTICE_OF_CHANGE: Mapping[Action, NoticeKind] = MappingProxyType(
    {
        Action.AUTHORISE: NoticeKind.AUTHORISATION_CHANGED,
        Action.REVOKE: NoticeKind.AUTHORISATION_CHANGED,
        Action.CHOOSE: NoticeKind.AUTHORISATION_CHANGED,
        Action.FORM_TEAM: NoticeKind.AUTHORISATION_CHANGED,
        Action.JOIN_TEAM: NoticeKind.AUTHORISATION_CHANGED,
        Action.LEAVE_TEAM: NoticeKind.AUTHORISATION_CHANGED,
        Action.END_TEAM: NoticeKind.AUTHORISATION_CHANGED,
        Action.WITHDRAW_CONSENT: NoticeKind.CONSENT_CHANGED,
        Action.GIVE_CONSENT: NoticeKind.CONSENT_CHANGED,
        Action.BLOCK: NoticeKind.BLOCK_CHANGED,
        Action.UNBLOCK: NoticeKind.BLOCK_CHANGED,
        Action.NAME_ATTENDING: NoticeKind.ATTENDING_CHANGED,
        Action.REMOVE_ATTENDING: NoticeKind.ATTENDING_CHANGED,
        Action.SET_EMERGENCY: NoticeKind.EMERGENCY_CHANGED,
        Action.REFUSE: NoticeKind.REFUSALS_CHANGED,
        Action.ADMIT: NoticeKind.REFUSALS_CHANGED,
        Action.REFUSE_DEPOSITS: NoticeKind.REFUSALS_CHANGED,
        Action.ADMIT_DEPOSITS: NoticeKind.REFUSALS_CHANGED,
    }
)


def after_attempt(delivery: Delivery, queued_at: int, now: int) -> Delivery:
    """What an attempt comes to (ms): one that failed late is given up."""
    late = delivery is Delivery.FAILED and now - queued_at >= GIVEN_UP_MS
    return Delivery.GIVEN_UP if late else delivery


def next_delay_ms(attempts: int, chance: float) -> int:
    """The wait after so many failed attempts, at least one: doubled each time, up to an hour, of which
    `chance` in [0, 1) takes away up to half, so that not all come back at once.
    """
    whole = min(FIRST_DELAY_MS * 2 ** min(attempts - 1, 16), LONGEST_DELAY_MS)
    return int(whole * (1 - chance / 2))
