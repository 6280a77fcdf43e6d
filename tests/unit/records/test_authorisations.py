"""What the holder gives one professional: grounds that add up, begin, run out and are ended."""

import json
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from records.card.card import CardAuthorisation
from records.card.consent import DEFAULT_DURATION, LONGEST_DURATION, ConsentRecord
from records.choices.authorisations import Authorisation, DocumentKind, Ground, Scope, day_of_end, instants
from records.choices.authorising import (
    MOST_KINDS,
    Given,
    authorise,
    choose,
    join,
    leave,
    narrows,
    of_card,
    revoke,
)
from records.choices.circles import Circle, counting
from records.errors import Invalid, NotFound
from tests.unit.records.factories import DAY, DOCTOR, NOW, REPORT, STRANGER

ONLINE = ConsentRecord("patient", "online", NOW)
CIRCLE, OTHER, TEAM = UUID(int=1), UUID(int=2), UUID(int=3)
GROUND = Ground(CIRCLE, NOW - DAY, NOW + DAY, ONLINE, express=True)
OWN = Authorisation(DOCTOR, (GROUND,))
MEMBER = Ground(TEAM, NOW - DAY, NOW + 9 * DAY, ONLINE)
KIND = DocumentKind(class_code="10")


def given(**more: Any) -> Given:
    return Given(consent=ONLINE, **more)


@pytest.mark.requirement("R18")
def test_an_authorisation_lasts_a_year_unless_said_otherwise() -> None:
    ends = {
        NOW + DEFAULT_DURATION: given(),
        NOW + 7 * DAY: given(until=NOW + 7 * DAY),
        None: given(permanent=True),
    }
    for until, asked in ends.items():
        expected = Ground(CIRCLE, NOW, until, ONLINE, express=True)
        assert authorise(None, STRANGER, asked, NOW, CIRCLE) == Authorisation(STRANGER, (expected,))


def test_a_ground_is_live_from_its_first_second_to_before_its_last() -> None:
    week = Authorisation(STRANGER, (Ground(CIRCLE, NOW, NOW + 7, ONLINE),))
    assert [week.is_live(NOW + each) for each in (-1, 0, 6, 7)] == [False, True, True, False]
    assert [week.has_expired(NOW + each) for each in (-1, 0, 6, 7)] == [False, False, False, True]
    ended = revoke(week, NOW + 1)
    assert not ended.is_live(NOW + 1) and not ended.has_expired(NOW + 7)


def test_renewing_keeps_circle_and_choice_and_the_beginning_while_it_runs() -> None:
    chosen = choose(OWN, [KIND])
    renewed = authorise(chosen, DOCTOR, given(permanent=True), NOW, OTHER)
    assert renewed.own == replace(GROUND, until=None, scope=Scope.CHOSEN, kinds=frozenset({KIND}))
    later = authorise(chosen, DOCTOR, given(), NOW + 2 * DAY, OTHER)
    assert later.own is not None and (later.own.circle, later.own.since) == (CIRCLE, NOW + 2 * DAY)
    all_again = authorise(chosen, DOCTOR, given(scope=Scope.ALL), NOW, OTHER)
    assert all_again.own is not None and all_again.own.scope is Scope.ALL


def test_what_was_revoked_begins_anew_with_nothing_chosen() -> None:
    again = authorise(revoke(choose(OWN, [KIND]), NOW), DOCTOR, given(scope=Scope.CHOSEN), NOW + 1, OTHER)
    assert again.grounds == (
        Ground(OTHER, NOW + 1, NOW + 1 + DEFAULT_DURATION, ONLINE, Scope.CHOSEN, express=True),
    )


