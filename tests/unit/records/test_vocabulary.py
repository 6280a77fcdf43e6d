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
    STUDY_TYPE,
)

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
