"""The table of verdicts, and the judge of a child's answer."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

import content
import ingestion
import records
from content.byte_source import BytesSource
from content.dicom.instance import inspect_dicom
from content.facts import Facts
from content.facts_json import from_json, to_json
from content.person import Person
from content.sandbox.answer import read_answer
from content.sandbox.answer_form import HostileAnswer
from content.verdicts import DECISIONS, VERDICTS, Finding, Outcome, worst
from tests.unit.content.dicom_bytes import image

SOURCES = [
    path
    for room in (content, ingestion)
    for path in Path(next(iter(room.__path__))).rglob("*.py")
    if path.name != "verdicts.py"
]
RULES = [*Path(next(iter(records.__path__))).glob("profile/*.py")]
"""What the rules of own information find, in words of their own."""


def test_every_verdict_is_complete() -> None:
    for code, verdict in VERDICTS.items():
        assert re.fullmatch(r"[a-z0-9_]+", code)
        assert verdict.sentence.endswith(".")
        assert verdict.outcome is not Outcome.ACCEPT


def test_every_decision_about_framing_names_a_verdict_or_none() -> None:
    assert {decision.code for decision in DECISIONS} <= VERDICTS.keys() | {""}
    assert all(decision.reason.endswith(".") for decision in DECISIONS)


def test_every_refusal_says_what_to_do() -> None:
    advice = re.compile(r"Send|Export|Correct|Print|Split|nothing is needed|cannot be filed")
    for verdict in VERDICTS.values():
        if verdict.outcome is not Outcome.WARN:
            assert advice.search(verdict.sentence), verdict.code


def test_every_verdict_is_given_somewhere() -> None:
    text = "".join(path.read_text() for path in (*SOURCES, *RULES))
    assert [code for code in VERDICTS if f'"{code}"' not in text] == []


def test_the_worst_finding_decides() -> None:
    assert worst([]) is Outcome.ACCEPT
    assert worst([Finding("patient_id_empty")]) is Outcome.WARN
    assert worst([Finding("sandbox_crashed"), Finding("patient_id_empty")]) is Outcome.QUARANTINE
    assert worst([Finding("sandbox_crashed"), Finding("truncated")]) is Outcome.REJECT


PERSON = Person().to_json()


def honest() -> tuple[dict[str, Any], int]:
    data = image()
    _, facts = inspect_dicom(BytesSource(data))
    assert facts is not None
    return to_json(facts), len(data)


def judge(findings: Any, facts: Any, size: int) -> tuple[tuple[Finding, ...], Facts | None]:
    return read_answer(json.dumps({"findings": findings, "facts": facts}).encode(), "dicom", size)


def test_an_honest_answer_passes_unchanged() -> None:
    facts, size = honest()
    assert judge([["patient_id_empty", None]], facts, size) == (
        (Finding("patient_id_empty"),),
        from_json("dicom", facts),
    )


def test_a_refused_file_has_no_facts_whatever_the_child_says() -> None:
    facts, size = honest()
    assert judge([["truncated", None]], facts, size) == ((Finding("truncated"),), None)


@pytest.mark.parametrize(
    "change",
    [
        {"sop": None},
        {"sop": "1.2/../../etc"},
        {"sop": "1" * 65},
        {"modality": "x" * 2000},
        {"modality": 3},
        {"media_type": "text/html"},
        {"patient": {}},
        {"document_patients": [{}]},
        {"document_patients": 3},
        {"patient": PERSON | {"family_names": [3]}},
        {"patient": PERSON | {"family_names": "DURAND"}},
        {"patient": PERSON | {"given_names": ["x"] * 17}},
        {"frames": [[[0, 10**9]]]},
        {"frames": [[[-1, 1]]]},
        {"frames": [[[0, 1.5]]]},
        {"frames": 3},
        {"dicom": {"x": {"vr": "LO"}}},
        {"dicom": {"00100010": {"vr": "LO", "Value": [{"a": 1}]}}},
        {"dicom": {"00100010": {"vr": "LO", "BulkDataURI": "http://x"}}},
        {"dicom": {"00100010": {"vr": "OB", "InlineBinary": "<script>"}}},
        {"dicom": {"00100010": {"vr": "LO", "Value": ["\ud800"]}}},
        {"more": 1},
    ],
)
def test_facts_our_code_cannot_give_are_hostile(change: dict[str, Any]) -> None:
    facts, size = honest()
    with pytest.raises(HostileAnswer):
        judge([], {**facts, **change}, size)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff",
        b'{"findings":[],"facts":NaN}',
        b'{"findings":[["truncated"]],"facts":{}}',
        b'{"findings":[["none_of_ours",null]],"facts":{}}',
        b'{"findings":[["truncated",5]],"facts":{}}',
        b'{"findings":' + json.dumps([["truncated", None]] * 65).encode() + b',"facts":{}}',
        b'{"findings":[],"facts":' + b"[" * 100_000,
    ],
)
def test_answers_of_another_form_are_hostile(answer: bytes) -> None:
    with pytest.raises(HostileAnswer):
        read_answer(answer, "dicom", 10)