@pytest.mark.parametrize(
    "end",
    [
        {"until": NOW},
        {"until": NOW - 1},
        {"until": NOW + 1, "permanent": True},
        {"until": NOW + LONGEST_DURATION + 1},
        {"until": 2**53 - 1},
        {"until": 2**53},
    ],
)
def test_an_authorisation_ends_in_the_future_or_never(end: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refusal:
        authorise(None, STRANGER, given(**end), NOW, CIRCLE)
    assert refusal.value.code == "bad_authorisation"


@pytest.mark.parametrize("number", ["Dr Durand", "89970002", "10002445011", "8100024450110", ""])
def test_a_professional_is_named_by_the_national_number_alone(number: str) -> None:
    for change in (
        lambda: authorise(None, number, given(), NOW, CIRCLE),
        lambda: join(None, number, MEMBER),
    ):
        with pytest.raises(Invalid) as refusal:
            change()
        assert refusal.value.code == "bad_rpps"


@pytest.mark.parametrize(
    ("ground", "is_shown"),
    [
        (GROUND, True),
        (replace(GROUND, scope=Scope.CHOSEN), False),
        (replace(GROUND, scope=Scope.CHOSEN, circle=OTHER), True),
        (replace(GROUND, scope=Scope.CHOSEN, kinds=frozenset({KIND})), True),
        (replace(GROUND, scope=Scope.CHOSEN, kinds=frozenset({DocumentKind("10", "CARDIO")})), False),
        (replace(GROUND, scope=Scope.CHOSEN, kinds=frozenset({DocumentKind("10", "AMBU")})), True),
        (replace(GROUND, scope=Scope.CHOSEN, kinds=frozenset({DocumentKind(None, "AMBU")})), True),
        (replace(GROUND, scope=Scope.CHOSEN, kinds=frozenset({DocumentKind("11")})), False),
        (replace(GROUND, scope=Scope.CHOSEN, kinds=frozenset({DocumentKind()})), False),
        (replace(GROUND, ended=NOW), False),
        (replace(GROUND, until=NOW), False),
        (replace(GROUND, since=NOW + 1), False),
    ],
)
def test_a_ground_shows_all_or_what_was_chosen_while_it_runs(ground: Ground, is_shown: bool) -> None:
    document = replace(REPORT, class_code="10", practice_setting="AMBU", shown_to=frozenset({OTHER}))
    assert Authorisation(DOCTOR, (ground,)).shows(document, NOW) is is_shown


def test_grounds_add_up() -> None:
    chosen = replace(GROUND, scope=Scope.CHOSEN)
    both = join(Authorisation(DOCTOR, (chosen,)), DOCTOR, MEMBER)
    assert both.shows(REPORT, NOW) and not replace(both, grounds=(chosen,)).shows(REPORT, NOW)


def test_a_membership_counts_while_its_team_is_there_and_runs() -> None:
    both = join(OWN, DOCTOR, MEMBER)
    team = Circle(TEAM, "Equipe", NOW - DAY, NOW + 2 * DAY, ONLINE, 3)
    alone = replace(both, grounds=tuple(each for each in both.grounds if each.of_team))
    for circles, instant, lives in (
        ({}, NOW, False),
        ({TEAM: team}, NOW, True),
        ({TEAM: team}, NOW + 2 * DAY, False),
        ({TEAM: replace(team, ended=NOW)}, NOW, False),
        ({TEAM: replace(team, until=None)}, NOW + 3 * DAY, True),
    ):
        assert counting(alone, circles).is_live(instant) is lives
        assert counting(both, circles).own == GROUND
    assert [team.is_live(NOW + each * DAY) for each in (-2, 0, 2)] == [False, True, False]


def test_leaving_a_team_ends_that_ground_alone_and_joining_again_replaces_it() -> None:
    left = leave(join(OWN, DOCTOR, MEMBER), TEAM, NOW)
    assert [each.ended for each in left.grounds] == [None, NOW]
    assert leave(left, TEAM, NOW + 1) == left
    again = join(left, DOCTOR, MEMBER)
    assert [each.ended for each in again.grounds] == [None, None]
    elsewhere = join(again, DOCTOR, replace(MEMBER, circle=OTHER))
    assert len(elsewhere.grounds) == 3


def test_revoking_ends_every_ground_once() -> None:
    ended = revoke(join(OWN, DOCTOR, MEMBER), NOW)
    assert [each.ended for each in ended.grounds] == [NOW, NOW]
    assert revoke(ended, NOW + 1) == ended
    ran_out = Authorisation(DOCTOR, (replace(GROUND, until=NOW),))
    assert revoke(ran_out, NOW) == ran_out


def test_who_has_no_authorisation_of_its_own_is_shown_no_choice() -> None:
    with pytest.raises(NotFound):
        choose(Authorisation(DOCTOR, (replace(MEMBER, of_team=True),)), [])


@pytest.mark.parametrize(
    "kinds",
    [
        [DocumentKind()],
        [DocumentKind("99")],
        [DocumentKind("10", str(each)) for each in range(MOST_KINDS + 1)],
    ],
)
def test_a_kind_names_a_known_class_or_a_domain(kinds: list[DocumentKind]) -> None:
    with pytest.raises(Invalid) as refusal:
        choose(OWN, kinds)
    assert refusal.value.code == "bad_kind"


def test_the_day_of_the_end_is_that_of_the_last_ground() -> None:
    assert OWN.ends_at() == NOW + DAY
    assert join(OWN, DOCTOR, MEMBER).ends_at() == NOW + 9 * DAY
    assert join(OWN, DOCTOR, replace(MEMBER, until=None)).ends_at() is None
    assert revoke(OWN, NOW).ends_at() == NOW
    assert (day_of_end(None), day_of_end(DAY - 1), day_of_end(DAY)) == (None, 0, 1)


def test_what_a_card_said_is_a_ground_for_all_documents_on_express_consent() -> None:
    moved = of_card(CardAuthorisation(DOCTOR, NOW - DAY, None), CIRCLE)
    (ground,) = moved.grounds
    assert (ground.circle, ground.since, ground.until) == (CIRCLE, NOW - DAY, None)
    assert ground.scope is Scope.ALL and ground.express and not ground.of_team


EVERYTHING = Authorisation(
    DOCTOR,
    (
        replace(GROUND, scope=Scope.CHOSEN, kinds=frozenset({KIND, DocumentKind(None, "AMBU")}), ended=NOW),
        replace(MEMBER, until=None, of_team=True),
    ),
    archived=True,
)


def test_authorisations_survive_their_json_form() -> None:
    for each in (OWN, EVERYTHING, Authorisation(DOCTOR, ())):
        assert Authorisation.from_json(json.loads(json.dumps(each.to_json()))) == each
    team = Circle(TEAM, "Equipe", NOW, None, ONLINE, 3, ended=NOW, archived=True)
    assert Circle.from_json(json.loads(json.dumps(team.to_json()))) == team


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("circle", "mine"),
        ("scope", "some"),
        ("kinds", [1]),
        ("kinds", [["10", None, None]]),
        ("consent", {"by": "patient"}),
        ("until", "never"),
        ("express", 1),
        ("extra", 1),
    ],
)
def test_an_authorisation_of_another_shape_is_refused(name: str, value: object) -> None:
    form = OWN.to_json()
    form["grounds"][0][name] = value
    with pytest.raises(Invalid) as refusal:
        Authorisation.from_json(form)
    assert refusal.value.code == "bad_shape"


