"""What holds for every decision, whatever the situation."""

import ast
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

import records
from records.card.card import Card, CardAuthorisation, Emergency
from records.card.changes import block, remove_attending
from records.card.consent import ConsentRecord
from records.choices.authorisations import Authorisation, DocumentKind, Ground, Scope
from records.choices.authorising import revoke
from records.documents.facts import DocumentFacts
from records.people.actors import Actor
from records.policy import AccessRequest, Deny, EmergencyUse, Facts, Permit, RecordFacts, decide, visible
from records.rules.request import READS, WITHOUT_RECORD
from records.vocabulary.codes import Action, DocumentState, Label, PurposeOfUse, ReasonCode, RecordState, Role
from records.vocabulary.depositing import Depositor, may_deposit
from records.vocabulary.document_types import DOCUMENT_TYPES
from records.vocabulary.professions import DOCTOR, PROFESSIONS, is_health_professional
from records.vocabulary.sectors import INSURER_SETTING, SECTORS, Opens
from tests.unit.records.factories import (
    CARD,
    CIRCLE,
    DAY,
    HER_INS,
    HIS_INS,
    HOSPITAL,
    NOW,
    PERMITTING,
    PRACTICE,
)

NUMBERS = ["899700024450", "899700024451"]
numbers = st.sampled_from(NUMBERS)
structures = st.sampled_from([HOSPITAL, PRACTICE])
times = st.integers(NOW - 2, NOW + 2)

actors = st.builds(
    Actor,
    role=st.sampled_from(Role),
    issuer=st.just("demo"),
    subject=st.just("someone"),
    rpps=st.none() | numbers,
    profession=st.sampled_from([None, "00", "10", "10", "10", "60", "93"]),
    structure=st.none() | structures,
    ins=st.sampled_from([None, HER_INS, HIS_INS]),
    sector=st.sampled_from([None, "SA99", "SA07", "SA01", "SA23", "SA24", "SA47"]),
    setting=st.sampled_from([None, "SAMU_SMUR"]),
)


def mostly(usual: Any, *others: Any) -> st.SearchStrategy[Any]:
    """Left to chance alone hardly any request would be permitted, and the properties would say nothing."""
    return st.sampled_from([usual] * 3 * len(others) + list(others))


likely_actors = st.builds(
    Actor,
    role=st.sampled_from([Role.PATIENT, Role.PROFESSIONAL, Role.PROFESSIONAL]),
    issuer=st.just("demo"),
    subject=st.just("someone"),
    rpps=numbers,
    profession=mostly("10", "60"),
    structure=structures,
    ins=st.just(HER_INS),
    sector=mostly("SA07", "SA13"),
    setting=st.just("SAMU_SMUR"),
)
likely = st.builds(
    AccessRequest,
    likely_actors,
    st.sampled_from([Action.SEARCH, Action.RETRIEVE, Action.STILL]) | st.just(Action.READ_LOG),
    mostly(PurposeOfUse.NORMAL, PurposeOfUse.BRIS_DE_GLACE, PurposeOfUse.CENTRE_15),
    times,
    mostly("patient inconscient", "court", None),
)
chance = st.builds(
    AccessRequest,
    actors,
    st.sampled_from(Action),
    st.sampled_from(PurposeOfUse),
    times,
    mostly("court", None),
)
requests = likely | likely | chance
cards = st.builds(
    Card,
    ins=st.just(HER_INS),
    traits=st.just(CARD.traits),
    consent=mostly(ConsentRecord("x", "oral", NOW - DAY), None),
    authorisations=st.lists(
        st.builds(CardAuthorisation, numbers, mostly(NOW - DAY, NOW + 1), mostly(None, NOW, NOW + 1)),
        max_size=2,
        unique_by=lambda each: each.professional,
    ).map(tuple),
    blocks=mostly(frozenset(), frozenset(NUMBERS[:1])),
    attending=st.sampled_from([{}, dict.fromkeys(NUMBERS[1:]), dict.fromkeys(NUMBERS)]),
    blocked_structures=st.sampled_from([frozenset(), frozenset({PRACTICE})]),
    emergency=mostly(Emergency(), Emergency(False, True), Emergency(True, False)),
)
labels = st.sampled_from(Label)
documents = st.builds(
    DocumentFacts,
    document_id=st.just(UUID(int=1)),
    kind=st.sampled_from(["study", "document"]),
    type_code=mostly("11502-2", "IMG-KOS", "68599-0", "ATTEST-RESID", "unheard-of"),
    author_structure=mostly("", HOSPITAL, PRACTICE),
    author=mostly("", *NUMBERS),
    labels=st.frozensets(labels, max_size=1) | st.frozensets(labels),
    state=mostly(DocumentState.APPROVED, *DocumentState),
    visible_to_patient_from=mostly(None, NOW - 1, NOW + 1),
    shown_to=mostly(frozenset(), frozenset({CIRCLE})),
    class_code=st.sampled_from(["", "10"]),
)
states = mostly(RecordState.ACTIVE, *RecordState)
uses = st.none() | st.builds(EmergencyUse, mostly(False, True), st.sampled_from([0, 1, 2, 3]))
grounds = st.builds(
    Ground,
    circle=st.just(CIRCLE),
    since=mostly(NOW - DAY, NOW + 1),
    until=mostly(None, NOW, NOW + 1),
    consent=st.just(ConsentRecord("patient", "online", NOW - DAY)),
    scope=st.sampled_from(Scope),
    kinds=mostly(frozenset(), frozenset({DocumentKind("10")})),
    express=st.booleans(),
    ended=mostly(None, NOW - 1),
)
given_rows = st.none() | st.builds(Authorisation, numbers, st.lists(grounds, max_size=2).map(tuple))
everything = st.builds(
    Facts, st.builds(RecordFacts, states, st.none() | cards, given_rows), st.none() | documents, uses
)
existing = st.builds(Facts, st.builds(RecordFacts, states, cards, given_rows), documents, uses)


