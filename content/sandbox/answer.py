"""Check the answer of a sandboxed child: it has read a stranger's file, so its answer is a stranger's too."""

import re
from functools import lru_cache
from typing import Any

from content.dicom.metadata.references import read_reference
from content.facts import Facts
from content.facts_json import from_json
from content.json_text import read_json
from content.sandbox.answer_form import (
    BASE64,
    SHAPES,
    TAG,
    HostileAnswer,
    check_shape,
    read_findings,
    require,
)
from content.verdicts import Finding, Outcome, worst

_VR = re.compile(r"[A-Z]{2}")
_SURROGATE = re.compile(rb"(?<!\\)(?:\\\\)*\\u[dD][89abAB]")
_DEEPEST = 40
_PLAIN = frozenset({str, int, float, type(None)})


def read_answer(data: bytes, kind: str, size: int) -> tuple[tuple[Finding, ...], Facts | None]:
    """Findings and facts of an answer about a file of `size` bytes; raises `HostileAnswer`.

    Facts are None unless the findings accept the file.
    """
    try:
        return _read(data, kind, size)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise HostileAnswer from error


def _read(data: bytes, kind: str, size: int) -> tuple[tuple[Finding, ...], Facts | None]:
    if b"\\u" in data and _SURROGATE.search(data):
        raise HostileAnswer
    answer = read_json(data)
    require(isinstance(answer, dict) and answer.keys() == {"findings", "facts"})
    findings = read_findings(answer["findings"])
    if worst(findings) in {Outcome.REJECT, Outcome.QUARANTINE}:
        return findings, None
    facts: dict[str, Any] = answer["facts"]
    check_shape(facts, SHAPES[kind])
    if kind == "dicom":
        _check_frames(facts["frames"], size)
        _check_dataset(facts["dicom"], 0, size)
    return findings, from_json(kind, facts)


def _check_frames(frames: Any, size: int) -> None:
    if frames is None:
        return
    require(type(frames) is list)
    for frame in frames:
        require(type(frame) is list)
        for offset, length in frame:
            require(type(offset) is int and type(length) is int)
            require(offset >= 0 and length > 0 and offset + length <= size)


def _check_dataset(dataset: Any, depth: int, size: int) -> None:
    """DICOM JSON (PS3.18 §F.2): tags, VRs, and values of the kinds that our writer makes."""
    require(type(dataset) is dict and depth < _DEEPEST)
    for tag, attribute in dataset.items():
        if not (_is_tag(tag) and type(attribute) is dict and len(attribute) <= 2 and _is_vr(attribute["vr"])):
            raise HostileAnswer
        if "Value" in attribute:
            _check_values(attribute["Value"], attribute["vr"], depth, size)
        elif "InlineBinary" in attribute:
            require(BASE64.fullmatch(attribute["InlineBinary"]) is not None)
        elif "BulkDataURI" in attribute:
            _check_reference(attribute["BulkDataURI"], size)
        else:
            require(len(attribute) == 1)


def _check_reference(text: Any, size: int) -> None:
    found = read_reference(text)
    require(found is not None and (found.inflated or found.offset + found.length <= size))


# the instances of a study have the same tags
@lru_cache(maxsize=4096)
def _is_tag(text: str) -> bool:
    return TAG.fullmatch(text) is not None


@lru_cache(maxsize=256)
def _is_vr(text: str) -> bool:
    return _VR.fullmatch(text) is not None


def _check_values(values: Any, vr: str, depth: int, size: int) -> None:
    require(type(values) is list)
    if vr == "SQ":
        for item in values:
            _check_dataset(item, depth + 1, size)
    elif vr == "PN":
        for name in values:
            require(name is None or (type(name) is dict and all(type(part) is str for part in name.values())))
    elif not _PLAIN.issuperset(map(type, values)):
        raise HostileAnswer