@pytest.mark.parametrize(("name", "value"), [("circle_id", "mine"), ("members", "many"), ("extra", 1)])
def test_a_circle_of_another_shape_is_refused(name: str, value: object) -> None:
    form = Circle(TEAM, "Equipe", NOW, None, ONLINE, 3).to_json()
    with pytest.raises(Invalid) as refusal:
        Circle.from_json(form | {name: value})
    assert refusal.value.code == "bad_shape"


def test_a_change_of_one_s_own_ground_ends_none_of_a_team() -> None:
    both = join(OWN, DOCTOR, MEMBER)
    member = both.grounds[1]
    renewed = authorise(both, DOCTOR, given(permanent=True), NOW, OTHER)
    chosen = choose(both, [KIND])
    for changed, kept in ((renewed, member), (chosen, replace(member, scope=Scope.CHOSEN))):
        assert kept in changed.grounds and len(changed.grounds) == 2 and changed.professional == DOCTOR
    assert join(None, DOCTOR, MEMBER) == Authorisation(DOCTOR, (member,))
    assert join(both, DOCTOR, MEMBER).own == GROUND
    first = authorise(Authorisation(DOCTOR, (member,)), DOCTOR, given(), NOW, OTHER)
    assert member in first.grounds and first.own is not None and first.own.circle == OTHER


def test_what_is_chosen_for_one_person_holds_in_every_team() -> None:
    both = join(OWN, DOCTOR, MEMBER)
    chosen = choose(both, [KIND])
    assert chosen.professional == DOCTOR
    assert {each.circle: each.scope for each in chosen.grounds} == dict.fromkeys((CIRCLE, TEAM), Scope.CHOSEN)
    (member,) = (each for each in chosen.grounds if each.of_team)
    assert replace(member, scope=Scope.ALL) == both.grounds[1]