def permits(request: AccessRequest, facts: Facts) -> bool:
    return isinstance(decide(request, facts), Permit)


def with_card(facts: Facts, **changes: Any) -> Facts:
    assert facts.record.card is not None
    return replace(facts, record=replace(facts.record, card=replace(facts.record.card, **changes)))


def with_document(facts: Facts, **changes: Any) -> Facts:
    assert facts.document is not None
    return replace(facts, document=replace(facts.document, **changes))


def with_rows(facts: Facts, rows: Authorisation) -> Facts:
    return replace(facts, record=replace(facts.record, authorisation=rows))


def never_more(request: AccessRequest, before: Facts, after: Facts) -> bool:
    return permits(request, before) or not permits(request, after)


@pytest.mark.parametrize(
    "reason",
    PERMITTING
    - {
        ReasonCode.DEPOSIT,
        ReasonCode.OPERATOR,
        ReasonCode.AUTHOR,
        ReasonCode.OWN_ACTIONS,
        ReasonCode.CONSENT_RECORDED,
        ReasonCode.PROVEN,
    },
)
def test_the_situations_below_reach_every_ground_of_reading(reason: ReasonCode) -> None:
    find(
        st.tuples(likely, existing),
        lambda case: decide(*case).reason is reason,
        settings=settings(phases=[Phase.generate], max_examples=2000),
    )


@given(requests, everything)
@pytest.mark.requirement("R15")
def test_every_question_has_one_answer_with_its_reason(request: AccessRequest, facts: Facts) -> None:
    decision = decide(request, facts)
    assert decision == decide(request, facts)
    assert isinstance(decision, Permit) is (decision.reason in PERMITTING)


@given(requests, existing, numbers)
@pytest.mark.requirement("R18")
def test_removing_a_right_never_adds_access(request: AccessRequest, facts: Facts, who: str) -> None:
    card = facts.record.card
    assert card is not None
    for less in (remove_attending(card, who), replace(card, consent=None), replace(card, authorisations=())):
        assert never_more(request, facts, replace(facts, record=replace(facts.record, card=less)))
    rows = facts.record.authorisation
    if rows is not None:
        gone = Authorisation(who, ())
        for fewer in (gone, revoke(rows, NOW - 2), *(replace(rows, grounds=(one,)) for one in rows.grounds)):
            assert never_more(request, facts, with_rows(facts, fewer))


