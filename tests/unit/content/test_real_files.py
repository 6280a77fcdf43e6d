"""Every real file at hand: judged ones get their verdict, all of them the same one each time."""

from collections.abc import Callable
from typing import Any

import pytest

from content.byte_source import BytesSource
from content.dicom.instance import inspect_dicom
from content.verdicts import Outcome, worst
from tests.unit.content.real_files import GOLDEN, INSPECTORS, RealFile, corpus, packaged, verdict_line

# judged as truncated for its missing delimiter alone: each of its ten frames is whole, so it is kept
WHOLE_AFTER_ALL = "emri_small_jpeg_2k_lossless_too_short.dcm"

needs_corpus = pytest.mark.skipif(not corpus(), reason="no corpus here: set COFFRE_CORPUS to its folder")


def outcome(real: RealFile) -> Outcome:
    return worst(INSPECTORS[real.kind](BytesSource(real.path.read_bytes()))[0])


def misjudged(expected: str, wanted: Callable[[Outcome], bool]) -> list[Any]:
    judged = [
        (str(real), outcome(real), real.why)
        for real in corpus()
        if real.expected == expected and real.path.name != WHOLE_AFTER_ALL
    ]
    assert len(judged) > 30
    return [(name, found, why) for name, found, why in judged if not wanted(found)]


@needs_corpus
def test_what_a_real_archive_must_take_is_taken() -> None:
    assert misjudged("accept", lambda found: found in {Outcome.ACCEPT, Outcome.WARN}) == []


@needs_corpus
def test_what_must_be_refused_is_refused() -> None:
    assert misjudged("reject", lambda found: found is Outcome.REJECT) == []


def test_frames_of_a_real_file_without_delimiter_are_those_of_the_whole_one() -> None:
    paths = {each.path.name: each.path for each in packaged()}
    short, whole = (
        paths[name].read_bytes() for name in (WHOLE_AFTER_ALL, WHOLE_AFTER_ALL.replace("_too_short", ""))
    )
    found = [inspect_dicom(BytesSource(data))[1].frames for data in (short, whole)]
    assert len(found[0]) == 10
    assert found[0] == found[1]


def test_verdicts_are_those_of_the_golden_list() -> None:
    golden = set(GOLDEN.read_text().splitlines())
    files = packaged() + corpus()
    assert len(files) > 200
    assert [line for line in map(verdict_line, files) if line not in golden] == []
