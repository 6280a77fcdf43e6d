"""What is told of a decision: the version of the matrix, and that it rests on an assumed cell."""

from dataclasses import replace

from records.access import AccessRequest, Facts, Permit, RecordFacts
from records.policy import decide, warnings
from records.rules.assumptions import closed_by_assumption, of_refusal, told_in_log
from records.vocabulary.codes import Action, Label, Obligation, PurposeOfUse, ReasonCode, RecordState
from records.vocabulary.matrix import Cell, Mark, Matrices
from records.vocabulary.matrix_tables import MATRICES
from tests.unit.records.factories import BLOCKED, CARD, NOW, REPORT, depositor, patient, professional
from tests.unit.records.factories import DOCTOR as RPPS

AT = NOW
NONE_IN_FORCE = Matrices(MATRICES.bases, ())
TELL = frozenset({Obligation.TELL_ASSUMED_RIGHT})
DOCTOR, NURSE, PSYCHOLOGIST = (professional(profession=code) for code in ("10", "60", "93"))


def ask(actor: object, action: Action = Action.RETRIEVE) -> AccessRequest:
    return AccessRequest(actor, action, PurposeOfUse.NORMAL, AT)  # type: ignore[arg-type]


def test_a_line_names_the_version_that_decided_and_whether_it_was_assumed() -> None:
    name = MATRICES.versions[-1].name
    assert told_in_log(ask(DOCTOR)) == {"rules": name}
    assert told_in_log(ask(DOCTOR), TELL) == {"rules": name, "basis": "assumed"}
    assert told_in_log(ask(DOCTOR, Action.DEPOSIT)) == told_in_log(ask(patient())) == {}
    assert told_in_log(ask(depositor(), Action.DEPOSIT), TELL) == {"basis": "assumed"}
    assert told_in_log(ask(DOCTOR), TELL, NONE_IN_FORCE) == {"basis": "assumed"}


def test_who_is_refused_is_told_by_profession_and_never_by_the_record() -> None:
    absent, other = ReasonCode.NO_SUCH_DOCUMENT, ReasonCode.NOT_AUTHORISED
    assert of_refusal(ask(NURSE), absent) == TELL and of_refusal(ask(NURSE), other) == frozenset()
    assert of_refusal(ask(PSYCHOLOGIST), absent) == of_refusal(ask(PSYCHOLOGIST), other) == TELL
    for nobody in (patient(), depositor(), replace(NURSE, profession="00")):
        assert of_refusal(ask(nobody), absent) == frozenset()
    assert of_refusal(ask(NURSE), absent, NONE_IN_FORCE) == frozenset()
    assert of_refusal(ask(PSYCHOLOGIST), other, NONE_IN_FORCE) == frozenset()


def test_types_closed_by_assumption_are_those_of_the_version_in_force() -> None:
    assert "15508-5" not in closed_by_assumption(ask(NURSE)) and closed_by_assumption(ask(NURSE))
    assert closed_by_assumption(ask(NURSE), NONE_IN_FORCE) == ()


def test_a_refusal_tells_an_assumption_where_it_was_the_reason() -> None:
    """The profession that reads nothing by assumption; not one that only may not break the glass."""
    record = Facts(RecordFacts(RecordState.ACTIVE, CARD))
    silent = decide(ask(PSYCHOLOGIST), record)
    assert (silent.reason, silent.obligations) == (ReasonCode.PROFESSION_NOT_ENTITLED, TELL)
    blocked = decide(ask(replace(PSYCHOLOGIST, rpps=BLOCKED)), record)
    assert (blocked.reason, blocked.obligations) == (ReasonCode.BLOCKED, frozenset())
    glass = replace(ask(professional(profession="28")), purpose=PurposeOfUse.BRIS_DE_GLACE, reason="x" * 10)
    optician = decide(glass, record)
    assert (optician.reason, optician.obligations) == (ReasonCode.PROFESSION_NOT_ENTITLED, frozenset())


ASSUMED_OPEN = replace(REPORT, type_code="15508-5")
"""Of a type that nurses read by an assumed cell."""


def test_what_is_told_follows_the_matrix_that_decides() -> None:
    nurse = replace(NURSE, rpps=RPPS)
    record = RecordFacts(RecordState.ACTIVE, CARD)
    permitted = decide(ask(nurse), Facts(record, ASSUMED_OPEN))
    assert isinstance(permitted, Permit) and permitted.obligations == TELL
    sourced = next(each for each in MATRICES.bases.values() if each.mark is Mark.SOURCED)
    version = replace(MATRICES.versions[-1], rows={"60": {"15508-5": Cell(True, sourced)}})
    other = Matrices(MATRICES.bases, (version,))
    permitted = decide(ask(nurse), Facts(record, ASSUMED_OPEN), other)
    assert isinstance(permitted, Permit) and permitted.obligations == frozenset()
    assert warnings(ask(nurse), ASSUMED_OPEN, NONE_IN_FORCE) == frozenset()


def test_another_reason_than_the_matrix_tells_no_assumption() -> None:
    record = RecordFacts(RecordState.ACTIVE, CARD)
    masked = replace(ASSUMED_OPEN, labels=frozenset({Label.MASQUE_PS}))
    denied = decide(ask(replace(NURSE, rpps=RPPS)), Facts(record, masked))
    assert (denied.reason, denied.obligations) == (ReasonCode.MASKED, frozenset())