@pytest.mark.parametrize(
    ("scope", "kinds", "newly", "less"),
    [
        (Scope.ALL, [KIND], {1}, True),
        (Scope.CHOSEN, [], set(), True),
        (Scope.CHOSEN, [KIND], set(), True),
        (Scope.CHOSEN, [KIND], {1}, False),
        (Scope.CHOSEN, [KIND, DocumentKind("31")], set(), False),
    ],
)
def test_a_choice_narrows_if_it_shows_nothing_more(
    scope: Scope, kinds: list[DocumentKind], newly: set[int], less: bool
) -> None:
    assert narrows(replace(GROUND, scope=scope, kinds=frozenset({KIND})), kinds, newly) is less


def test_a_renewal_keeps_the_consent_that_was_given_with_it() -> None:
    later = ConsentRecord(DOCTOR, "spoken", NOW + 5)
    renewed = authorise(OWN, DOCTOR, Given(consent=later), NOW + 5, OTHER)
    assert renewed.own is not None and renewed.own.consent == later


def test_leaving_one_team_leaves_another() -> None:
    two = join(join(OWN, DOCTOR, MEMBER), DOCTOR, replace(MEMBER, circle=OTHER))
    ended = {each.circle: each.ended for each in leave(two, TEAM, NOW).grounds}
    assert ended == {CIRCLE: None, TEAM: NOW, OTHER: None}
    own_circle = leave(two, CIRCLE, NOW)  # an own ground is revoked, not left
    assert own_circle == two


def test_as_many_kinds_as_there_may_be_are_taken() -> None:
    kinds = [DocumentKind("10", str(each)) for each in range(MOST_KINDS)]
    assert choose(OWN, kinds).own == replace(GROUND, scope=Scope.CHOSEN, kinds=frozenset(kinds))


def test_a_circle_runs_from_its_first_second_and_bounds_what_is_for_good() -> None:
    team = Circle(TEAM, "Equipe", NOW, NOW + DAY, ONLINE, 3)
    assert [team.is_live(NOW + each) for each in (-1, 0, DAY - 1, DAY)] == [False, True, True, False]
    assert (team.ends_at(), replace(team, ended=NOW + 5).ends_at()) == (NOW + DAY, NOW + 5)
    for_good = replace(team, until=None)
    assert for_good.ends_at() is None
    assert for_good.bound(replace(MEMBER, until=None)).until is None
    assert team.bound(replace(MEMBER, until=None)).until == NOW + DAY
    assert replace(team, ended=NOW + 7).bound(replace(MEMBER, ended=NOW + 3)).ended == NOW + 3


def test_nobody_has_an_end_without_a_ground() -> None:
    assert Authorisation(DOCTOR, ()).ends_at() == 0


def test_a_refused_choice_says_which_code() -> None:
    with pytest.raises(NotFound) as refusal:
        choose(Authorisation(DOCTOR, ()), [])
    assert refusal.value.code == "no_such_authorisation"
    mixed = [DocumentKind("99", "CARDIO")]
    with pytest.raises(Invalid):
        choose(OWN, mixed)


def test_what_a_card_said_is_the_holder_s_own_consent_unless_another_is_known() -> None:
    given_then = CardAuthorisation(DOCTOR, NOW - DAY, NOW + DAY)
    said = ConsentRecord("patient", "online", NOW - DAY)
    expected = Ground(CIRCLE, NOW - DAY, NOW + DAY, said, express=True)
    assert of_card(given_then, CIRCLE) == Authorisation(DOCTOR, (expected,))
    other = ConsentRecord(DOCTOR, "written", NOW)
    assert [each.consent for each in of_card(given_then, CIRCLE, other).grounds] == [other]


def test_a_choice_narrows_if_it_shows_nothing_that_was_not_shown() -> None:
    kind, other = KIND, DocumentKind(practice_setting="AMBU")
    chosen = replace(GROUND, scope=Scope.CHOSEN, kinds=frozenset({kind}))
    assert narrows(GROUND, [other], [OTHER])  # all was shown
    assert narrows(chosen, [], ()) and narrows(chosen, [kind], ())
    assert not narrows(chosen, [kind], [OTHER]) and not narrows(chosen, [other], ())
    assert not narrows(chosen, [kind, other], ())


def test_a_ground_changes_a_decision_where_it_begins_and_ends() -> None:
    assert list(instants(join(OWN, DOCTOR, MEMBER))) == [
        each for ground in join(OWN, DOCTOR, MEMBER).grounds for each in (ground.since, ground.until)
    ]
    assert list(instants(None)) == []
