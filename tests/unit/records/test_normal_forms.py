"""Normal forms of any text: the same as Unicode's where people wrote it, and soon made of anything."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.text.normal_forms import MARKS, Form, in_form

FORMS: tuple[Form, ...] = ("NFC", "NFKC", "NFKD")


@given(st.text(max_size=60), st.sampled_from(FORMS))
def test_is_that_of_unicode(text: str, form: Form) -> None:
    assert in_form(form, text) == unicodedata.normalize(form, text)


@pytest.mark.parametrize(
    "text", ["Zoé Ångström", "Ze\u0301lie " * 20, "\u0915\u094d\u0937" * 30, "a" + "\u0300" * MARKS]
)
def test_is_that_of_unicode_however_long(text: str) -> None:
    assert in_form("NFC", text) == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize("form", FORMS)
def test_marks_without_end_are_put_in_order_at_once(form: Form) -> None:
    """Sorted as a whole these would take minutes."""
    began = time.perf_counter()
    made = in_form(form, "a" + "\u0315" * 100_000 + "\u0300" * 100_000)
    assert time.perf_counter() - began < 5
    assert len(made) >= 200_000
    assert in_form(form, made) == made, "what was put in its form stays as it is"
