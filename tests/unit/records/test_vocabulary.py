from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import pytest

from records.errors import CoffreError, Conflict, Invalid, NotFound, Refused
from records.vocabulary.codes import (
    DOCUMENT_TRANSITIONS,
    JOB_TRANSITIONS,
    SUBMISSION_TRANSITIONS,
    DocumentState,
    JobState,
    SubmissionState,
    check_transition,
)
from records.vocabulary.document_types import (
    CLASS_NAMES,
    DOCUMENT_TYPES,
    REFUSED_TYPES,
    STUDY_TYPE,
    may_read,
)
from records.vocabulary.professions import PROFESSIONS, is_health_professional

TABLES: list[tuple[type[StrEnum], Mapping[Any, frozenset[Any]]]] = [
    (DocumentState, DOCUMENT_TRANSITIONS),
    (SubmissionState, SUBMISSION_TRANSITIONS),
    (JobState, JOB_TRANSITIONS),
]
STEPS = {
    DocumentState: "approved>deprecated approved>deleted approved>archived archived>approved "
    "archived>deleted deprecated>deleted",
    SubmissionState: "received>validating validating>published validating>rejected validating>quarantined "
    "quarantined>published quarantined>destroyed",
    JobState: "proposed>queued proposed>refused queued>adopted queued>refused adopted>done",
}


@pytest.mark.parametrize(("states", "table"), TABLES)
def test_every_step_between_states_is_either_legal_or_refused(
    states: type[StrEnum], table: Mapping[Any, frozenset[Any]]
) -> None:
    legal = STEPS[states].split()
    assert set(table) == set(states)
    for old in states:
        for new in states:
            if f"{old}>{new}" in legal:
                check_transition(table, old, new)
            else:
                with pytest.raises(Conflict) as refusal:
                    check_transition(table, old, new)
                assert refusal.value.code == "bad_transition"


def test_an_error_is_a_code_and_a_sentence() -> None:
    for kind, code in [
        (CoffreError, "internal"),
        (Refused, "refused"),
        (Invalid, "invalid"),
        (Conflict, "conflict"),
        (NotFound, "not_found"),
    ]:
        assert (kind("Do this.").code, str(kind("Do this.")), kind("Do this.").sentence) == (
            code,
            "Do this.",
            "Do this.",
        )
        assert kind("Do this.", code="other").code == "other"
        assert kind.code == code


def test_the_102_types_of_the_dmp_and_ten_beyond_each_in_a_named_class() -> None:
    sizes = Counter(each.class_code for each in DOCUMENT_TYPES.values())
    beyond = {"10": 3, "11": 3, "95": 4}
    assert {code: size - beyond.get(code, 0) for code, size in sizes.items()} == {
        "10": 35, "11": 20, "31": 4, "42": 14, "43": 2, "44": 6, "45": 1, "52": 7, "60": 1, "90": 4, "95": 8,
    }  # fmt: skip
    assert set(sizes) == set(CLASS_NAMES)
    assert all(code == each.code and each.display for code, each in DOCUMENT_TYPES.items())
    assert DOCUMENT_TYPES["11502-2"].class_code == "10"
    assert DOCUMENT_TYPES["REMB"].class_code == "60"
    assert DOCUMENT_TYPES[STUDY_TYPE].class_code == "31"


#   profession:         10         21         40          50          60        69        70         80
MATRIX = """
    11502-2             yes        yes        yes         yes         yes       yes       yes        yes
    IMG-KOS             yes        yes        yes         yes         yes       yes       yes        yes
    REMB                yes        yes        yes         yes         yes       yes       yes        yes
    ATTEST-RESID        no         no         no          no          no        no        no         no
    83981-1             yes        no         no          no          yes       yes       no         no
    DOCPAT03            yes        yes        yes         yes         yes       yes       yes        yes
    DOCPAT05            yes        yes        yes         yes         yes       yes       yes        yes
    DOCPAT06            yes        yes        yes         yes         yes       yes       yes        yes
    47420-5             yes        yes        yes         yes         yes       yes       yes        yes
    15507-7             yes        yes        yes         yes         yes       yes       yes        yes
    56445-0             yes        yes        yes         yes         yes       yes       yes        yes
    PROT_ALD            yes        yes        yes         yes         yes       yes       yes        yes
    75496-0             yes        no         no          no          no        no        no         no
    68599-0             yes        no         no          no          no        no        no         no
    83901-9             yes        no         no          no          no        no        no         no
    68817-6             yes        no         yes         no          no        no        no         no
    89601-9             yes        no         yes         no          no        no        no         no
    80788-3             yes        no         no          no          yes       yes       no         no
    EXPPAT_3            yes        no         no          no          yes       yes       no         no
    15508-5             yes        no         yes         yes         yes       yes       no         no
    EXPORT_DUI          yes        no         no          no          no        no        no         no
    unheard-of          no         no         no          no          no        no        no         no
"""


@pytest.mark.parametrize("row", MATRIX.strip().splitlines(), ids=lambda row: row.split()[0])
def test_the_matrix(row: str) -> None:
    type_code, *cells = row.split()
    for profession, cell in zip(("10", "21", "40", "50", "60", "69", "70", "80"), cells, strict=True):
        assert may_read(profession, type_code) is (cell == "yes"), profession


@pytest.mark.requirement("R16")
def test_r16_whoever_has_no_known_health_profession_reads_no_type() -> None:
    for profession in (None, "", "00", "93", "médecin"):
        assert not is_health_professional(profession)
        assert not any(may_read(profession, each) for each in DOCUMENT_TYPES)


def test_the_matrix_speaks_of_known_professions_and_types_and_nobody_reads_more_than_a_doctor() -> None:
    assert set(REFUSED_TYPES) <= set(PROFESSIONS)
    for refused in REFUSED_TYPES.values():
        assert REFUSED_TYPES["10"] <= refused <= set(DOCUMENT_TYPES)
