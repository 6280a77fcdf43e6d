import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from records.card.card import Card, CardAuthorisation, Emergency, Refusals
from records.card.changes import (
    block,
    block_structure,
    name_attending,
    protects,
    remove_attending,
    set_emergency,
    unblock,
    unblock_structure,
)
from records.errors import Invalid
from records.people.identity import INS
from tests.unit.records import factories
from tests.unit.records.earlier_cards import earlier_json
from tests.unit.records.factories import HOSPITAL, NOW, PRACTICE, STRANGER

CARD = replace(
    factories.CARD,
    authorisations=(),
    blocked_structures=frozenset({HOSPITAL}),
    refusals=Refusals(frozenset({"90"}), frozenset({PRACTICE})),
    former_ins=(INS("155067200010159", factories.INS_NIR_TEST),),
)
"""As it is sealed now: what permits one professional stands in rows of its own."""


CHANGES: dict[str, Callable[[Card], Card]] = {
    "block structure": lambda card: block_structure(card, PRACTICE),
    "unblock structure": lambda card: unblock_structure(card, HOSPITAL),
    "block": lambda card: block(card, STRANGER),
    "unblock": lambda card: unblock(card, next(iter(CARD.blocks))),
    "name attending": lambda card: name_attending(card, STRANGER, NOW),
    "remove attending": lambda card: remove_attending(card, next(iter(CARD.attending))),
    "set emergency": lambda card: set_emergency(card, Emergency(bris_de_glace=False)),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_change_changes_the_card_once(change: Callable[[Card], Card]) -> None:
    once = change(CARD)
    assert once != CARD
    assert change(once) == once


@pytest.mark.parametrize("undo", [unblock, remove_attending])
def test_taking_back_what_was_never_given_changes_nothing(undo: Callable[[Card, str], Card]) -> None:
    assert undo(CARD, STRANGER) == CARD


@pytest.mark.parametrize("change", [block, lambda card, who: name_attending(card, who, NOW)])
def test_a_card_names_professionals_by_national_number(change: Callable[[Card, str], Card]) -> None:
    with pytest.raises(Invalid) as refusal:
        change(CARD, "Dr Durand")
    assert refusal.value.code == "bad_rpps"


OLDER = "89970002"


@pytest.mark.parametrize("undo", [unblock, remove_attending])
def test_a_number_of_an_earlier_form_stays_readable_and_can_be_taken_off(
    undo: Callable[[Card, str], Card],
) -> None:
    kept = replace(
        CARD,
        blocks=CARD.blocks | {OLDER},
        attending={**CARD.attending, OLDER: None},
    )
    assert Card.from_json(json.loads(json.dumps(kept.to_json()))) == kept
    assert undo(kept, OLDER) != kept
    with pytest.raises(Invalid) as refusal:
        undo(CARD, OLDER)
    assert refusal.value.code == "bad_rpps"


GIVING = {"unblock", "unblock structure", "name attending"}


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


def test_a_card_of_an_earlier_label_has_authorisations_and_no_more() -> None:
    earlier = earlier_json(factories.CARD)
    assert Card.from_earlier_json(json.loads(json.dumps(earlier))) == factories.CARD
    for value in (CARD.to_json(), earlier | {"refusals": {}}, earlier | {"authorisations": [1]}):
        with pytest.raises(Invalid) as refusal:
            Card.from_earlier_json(value)
        assert refusal.value.code == "bad_shape"
    assert factories.CARD.authorisation_of(STRANGER) is None
    assert isinstance(factories.CARD.authorisation_of(factories.DOCTOR), CardAuthorisation)


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
        ("authorisations", []),
        ("attending", []),
        ("attending", {"899700024451": "yesterday"}),
        ("blocked_structures", [1]),
        ("refusals.classes", [1]),
        ("refusals.extra", []),
        ("former_ins", [1]),
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
