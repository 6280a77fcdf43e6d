"""Addresses of a holder: what is one, and what could break out of a header or reach a machine of ours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.errors import Invalid
from records.people.contacts import ContactKind, read_contact


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("jeanne.essai@example.fr", "jeanne.essai@example.fr"),
        (" jeanne+dmp@Example.FR ", "jeanne+dmp@example.fr"),
        ("o'brien_x@example.co.uk", "o'brien_x@example.co.uk"),
        ("jeanne@hôpital.fr", "jeanne@xn--hpital-ixa.fr"),
        ("a@" + "b" * 63 + ".fr", "a@" + "b" * 63 + ".fr"),
    ],
)
def test_an_address_is_kept_in_one_form(text: str, kept: str) -> None:
    assert read_contact(ContactKind.EMAIL, text) == kept


@pytest.mark.parametrize(
    "text",
    [
        "",
        "jeanne",
        "@example.fr",
        "jeanne@",
        "jeanne@@example.fr",
        "jeanne@localhost",
        "jeanne@127.0.0.1",
        "jeanne@[127.0.0.1]",
        "jeanne@example..fr",
        "jeanne@-example.fr",
        ".jeanne@example.fr",
        "jeanne.@example.fr",
        "jeanne essai@example.fr",
        '"jeanne essai"@example.fr',
        "jeanne@example.fr, autre@example.fr",
        "jeanne@example.fr\r\nBcc: autre@example.fr",
        "jeanne\n@example.fr",
        "jeanne\x00@example.fr",
        "Jeanne <jeanne@example.fr>",
        "jérôme@example.fr",
        "a" * 65 + "@example.fr",
        "a@" + "b" * 64 + ".fr",
        "a@" + ".".join(["b" * 60] * 5) + ".fr",
    ],
)
def test_what_is_no_address_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_contact(ContactKind.EMAIL, text)
    assert refused.value.code == "bad_contact"
    assert len(text) < 12 or text not in refused.value.sentence


@given(st.text(max_size=80), st.sampled_from(ContactKind))
def test_whatever_is_typed_is_kept_on_one_line_or_refused(text: str, kind: ContactKind) -> None:
    try:
        kept = read_contact(kind, text)
    except Invalid as error:
        assert error.code == "bad_contact"
    else:
        assert kept.isascii() and kept.isprintable() and not any(c in kept for c in ' ,;<>"()')
        assert read_contact(kind, kept) == kept


@pytest.mark.parametrize("text", ["06 12 34 56 78", "06.12.34.56.78", "+33 6 12 34 56 78", "0033612345678"])
def test_a_number_is_kept_in_its_international_form(text: str) -> None:
    assert read_contact(ContactKind.TELEPHONE, text) == "+33612345678"


@pytest.mark.parametrize(
    "text", ["", "15", "0012", "+0612345678", "06 12 34 56 7x", "+331234567890123456", "٠٦١٢٣٤٥٦٧٨"]
)
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        read_contact(ContactKind.TELEPHONE, text)
