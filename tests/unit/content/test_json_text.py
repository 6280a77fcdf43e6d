"""JSON of the sandbox's answers and of series is read as the standard library reads it, each name once."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.facts import PdfFacts
from content.json_text import read_json
from content.sandbox.answer import HostileAnswer, read_answer
from content.sandbox.child import encode_answer

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(VALUES, st.booleans(), st.sampled_from([(",", ":"), (", ", ": ")]))
def test_any_spelling_is_read_as_the_standard_library_reads_it(
    value: object, ascii_only: bool, separators: tuple[str, str]
) -> None:
    data = json.dumps(value, ensure_ascii=ascii_only, separators=separators).encode("utf-8", "replace")
    assert repr(read_json(data)) == repr(json.loads(data))


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1,"a":1}',
        b'[{"a":1,"b":2,"a":1}]',
        b'{"a":1,"\\u0061":2}',
        b'{"a":1, "a":2}',
        b"NaN",
        b"[Infinity]",
        b"",
        b"{",
        b'"\xff"',
        b"{} {}",
    ],
)
def test_what_is_not_read(data: bytes) -> None:
    with pytest.raises(ValueError, match=""):
        read_json(data)


def test_an_answer_that_gives_a_name_twice_is_hostile() -> None:
    answer = encode_answer([], PdfFacts(1, "1.4", "application/pdf", None))
    assert read_answer(answer, "pdf", 1)[1] == PdfFacts(1, "1.4", "application/pdf", None)
    with pytest.raises(HostileAnswer):
        read_answer(answer.replace(b'"pages":1', b'"pages":1,"pages":1'), "pdf", 1)


def test_half_of_a_surrogate_pair_is_answered_as_a_question_mark() -> None:
    answer = encode_answer([], PdfFacts(1, "1.4", "application/pdf", "\ud800"))
    found = read_answer(answer, "pdf", 1)[1]
    assert isinstance(found, PdfFacts) and found.pdfa == "?"
