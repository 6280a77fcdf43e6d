"""The matrix as a table: a line for each type of document, with the source of what it says."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.documents.facts import DocumentFacts
from records.instants import changes_at
from records.policy import AccessRequest, Deny, Facts, Permit, RecordFacts, decide, visible, warnings
from records.rules.assumptions import closed_by_assumption, matrix_of
from records.vocabulary.codes import Action, Label, Obligation, PurposeOfUse, ReasonCode, RecordState
from records.vocabulary.document_types import DOCUMENT_TYPES
from records.vocabulary.matrix import Basis, Cell, Mark, Matrices, Matrix
from records.vocabulary.matrix_tables import MATRICES
from records.vocabulary.professions import PROFESSIONS
from tests.unit.records.factories import CARD, DOCTOR, NOW, REPORT, patient, professional

IN_FORCE = MATRICES.versions[-1]
ACTIVE = RecordFacts(RecordState.ACTIVE, CARD)
TELL = frozenset({Obligation.TELL_ASSUMED_RIGHT})

# Yes and no are sourced, y and n assumed. Professions: 10 doctor, 21 pharmacist, 40 dentist, 50 midwife,
# 60 nurse, 69 psychiatric nurse, 70 physiotherapist, 80 podiatrist, 35 nursing assistant, 36 ambulance driver
#   profession:         10    21    40    50    60    69    70    80    35    36
TABLE = """
    11502-2             Yes   Yes   Yes   y     Yes   y     y     Yes   y     n
    IMG-KOS             Yes   Yes   Yes   y     Yes   y     y     Yes   y     n
    REMB                Yes   Yes   Yes   y     Yes   y     y     Yes   y     n
    ATTEST-RESID        No    n     n     n     n     n     n     n     n     n
    83981-1             Yes   n     No    n     Yes   y     n     y     n     n
    DOCPAT03            Yes   Yes   Yes   y     Yes   y     y     Yes   y     n
    DOCPAT05            Yes   Yes   Yes   y     Yes   y     y     Yes   y     n
    DOCPAT06            Yes   Yes   Yes   y     Yes   y     y     Yes   y     n
    47420-5             Yes   Yes   Yes   y     Yes   y     y     Yes   y     n
    15507-7             Yes   Yes   Yes   y     Yes   y     y     Yes   y     n
    56445-0             Yes   Yes   Yes   y     Yes   y     y     Yes   y     n
    PROT_ALD            Yes   Yes   Yes   y     Yes   y     y     Yes   y     n
    75496-0             Yes   n     No    n     No    n     n     y     n     n
    68599-0             Yes   n     No    n     No    n     n     y     n     n
    83901-9             Yes   n     No    n     No    n     n     y     n     n
    68817-6             Yes   n     y     n     No    n     n     y     n     n
    89601-9             Yes   n     y     n     No    n     n     y     n     n
    80788-3             Yes   n     No    n     y     y     n     y     n     n
    EXPPAT_3            Yes   n     No    n     y     y     n     y     n     n
    15508-5             Yes   n     y     y     y     y     n     No    n     n
    51969-4             Yes   Yes   Yes   y     Yes   n     n     Yes   n     n
    18761-7             Yes   Yes   Yes   y     Yes   y     y     Yes   y     y
    EXPORT_DUI          y     n     n     n     n     n     n     n     n     n
