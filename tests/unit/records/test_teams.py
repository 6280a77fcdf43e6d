"""A team of care or a list: who may begin, join, change it, and how long it runs (L1110-12, R17, R18)."""

from dataclasses import replace
from uuid import UUID

import pytest

from records.card.card import Card
from records.card.changes import give_consent, protects, withdraw_consent
from records.card.consent import DEFAULT_DURATION, HOLDER, LONGEST_DURATION, ConsentRecord
from records.choices.authorisations import Authorisation, Ground, Scope
from records.choices.authorising import join
from records.choices.circles import Circle
from records.choices.teams import (
    CONSULTATION,
    LONGEST_NAME,
    Joining,
    by_holder,
    check_members,
    check_name,
    circle_of,
    end_of_team,
    ended,
    ground_of,
    is_contested,
    may_change,
    membership,
    new_members,
    recorded,
    team_json,
)
from records.errors import Invalid
from records.people.actors import Actor
from records.people.identity import INS, INS_NIR_TEST, Traits
from records.vocabulary.codes import Action, Role

NOW, TEAM, OTHER = 1_700_000_000, UUID(int=1), UUID(int=2)
DOCTOR, NURSE, STRANGER = "899700024450", "899700012345", "899700099990"
BY_DOCTOR = ConsentRecord(DOCTOR, "spoken", NOW)
END = NOW + 1_000
GIVEN, RECORDED = circle_of(TEAM, "A", by_holder(NOW), END), circle_of(TEAM, "A", BY_DOCTOR, END)


def actor(rpps: str = "") -> Actor:
    if not rpps:
        return Actor(role=Role.PATIENT, issuer="i", subject="s")
    return Actor(role=Role.PROFESSIONAL, issuer="i", subject=rpps, rpps=rpps)


def code(refused: pytest.ExceptionInfo[Invalid]) -> str:
    return refused.value.code


def test_a_new_team_runs_from_its_consent_on_and_has_nobody_yet() -> None:
    assert Circle(TEAM, "A", NOW, END, by_holder(NOW), 0) == GIVEN
    assert by_holder(NOW) == ConsentRecord(HOLDER, "online", NOW)
    assert team_json(GIVEN)["consent"] == {"by": "patient", "how": "online", "at": NOW}


