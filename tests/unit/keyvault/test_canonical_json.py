"""JSON that is signed or sealed has one form, and reading accepts no second meaning."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.canonical import canonical, parse
from records.base64url import b64, unb64
from records.errors import Invalid

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
    max_leaves=20,
)


@given(JSON)
def test_what_is_written_reads_the_same(value: object) -> None:
    assert parse(canonical(value)) == value
    assert canonical(parse(canonical(value))) == canonical(value)


def test_the_form_of_rfc_8785() -> None:
    value = {"b": 1, "a": [True, None, "é\n\u20ac"], "\U0001f600": 0, "\ufb33": 1.0}
    written = '{"a":[true,null,"é\\n€"],"b":1,"\U0001f600":0,"\ufb33":1}'
    assert canonical(value) == written.encode()


@pytest.mark.parametrize(
    "value", [2**53, -(2**53), float("nan"), {1: 2}, b"x", {"\ud800": 1}, "\ud800", {1, 2}]
)
def test_what_json_cannot_carry_exactly(value: object) -> None:
    with pytest.raises(Invalid) as caught:
        canonical(value)
    assert caught.value.code == "not_canonical"


def test_endless_depth_is_refused_both_ways() -> None:
    nested: list[object] = []
    for _ in range(100_000):
        nested = [nested]
    with pytest.raises(Invalid):
        canonical(nested)
    with pytest.raises(Invalid):
        parse(b"[" * 100_000)


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":1,"a":1}',
        b'{"a":{"b":1,"b":2}}',
        b'{"a":1,"\\u0061":2}',
        b"9007199254740992",
        b"-9007199254740992",
        b"1" * 5000,
        b"NaN",
        b"-Infinity",
        b"1e999",
        b'"\\ud800"',
        b"\xef\xbb\xbf{}",
        b'"\xff"',
        '"é"'.encode("utf-16"),
        b"",
        b"{} {}",
        b"{'a': 1}",
    ],
)
def test_refused_when_read(text: bytes) -> None:
    with pytest.raises(Invalid) as caught:
        parse(text)
    assert caught.value.code == "bad_json"


def test_read_without_being_canonical() -> None:
    text = b' {"b": 1.50, "a": "\\u00e9\\ud83d\\ude00", "n": 9007199254740991}'
    assert parse(text) == {"b": 1.5, "a": "é\U0001f600", "n": 2**53 - 1}


def test_errors_quote_nothing() -> None:
    for call in (
        lambda: canonical({"secret": 2**60}),
        lambda: parse(b'{"secret":1,"secret":1152921504606846976}'),
    ):
        with pytest.raises(Invalid) as caught:
            call()
        assert "secret" not in str(caught.value)
        assert "1152921504606846976" not in str(caught.value)


@given(st.binary(max_size=80))
def test_base64url_both_ways(data: bytes) -> None:
    assert unb64(b64(data)) == unb64(b64(data), len(data)) == data
    assert "=" not in b64(data)


@pytest.mark.parametrize("text", ["A", "AB", "AA==", "AA=", "A A", "+/8", "AA\n", "é", None, 7, b"AAA"])
def test_other_spellings_are_refused(text: object) -> None:
    with pytest.raises(Invalid) as caught:
        unb64(text)
    assert caught.value.code == "bad_base64"


def test_another_size_is_refused() -> None:
    with pytest.raises(Invalid):
        unb64(b64(bytes(32)), 33)
    with pytest.raises(Invalid):
        unb64(b64(bytes(32)) + "A" * 1000, 32)
    assert json.dumps(unb64(b64(b""), 0).decode()) == '""'