"""
WORDS = {"Yes": (True, False), "No": (False, False), "y": (True, True), "n": (False, True)}


@pytest.mark.parametrize("row", TABLE.strip().splitlines(), ids=lambda row: row.split()[0])
@pytest.mark.requirement("R16")
def test_r16_the_matrix(row: str) -> None:
    type_code, *words = row.split()
    for profession, word in zip(
        ("10", "21", "40", "50", "60", "69", "70", "80", "35", "36"), words, strict=True
    ):
        cell = IN_FORCE.cell(profession, type_code)
        assert cell is not None
        assert (cell.reads, cell.is_assumed) == WORDS[word], profession


# domain: what a published source says of a profession, and where
SOURCED = [
    ("10", "", "ATTEST-RESID", "INFD"),
    ("60", "", "75496-0 68599-0 83901-9 68817-6 89601-9", "INF"),
    ("60", "83981-1 DOCPAT03 DOCPAT05 DOCPAT06 47420-5 11502-2 15507-7 56445-0 PROT_ALD", "", "INF"),
    ("40", "", "80788-3 75496-0 83981-1 83901-9 68599-0", "INFD"),
    ("40", "", "EXPPAT_3", "FAS"),
    ("80", "", "15508-5", "FAS"),
]


@pytest.mark.parametrize(("profession", "reads", "refused", "source"), SOURCED)
@pytest.mark.requirement("R16")
def test_what_a_source_names_is_marked_with_it(
    profession: str, reads: str, refused: str, source: str
) -> None:
    basis = MATRICES.bases[source]
    assert basis.mark is Mark.SOURCED
    for types, may in ((reads, True), (refused, False)):
        for type_code in types.split():
            assert IN_FORCE.cell(profession, type_code) == Cell(may, basis)


def test_nobody_reads_more_than_a_doctor_nor_who_helps_more_than_who_is_helped() -> None:
    def reads(profession: str) -> set[str]:
        return {code for code, cell in IN_FORCE.rows[profession].items() if cell.reads}

    assert all(reads(each) <= reads("10") for each in PROFESSIONS)
    for helper, helped in [
        ("31", "40"),
        ("35", "60"),
        ("37", "60"),
        ("38", "21"),
        ("39", "21"),
        ("82", "80"),
    ]:
        assert reads(helper) < reads(helped), helper
    assert not reads("93")


@pytest.mark.parametrize("profession", [None, "", "00", "médecin", " 10"])
@pytest.mark.requirement("R16")
def test_r16_an_unknown_profession_and_an_unknown_type_have_no_cell(profession: str | None) -> None:
    assert all(IN_FORCE.cell(profession, each) is None for each in DOCUMENT_TYPES)
    assert all(IN_FORCE.cell(each, "unheard-of") is None for each in PROFESSIONS)


def ask(profession: str, now: int = NOW, does: Action = Action.RETRIEVE) -> AccessRequest:
    return AccessRequest(professional(DOCTOR, profession=profession), does, PurposeOfUse.NORMAL, now)


def of_type(type_code: str) -> DocumentFacts:
    return replace(REPORT, type_code=type_code)


#   profession  type     decision                          told that the cell is assumed
@pytest.mark.parametrize(
    ("profession", "type_code", "reason", "told"),
    [
        ("10", "11502-2", ReasonCode.AUTHORISED, False),
        ("10", "ATTEST-RESID", ReasonCode.TYPE_NOT_ENTITLED, False),
        ("10", "EXPORT_DUI", ReasonCode.AUTHORISED, True),
        ("60", "68599-0", ReasonCode.TYPE_NOT_ENTITLED, False),
        ("80", "15508-5", ReasonCode.TYPE_NOT_ENTITLED, False),
        ("80", "11502-2", ReasonCode.AUTHORISED, False),
        ("80", "83981-1", ReasonCode.AUTHORISED, True),
        ("70", "11502-2", ReasonCode.AUTHORISED, True),
        ("36", "51969-4", ReasonCode.TYPE_NOT_ENTITLED, True),
        ("36", "18761-7", ReasonCode.AUTHORISED, True),
        ("10", "unheard-of", ReasonCode.TYPE_NOT_ENTITLED, False),
        ("93", "11502-2", ReasonCode.PROFESSION_NOT_ENTITLED, True),
        ("00", "11502-2", ReasonCode.PROFESSION_NOT_ENTITLED, False),
    ],
)
@pytest.mark.requirement("R16")
def test_whoever_an_assumed_cell_lets_in_or_refuses_is_told(
    profession: str, type_code: str, reason: ReasonCode, told: bool
) -> None:
    decision = decide(ask(profession), Facts(ACTIVE, of_type(type_code)))
    assert decision.reason is reason
    assert (decision.obligations == TELL) is told


def test_being_told_stands_beside_the_other_warnings_and_concerns_readers_alone() -> None:
    hidden = replace(of_type("11502-2"), labels=frozenset({Label.INVISIBLE_PATIENT}))
    assert warnings(ask("70"), hidden) == TELL | {Obligation.WARN_HIDDEN_FROM_PATIENT}
    own = AccessRequest(patient(), Action.RETRIEVE, PurposeOfUse.NORMAL, NOW)
    assert warnings(own, of_type("11502-2")) == frozenset()
    assert (
        decide(ask("70", does=Action.DEPOSIT), Facts(ACTIVE, of_type("11502-2"))).obligations == frozenset()
    )


def test_types_closed_by_assumption_are_told_whatever_the_record_holds() -> None:
    assert closed_by_assumption(ask("10")) == tuple(
        code for code, cell in IN_FORCE.rows["10"].items() if not cell.reads and cell.is_assumed
    )
    assert {"51969-4", "68599-0"} <= set(closed_by_assumption(ask("36")))
    assert set(closed_by_assumption(ask("93"))) == set(DOCUMENT_TYPES)
    assert closed_by_assumption(ask("00")) == closed_by_assumption(ask("36", does=Action.DEPOSIT)) == ()


# Two orders, one after the other: the second closes reports of biology to nurses and opens what was closed.
SECOND = NOW + 1_000_000
SAID = Basis("S", Mark.SOURCED, "an order")


def order(name: str, since: int, until: int | None, **cells: bool) -> Matrix:
    row = {code.replace("_", "-"): Cell(may, SAID) for code, may in cells.items()}
    return Matrix(name, name, since, until, {"60": row})


TWO = Matrices(
    {"S": SAID},
    (
        order("first", NOW - 10, SECOND, **{"11502_2": True, "68599_0": False}),
        order("second", SECOND, None, **{"11502_2": False, "68599_0": True}),
    ),
)


@pytest.mark.parametrize(
    ("now", "version", "biology", "psychiatry"),
    [
        (NOW - 11, None, False, False),
        (NOW - 10, "first", True, False),
        (SECOND - 1, "first", True, False),
        (SECOND, "second", False, True),
        (SECOND + 10**9, "second", False, True),
    ],
)
@pytest.mark.requirement("R16")
def test_r16_a_decision_takes_the_version_in_force_at_its_own_time(
    now: int, version: str | None, biology: bool, psychiatry: bool
) -> None:
    attending = replace(CARD, authorisations=(replace(CARD.authorisations[0], since=0, until=None),))
    facts = Facts(RecordFacts(RecordState.ACTIVE, attending))
    documents = (of_type("11502-2"), of_type("68599-0"))
    used = matrix_of(ask("60", now), TWO)
    assert (used.name if used else None) == version
    decisions = [decide(ask("60", now), replace(facts, document=each), TWO) for each in documents]
    assert [isinstance(each, Permit) for each in decisions] == [biology, psychiatry]
    seen = visible(ask("60", now), facts, documents, TWO)
    assert [each in seen for each in documents] == [biology, psychiatry]


def test_before_the_first_version_no_professional_reads() -> None:
    long_ago = ask("10", MATRICES.versions[0].since - 1)
    attending = replace(CARD, attending=frozenset({DOCTOR}))
    facts = Facts(RecordFacts(RecordState.ACTIVE, attending), REPORT)
    assert decide(long_ago, facts) == Deny(ReasonCode.TYPE_NOT_ENTITLED)
    assert isinstance(decide(replace(long_ago, now=long_ago.now + 1), facts), Permit)


def test_a_day_begins_at_midnight_in_paris() -> None:
    first = datetime.fromtimestamp(MATRICES.versions[0].since, ZoneInfo("Europe/Paris"))
    assert first.isoformat() == "2023-10-30T00:00:00+01:00"


def test_a_kept_decision_is_taken_again_where_another_version_begins() -> None:
    card = replace(CARD, authorisations=())
    assert changes_at(ask("60"), RecordFacts(RecordState.ACTIVE, card), (), TWO) == SECOND
    assert changes_at(ask("60"), RecordFacts(RecordState.ACTIVE, card), (), MATRICES) is None


professions = st.sampled_from(sorted(PROFESSIONS))
types = st.sampled_from(sorted(DOCUMENT_TYPES))


@given(professions, types, types, st.sampled_from([Action.SEARCH, Action.RETRIEVE, Action.STILL]))
@pytest.mark.requirement("R16")
def test_taking_a_cell_away_never_adds_access(profession: str, taken: str, asked: str, does: Action) -> None:
    row = {code: cell for code, cell in IN_FORCE.rows[profession].items() if code != taken}
    less = replace(IN_FORCE, rows={**IN_FORCE.rows, profession: row})
    request, facts = ask(profession, does=does), Facts(ACTIVE, of_type(asked))
    before, after = decide(request, facts), decide(request, facts, Matrices(MATRICES.bases, (less,)))
    assert isinstance(before, Permit) or isinstance(after, Deny)
    if taken == asked:
        assert isinstance(after, Deny)
    else:
        assert before == after