@pytest.mark.parametrize("name", ["", " ", "a\nb", "\x07", "x" * (LONGEST_NAME + 1)])
def test_a_name_is_one_line(name: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_name(name)
    assert code(refused) == "bad_team"
    assert check_name(f" {'x' * LONGEST_NAME} ") == "x" * LONGEST_NAME


def test_one_act_names_somebody_and_not_too_many() -> None:
    for members in ([], [DOCTOR] * 3):
        with pytest.raises(Invalid) as refused:
            check_members(members, 2)
        assert code(refused) == "bad_team"
    assert check_members([DOCTOR] * 2, 2) == [DOCTOR] * 2


@pytest.mark.requirement("R18")
def test_a_professional_writes_down_what_was_said_or_signed() -> None:
    assert recorded(DOCTOR, "spoken", NOW) == BY_DOCTOR
    assert recorded(DOCTOR, "written", NOW).how == "written"
    for how in ("online", "x"):
        with pytest.raises(Invalid) as refused:
            recorded(DOCTOR, how, NOW)
        assert code(refused) == "bad_consent"


@pytest.mark.parametrize(
    ("consent", "members", "longest"),
    [
        (by_holder(NOW), [DOCTOR], LONGEST_DURATION),
        (BY_DOCTOR, [DOCTOR], CONSULTATION),
        (BY_DOCTOR, [DOCTOR, NURSE], DEFAULT_DURATION),
    ],
)
@pytest.mark.requirement("R17", "R18")
def test_every_team_ends(consent: ConsentRecord, members: list[str], longest: int) -> None:
    unsaid = end_of_team(consent, members, None)
    assert unsaid == NOW + min(longest, DEFAULT_DURATION)
    for until in (NOW + 1, NOW + longest):
        assert end_of_team(consent, members, until) == until
    for until in (NOW - 1, NOW, NOW + longest + 1, 2**53):
        with pytest.raises(Invalid) as refused:
            end_of_team(consent, members, until)
        assert code(refused) == "bad_authorisation"


def test_each_line_has_its_result_and_wrong_ones_stop_nobody() -> None:
    member = join(None, NURSE, ground_of(GIVEN, None, NOW))
    told, joining = new_members(GIVEN, [DOCTOR, "1", NURSE, DOCTOR, "1", STRANGER], [member], NOW)
    assert [each.result for each in told] == [
        Joining.AUTHORISED,
        Joining.BAD_RPPS,
        Joining.ALREADY,
        Joining.REPEATED,
        Joining.REPEATED,
        Joining.AUTHORISED,
    ]
    assert joining == (DOCTOR, STRANGER)
    assert told[1].to_json() == {"line": 2, "professional": "1", "result": "bad_rpps"}


def test_who_left_or_is_of_another_team_joins() -> None:
    ground = ground_of(GIVEN, None, NOW)
    for each in (replace(ground, ended=NOW), replace(ground, circle=OTHER), replace(ground, of_team=False)):
        assert membership(Authorisation(DOCTOR, (each,)), GIVEN, NOW) is None
    whole = Authorisation(DOCTOR, (replace(ground, circle=OTHER), ground))
    assert membership(whole, GIVEN, NOW) == ground
    assert membership(whole, GIVEN, END) is None
    assert membership(whole, ended(GIVEN, NOW), NOW) is None


@pytest.mark.parametrize(
    ("circle", "until", "scope"),
    [
        (RECORDED, END, Scope.CHOSEN),
        (RECORDED, NOW, Scope.ALL),  # what was chosen ran out
        (GIVEN, END, Scope.ALL),  # the holder's own later act
    ],
)
def test_a_recorded_consent_widens_nothing_that_the_holder_chose(
    circle: Circle, until: int, scope: Scope
) -> None:
    chosen = Ground(OTHER, NOW - 10, until, by_holder(NOW), Scope.CHOSEN)
    given = ground_of(circle, Authorisation(DOCTOR, (chosen,)), NOW)
    assert given == Ground(TEAM, NOW, END, circle.consent, scope, of_team=True)
    assert not given.express


def test_what_ended_ended_then_and_is_listed_no_more() -> None:
    over = ended(GIVEN, NOW + 5)
    assert (over.ended, over.archived) == (NOW + 5, True)
    assert ended(over, NOW + 9) == over


@pytest.mark.parametrize("action", [Action.JOIN_TEAM, Action.LEAVE_TEAM, Action.END_TEAM])
def test_holder_and_recorder_change_a_team_and_a_member_leaves(action: Action) -> None:
    assert may_change(actor(), RECORDED, action, [NURSE])
    assert may_change(actor(DOCTOR), RECORDED, action, [NURSE])
    assert not may_change(actor(DOCTOR), GIVEN, action, [NURSE])
    leaves = action is Action.LEAVE_TEAM
    assert may_change(actor(NURSE), RECORDED, action, [NURSE]) is leaves
    assert not may_change(actor(NURSE), RECORDED, action, [NURSE, DOCTOR])
    assert not may_change(actor(NURSE), RECORDED, action, [])


def test_to_contest_is_to_end_what_somebody_else_recorded() -> None:
    assert is_contested(actor(), RECORDED, Action.END_TEAM)
    assert not is_contested(actor(), GIVEN, Action.END_TEAM)
    assert not is_contested(actor(), RECORDED, Action.LEAVE_TEAM)
    assert not is_contested(actor(DOCTOR), RECORDED, Action.END_TEAM)


@pytest.mark.requirement("R17")
def test_consent_withdrawn_takes_the_attending_doctor_and_given_again_gives_nobody() -> None:
    ins = INS("277076322082910", INS_NIR_TEST)
    card = Card(ins, Traits("N", "P", "1977-07-01", "F"), BY_DOCTOR, attending={DOCTOR: NOW})
    without = withdraw_consent(card)
    assert (without.consent, without.attending) == (None, {})
    assert give_consent(card, NOW + 1) == card
    again = give_consent(without, NOW + 1)
    assert (again.consent, again.attending) == (by_holder(NOW + 1), {})
    assert protects(card, without) and not protects(without, again)