@given(requests, existing)
@pytest.mark.requirement("R18")
def test_choosing_less_never_adds_access(request: AccessRequest, facts: Facts) -> None:
    """From all documents to chosen ones, from shown to not shown, from a kind to none."""
    rows = facts.record.authorisation
    if rows is not None:
        narrow = (
            replace(rows, grounds=tuple(replace(each, **less) for each in rows.grounds))
            for less in ({"scope": Scope.CHOSEN}, {"kinds": frozenset()})
        )
        for fewer in narrow:
            assert never_more(request, facts, with_rows(facts, fewer))
    assert never_more(request, facts, with_document(facts, shown_to=frozenset()))


@given(requests, existing, numbers)
@pytest.mark.requirement("R19")
def test_adding_a_block_never_adds_access(request: AccessRequest, facts: Facts, who: str) -> None:
    card = facts.record.card
    assert card is not None
    assert never_more(request, facts, replace(facts, record=replace(facts.record, card=block(card, who))))


@given(requests, existing, st.sampled_from(Label))
@pytest.mark.requirement("R24")
def test_r24_adding_a_label_never_adds_access(request: AccessRequest, facts: Facts, label: Label) -> None:
    assert facts.document is not None
    assert never_more(request, facts, with_document(facts, labels=facts.document.labels | {label}))


@given(requests, existing)
@pytest.mark.requirement("R28")
def test_r28_opting_out_never_adds_access_and_closes_its_own_mode(
    request: AccessRequest, facts: Facts
) -> None:
    opposed = with_card(facts, emergency=Emergency(bris_de_glace=False, centre_15=False))
    assert never_more(request, facts, opposed)
    if request.purpose in (PurposeOfUse.BRIS_DE_GLACE, PurposeOfUse.CENTRE_15):
        assert not permits(request, opposed)


@given(requests, existing)
def test_asking_for_a_document_never_gives_more_than_asking_for_the_record(
    request: AccessRequest, facts: Facts
) -> None:
    assert never_more(request, replace(facts, document=None), facts)


@given(requests, existing, st.text(max_size=4))
@pytest.mark.requirement("R16")
def test_r16_an_unknown_profession_reads_nothing(
    request: AccessRequest, facts: Facts, profession: str
) -> None:
    if profession not in PROFESSIONS and request.actor.role is Role.PROFESSIONAL:
        unknown = replace(request, actor=replace(request.actor, profession=profession))
        assert request.action is Action.DEPOSIT or not permits(unknown, facts)


@given(requests, existing, st.text(max_size=8))
@pytest.mark.requirement("R16")
def test_r16_an_unknown_type_is_read_by_no_professional(
    request: AccessRequest, facts: Facts, type_code: str
) -> None:
    if type_code not in DOCUMENT_TYPES and request.actor.role is Role.PROFESSIONAL:
        reads = request.action in READS  # who deposited one may still take it back
        assert not reads or not permits(request, with_document(facts, type_code=type_code))


@given(requests, existing, st.none() | st.text(max_size=4) | st.sampled_from(sorted(SECTORS)))
@pytest.mark.requirement("R29")
def test_r29_a_professional_acts_from_a_sector_that_the_table_admits(
    request: AccessRequest, facts: Facts, sector: str | None
) -> None:
    if request.actor.role is not Role.PROFESSIONAL:
        return
    there = replace(request, actor=replace(request.actor, sector=sector))
    if sector not in SECTORS or SECTORS[sector].opens is Opens.NOTHING:
        assert decide(there, facts) == Deny(ReasonCode.FORBIDDEN_SECTOR)
    elif SECTORS[sector].opens is Opens.EXPRESS_CONSENT and request.action in READS and permits(there, facts):
        given = facts.record.authorisation_of(request.actor)
        assert given is not None and any(each.express for each in given.live(request.now))


@given(requests, existing)
@pytest.mark.requirement("R20")
def test_r20_an_emergency_shows_nothing_masked_that_normal_mode_would_not(
    request: AccessRequest, facts: Facts
) -> None:
    assert facts.document is not None
    masked = with_document(facts, labels=facts.document.labels | {Label.MASQUE_PS})
    if request.actor.role is not Role.PROFESSIONAL or request.action not in READS:
        return
    if request.purpose is not PurposeOfUse.NORMAL and permits(request, masked):
        consented = with_card(masked, consent=ConsentRecord("x", "spoken", NOW - DAY))
        assert permits(replace(request, purpose=PurposeOfUse.NORMAL), consented)


