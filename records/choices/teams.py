"""A team of care, or a list of professionals, as a circle: who joins, how long it runs, who may change it.

A team of care has one consent for its members (L1110-12), which the holder gives, or a professional records
who sees the patient (R17, R18). Without a team a recorded consent is for that consultation. Times: unix
seconds.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID

from records.card.consent import DEFAULT_DURATION, HOLDER, ConsentRecord, check_consent, end_of
from records.choices.authorisations import Authorisation, Ground, Scope
from records.choices.circles import Circle
from records.errors import Invalid
from records.people.actors import Actor
from records.people.identity import check_rpps
from records.vocabulary.codes import Action, ConsentMeans, Role

CONSULTATION = 86_400
"""Of a consent that a professional recorded for itself alone (R1111-46: it is asked each time)."""
MOST_MEMBERS = 1_000
"""Of one act of the holder; a team grows by several."""
MOST_RECORDED = 50
"""Those whom a professional names: a team that cares for one patient, and no hospital."""
LONGEST_NAME = 100
UNNAMED = "Consultation"
"""The name of what a professional records without one."""


class Joining(StrEnum):
    """What came of one line of a list."""

    AUTHORISED = "authorised"
    ALREADY = "already"
    REPEATED = "repeated"
    BAD_RPPS = "bad_rpps"


@dataclass(frozen=True, slots=True)
class MemberLine:
    """A line of a list, counted from 1, and what came of it."""

    line: int
    professional: str
    result: Joining

    def to_json(self) -> dict[str, object]:
        return {"line": self.line, "professional": self.professional, "result": self.result.value}


def check_name(name: str) -> str:
    """Raises Invalid `bad_team` for a name that no page can show."""
    plain = name.strip()
    if not 0 < len(plain) <= LONGEST_NAME or not plain.isprintable():
        raise Invalid(f"Give the team a name of one line, at most {LONGEST_NAME} signs.", code="bad_team")
    return plain


def check_members(members: Sequence[str], most: int) -> Sequence[str]:
    """Raises Invalid `bad_team` for nobody, or for too many in one act."""
    if not 0 < len(members) <= most:
        raise Invalid(f"Name one to {most} professionals in one request.", code="bad_team")
    return members


def by_holder(now: int) -> ConsentRecord:
    return ConsentRecord(HOLDER, ConsentMeans.ONLINE.value, now)


def recorded(by: str, how: str, now: int) -> ConsentRecord:
    """What a professional writes down. Raises Invalid `bad_consent`: online the holder consents alone."""
    if check_consent(how) is ConsentMeans.ONLINE:
        raise Invalid("Say whether the patient consented in words or in writing.", code="bad_consent")
    return ConsentRecord(by, how, now)


def end_of_team(consent: ConsentRecord, members: Collection[str], until: int | None) -> int:
    """The end of a team that begins with its consent: a team always has one.

    Raises Invalid `bad_authorisation` for an end in the past, and where a professional records it for one
    that is later than a year, or than a day without a team.
    """
    if consent.by == HOLDER:
        end = end_of(consent.at, until)
        assert end is not None
        return end
    longest = DEFAULT_DURATION if {*members} - {consent.by} else CONSULTATION
    end = consent.at + longest if until is None else until
    if not consent.at < end <= consent.at + longest:
        raise Invalid(
            "A consent that you record lasts a day, or with a team one year at most.",
            code="bad_authorisation",
        )
    return end


def new_members(
    circle: Circle, lines: Sequence[str], present: Iterable[Authorisation], now: int
) -> tuple[tuple[MemberLine, ...], tuple[str, ...]]:
    """What comes of each line, and the numbers that join; `present` are the authorisations that they have."""
    members = {each.professional for each in present if membership(each, circle, now) is not None}
    found: list[MemberLine] = []
    joining: list[str] = []
    seen: set[str] = set()
    for number, text in enumerate(lines, 1):
        result = _joining(text, members, seen)
        seen.add(text)
        if result is Joining.AUTHORISED:
            joining.append(text)
        found.append(MemberLine(number, text, result))
    return tuple(found), tuple(joining)


def _joining(number: str, members: Collection[str], seen: Collection[str]) -> Joining:
    if number in seen:
        return Joining.REPEATED
    try:
        check_rpps(number)
    except Invalid:
        return Joining.BAD_RPPS
    return Joining.ALREADY if number in members else Joining.AUTHORISED


def ground_of(circle: Circle, present: Authorisation | None, now: int) -> Ground:
    """The ground of whoever joins now; it ends with the team. What the holder chose for one person is not
    widened by a consent that a professional records.
    """
    own = present.own if present is not None else None
    holds = own is not None and own.is_live(now) and circle.consent.by != HOLDER
    scope = own.scope if own is not None and holds else Scope.ALL
    return Ground(circle.circle_id, now, circle.until, circle.consent, scope, of_team=True)


def membership(given: Authorisation, circle: Circle, now: int) -> Ground | None:
    """The ground of a member of this team, while it runs."""
    return next(
        (
            each
            for each in given.grounds
            if each.of_team and each.circle == circle.circle_id and circle.bound(each).is_live(now)
        ),
        None,
    )


def ended(circle: Circle, now: int) -> Circle:
    """The team as it is once it ended, and with it the access of all members; repeatable."""
    return replace(circle, ended=now if circle.ended is None else circle.ended, archived=True)


def may_change(actor: Actor, circle: Circle, action: Action, members: Collection[str]) -> bool:
    """The holder changes every team; a professional the one whose consent it recorded, and leaves any."""
    if actor.role is Role.PATIENT or circle.consent.by == actor.rpps:
        return True
    return action is Action.LEAVE_TEAM and {*members} == {actor.rpps}


def is_contested(actor: Actor, circle: Circle, action: Action) -> bool:
    """Whether the holder ends what a professional recorded."""
    return action is Action.END_TEAM and actor.role is Role.PATIENT and circle.consent.by != HOLDER


def team_json(circle: Circle) -> dict[str, object]:
    """What the holder, and whoever recorded it, is told of a team."""
    return {
        "team": str(circle.circle_id),
        "name": circle.name,
        "since": circle.since,
        "until": circle.until,
        "ended": circle.ended,
        "members": circle.members,
        "consent": {"by": circle.consent.by, "how": circle.consent.how, "at": circle.consent.at},
    }


def circle_of(circle_id: UUID, name: str, consent: ConsentRecord, until: int) -> Circle:
    """A new team without members."""
    return Circle(circle_id, name, consent.at, until, consent, 0)
