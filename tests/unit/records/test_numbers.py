"""Numbers in text that others wrote."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.text.numbers import decimal, integer, whole

PYTHON_ALONE = ["", " ", "1_0", "٣", "\uff11", " 1", "1 ", "1\n", "\t1", "0x10", "1e"]
PYTHON_ALONE += ["nan", "inf", "-Infinity", "1" * 65]


@pytest.mark.parametrize("text", PYTHON_ALONE)
@pytest.mark.parametrize("read", [whole, integer, decimal])
def test_what_no_standard_calls_a_number_is_none(read: "type[int]", text: str) -> None:
    with pytest.raises(ValueError, match="not a number"):
        read(text)


@pytest.mark.parametrize("text", ["+1", "-1", "1.0"])
def test_a_count_has_digits_alone(text: str) -> None:
    with pytest.raises(ValueError, match="not a number"):
        whole(text)


@given(st.integers(min_value=-(10**60), max_value=10**60))
def test_every_number_is_read_as_it_was_written(number: int) -> None:
    assert integer(str(number)) == number
    assert integer(f"{number:+}") == number
    if number >= 0:
        assert whole(f"{number:04}") == number


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_decimals_keep_every_digit(number: float) -> None:
    assert decimal(repr(number)) == number


@pytest.mark.parametrize(("text", "number"), [("1.", 1.0), (".5", 0.5), ("-2E+3", -2000.0), ("+0.1", 0.1)])
def test_forms_of_decimal_strings(text: str, number: float) -> None:
    assert decimal(text) == number