@given(requests, existing)
@pytest.mark.requirement("R26")
def test_r26_only_the_professions_of_the_table_break_the_glass(request: AccessRequest, facts: Facts) -> None:
    broken = replace(request, purpose=PurposeOfUse.BRIS_DE_GLACE, reason="patient inconscient")
    for profession in (None, *PROFESSIONS):
        asked = replace(broken, actor=replace(broken.actor, profession=profession))
        if permits(asked, facts):
            assert profession is not None and PROFESSIONS[profession].emergencies


@given(requests, existing)
@pytest.mark.requirement("R21")
def test_r21_the_status_of_attending_doctor_counts_for_a_doctor_alone(
    request: AccessRequest, facts: Facts
) -> None:
    if request.actor.role is Role.PROFESSIONAL and request.actor.profession != DOCTOR:
        assert decide(request, facts) == decide(request, with_card(facts, attending={}))


@given(requests, existing, st.sampled_from(sorted(DOCUMENT_TYPES)))
@pytest.mark.requirement("R34")
def test_r34_a_deposit_follows_the_table_of_depositors(
    request: AccessRequest, facts: Facts, type_code: str
) -> None:
    deposit = replace(request, action=Action.DEPOSIT, purpose=PurposeOfUse.NORMAL)
    if permits(deposit, with_document(facts, type_code=type_code)):
        insurer = deposit.actor.role is Role.DEPOSITOR and deposit.actor.setting == INSURER_SETTING
        other = Depositor.HOLDER if deposit.actor.role is Role.PATIENT else Depositor.CARE
        assert may_deposit(Depositor.INSURER if insurer else other, type_code)


@given(requests, existing)
@pytest.mark.requirement("R32")
def test_r32_withdrawing_is_for_the_author_or_a_person_of_the_authoring_structure(
    request: AccessRequest, facts: Facts
) -> None:
    withdrawal = replace(request, action=Action.WITHDRAW, purpose=PurposeOfUse.NORMAL)
    actor, document, card = withdrawal.actor, facts.document, facts.record.card
    assert document is not None and card is not None
    if actor.role is Role.OPERATOR or not permits(withdrawal, facts):
        return
    structure = bool(actor.structure) and actor.structure == document.author_structure
    if actor.role is Role.DEPOSITOR:
        assert structure and not document.author
    else:
        assert actor.rpps and is_health_professional(actor.profession)
        assert actor.rpps == document.author or (structure and actor.rpps not in card.blocks)


@given(requests, everything)
@pytest.mark.requirement("R7")
def test_only_the_holder_and_professionals_ever_read(request: AccessRequest, facts: Facts) -> None:
    reads = request.action in (Action.SEARCH, Action.RETRIEVE, Action.STILL, Action.READ_LOG)
    if reads and permits(request, facts):
        assert request.actor.role in (Role.PATIENT, Role.PROFESSIONAL)
        assert facts.record.card is not None
        assert request.actor.role is Role.PROFESSIONAL or request.actor.ins == facts.record.card.ins


@given(requests, everything, st.lists(documents, max_size=5))
@pytest.mark.requirement("R15")
def test_r15_a_list_holds_exactly_what_is_permitted_one_by_one(
    request: AccessRequest, facts: Facts, several: list[DocumentFacts]
) -> None:
    one_by_one = tuple(
        each
        for each in several
        if facts.record.card is not None and permits(request, replace(facts, document=each))
    )
    assert visible(request, facts, several) == (() if request.action in WITHOUT_RECORD else one_by_one)


PURE = {"abc", "base64", "binascii", "collections", "csv", "dataclasses", "datetime", "enum", "functools"} | {
    "importlib",
    "ipaddress",
    "itertools",
    "re",
    "records",
    "tomllib",
    "types",
    "typing",
    "unicodedata",
    "urllib.parse",
    "uuid",
}


def test_records_imports_nothing_but_pure_modules_of_the_standard_library() -> None:
    for source in Path(records.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert {name if name in PURE else name.split(".")[0] for name in names} <= PURE, source.name
