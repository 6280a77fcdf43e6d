import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from records.consent import (
    DEFAULT_DURATION,
    LONGEST_DURATION,
    Authorisation,
    Card,
    Emergency,
    authorise,
    block,
    name_attending,
    protects,
    remove_attending,
    revoke,
    set_emergency,
    unblock,
)
from records.errors import Invalid
from tests.unit.records.factories import CARD, DAY, DOCTOR, EXPIRED, FUTURE, NOW, STRANGER


@pytest.mark.requirement("R18")
def test_an_authorisation_lasts_a_year_unless_said_otherwise() -> None:
    year = authorise(CARD, STRANGER, NOW).authorisation_of(STRANGER)
    week = authorise(CARD, STRANGER, NOW, NOW + 7 * DAY).authorisation_of(STRANGER)
    ever = authorise(CARD, STRANGER, NOW, permanent=True).authorisation_of(STRANGER)
    assert year == Authorisation(STRANGER, NOW, NOW + DEFAULT_DURATION)
    assert week == Authorisation(STRANGER, NOW, NOW + 7 * DAY)
    assert ever == Authorisation(STRANGER, NOW, None)


def test_an_authorisation_is_live_from_its_first_second_to_before_its_last() -> None:
    week = Authorisation(STRANGER, NOW, NOW + 7)
    assert [week.is_live(NOW + each) for each in (-1, 0, 6, 7)] == [False, True, True, False]
    assert [week.has_expired(NOW + each) for each in (-1, 0, 6, 7)] == [False, False, False, True]


def test_renewing_keeps_one_authorisation_and_its_beginning_while_it_runs() -> None:
    renewed = authorise(CARD, DOCTOR, NOW, permanent=True)
    assert renewed.authorisation_of(DOCTOR) == Authorisation(DOCTOR, NOW - DAY, None)
    assert len(renewed.authorisations) == len(CARD.authorisations)
    assert authorise(CARD, EXPIRED, NOW, permanent=True).authorisation_of(EXPIRED) == Authorisation(
        EXPIRED, NOW, None
    )
    assert authorise(CARD, FUTURE, NOW, permanent=True).authorisation_of(FUTURE) == Authorisation(
        FUTURE, NOW, None
    )


@pytest.mark.parametrize(
    "choice",
    [
        {"until": NOW},
        {"until": NOW - 1},
        {"until": NOW + 1, "permanent": True},
        {"until": NOW + LONGEST_DURATION + 1},
        {"until": 2**53 - 1},
    ],
)
def test_an_authorisation_ends_in_the_future_or_never(choice: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refusal:
        authorise(CARD, STRANGER, NOW, **choice)
    assert refusal.value.code == "bad_authorisation"


CHANGES: dict[str, Callable[[Card], Card]] = {
    "authorise": lambda card: authorise(card, STRANGER, NOW),
    "authorise again": lambda card: authorise(card, DOCTOR, NOW),
    "revoke": lambda card: revoke(card, DOCTOR),
    "block": lambda card: block(card, STRANGER),
    "unblock": lambda card: unblock(card, next(iter(CARD.blocks))),
    "name attending": lambda card: name_attending(card, STRANGER),
    "remove attending": lambda card: remove_attending(card, next(iter(CARD.attending))),
    "set emergency": lambda card: set_emergency(card, Emergency(bris_de_glace=False)),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_change_changes_the_card_once(change: Callable[[Card], Card]) -> None:
    once = change(CARD)
    assert once != CARD
    assert change(once) == once


@pytest.mark.parametrize("undo", [revoke, unblock, remove_attending])
def test_taking_back_what_was_never_given_changes_nothing(undo: Callable[[Card, str], Card]) -> None:
    assert undo(CARD, STRANGER) == CARD


@pytest.mark.parametrize("change", [block, name_attending, lambda card, who: authorise(card, who, NOW)])
def test_a_card_names_professionals_by_national_number(change: Callable[[Card, str], Card]) -> None:
    with pytest.raises(Invalid) as refusal:
        change(CARD, "Dr Durand")
    assert refusal.value.code == "bad_rpps"


OLDER = "89970002"


@pytest.mark.parametrize("undo", [revoke, unblock, remove_attending])
def test_a_number_of_an_earlier_form_stays_readable_and_can_be_taken_off(
    undo: Callable[[Card, str], Card],
) -> None:
    kept = replace(
        CARD,
        authorisations=(*CARD.authorisations, Authorisation(OLDER, NOW, None)),
        blocks=CARD.blocks | {OLDER},
        attending=CARD.attending | {OLDER},
    )
    assert Card.from_json(json.loads(json.dumps(kept.to_json()))) == kept
    assert undo(kept, OLDER) != kept
    with pytest.raises(Invalid) as refusal:
        undo(CARD, OLDER)
    assert refusal.value.code == "bad_rpps"


GIVING = {"authorise", "authorise again", "unblock", "name attending"}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_protects_if_it_takes_rights_away_and_gives_none(name: str) -> None:
    assert protects(CARD, CHANGES[name](CARD)) is (name not in GIVING)


def test_lifting_an_opposition_protects_nobody() -> None:
    opposed = set_emergency(CARD, Emergency(bris_de_glace=False, centre_15=False))
    assert protects(CARD, opposed)
    for lifted in (Emergency(True, False), Emergency(False, True), Emergency()):
        assert not protects(opposed, set_emergency(opposed, lifted))


@pytest.mark.parametrize("card", [CARD, replace(CARD, consent=None), Card(CARD.ins, CARD.traits, None)])
def test_a_card_survives_its_json_form(card: Card) -> None:
    assert Card.from_json(json.loads(json.dumps(card.to_json()))) == card


def _altered(path: str, value: object) -> dict[str, Any]:
    form: dict[str, Any] = CARD.to_json()
    *parents, last = path.split(".")
    place: Any = form
    for name in parents:
        place = place[int(name) if name.isdigit() else name]
    place[last] = value
    return form


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("extra", 1),
        ("ins.extra", 1),
        ("ins", None),
        ("traits.sex", 1),
        ("consent.at", "today"),
        ("consent.at", True),
        ("authorisations.0.until", "never"),
        ("authorisations.0.extra", 1),
        ("authorisations", {}),
        ("blocks", [1]),
        ("emergency.bris_de_glace", 1),
        ("emergency.extra", True),
    ],
)
def test_a_card_of_another_shape_is_refused(path: str, value: object) -> None:
    with pytest.raises(Invalid) as refusal:
        Card.from_json(_altered(path, value))
    assert refusal.value.code == "bad_shape"


def test_a_card_without_a_member_is_refused() -> None:
    form = CARD.to_json()
    del form["blocks"]
    for value in (form, [], None):
        with pytest.raises(Invalid) as refusal:
            Card.from_json(value)
        assert refusal.value.code == "bad_shape"
