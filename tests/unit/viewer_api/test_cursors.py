"""Cursors carry a key and nothing else; what is none is refused with what to do."""

from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from records.errors import Invalid
from viewer_api.cursors import read_cursor, write_cursor

FIRST = UUID("01890000-0000-7000-8000-000000000001")
KEYS = st.tuples(st.integers(0, 2**63 - 1), st.uuids())


@given(KEYS)
def test_a_cursor_is_read_as_it_was_written(key: tuple[int, UUID]) -> None:
    text = write_cursor(key)
    assert (read_cursor(text), len(text)) == (key, 34)


def test_its_form_stays() -> None:
    """Version, instant in ms, id: callers keep cursors over an upgrade."""
    assert write_cursor((1_795_896_431_000, FIRST)) == "AQAAAaIjxNGYAYkAAAAAcACAAAAAAAAAAQ"
    assert read_cursor("AQAAAaIjxNGYAYkAAAAAcACAAAAAAAAAAQ") == (1_795_896_431_000, FIRST)


def test_none_is_the_beginning() -> None:
    assert read_cursor(None) is None


@given(st.text(max_size=40))
@example("")
@example(write_cursor((0, FIRST))[:-1])
@example(write_cursor((0, FIRST)) + "=")
@example("Ag" + write_cursor((0, FIRST))[2:])  # of a later version
@example("AYAAAAAAAAAA" + write_cursor((0, FIRST))[12:])  # an instant beyond every column
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="leave it out") as error:
        read_cursor(text)
    assert error.value.code == "bad_cursor"
