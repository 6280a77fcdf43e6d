"""JSON that is signed or sealed has one form, and reading accepts no second meaning."""

import dataclasses
import enum
import json
import math
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from audit.canonical import canonical, parse
from records.errors import Invalid
from records.text.base64url import b64, unb64

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
    max_leaves=20,
)

# texts that look like numbers of the written form, and letters that UTF-16 and code points order differently
TRICKY = st.sampled_from(
    [
        "1.0",
        ",1.0,",
        "[-0.0]",
        ":1.0}",
        "-0",
        "\ud800",
        "\U00010000",
        "\ufb33",
        "\uffff",
        "",
        "\0\x1f\x7f\u2028",
        '"\\/',
    ]
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | TRICKY,
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(st.text() | TRICKY, inner)
        | st.dictionaries(st.integers() | st.none() | st.text(), inner, max_size=2)
    ),
    max_leaves=20,
)


class Colour(enum.Enum):
    RED = "red"


class Number(enum.IntEnum):
    ONE = 1


class Name(str):
    __slots__ = ()


@dataclasses.dataclass
class Point:
    x: int = 1


def outcome(call: Callable[[Any], Any], value: object) -> tuple[str, str]:
    """Result with the types in it, `1`, `1.0` and `True` apart; or that there is none."""
    try:
        return "", repr(call(value))
    except (ValueError, RecursionError, Invalid):
        return "refused", ""


def read_strictly(data: bytes) -> object:
    """As `parse` is specified, in the standard library alone."""

    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        if len({name for name, _ in pairs}) != len(pairs):
            raise ValueError
        return dict(pairs)

    def within(digits: str) -> int:
        if abs(int(digits)) >= 2**53:
            raise ValueError
        return int(digits)

    def finite(digits: str) -> float:
        if not math.isfinite(float(digits)):
            raise ValueError
        return float(digits)

    value = json.loads(
        data.decode("utf-8"),
        object_pairs_hook=once,
        parse_int=within,
        parse_float=finite,
        parse_constant=finite,
    )
    json.dumps(value, ensure_ascii=False).encode("utf-8")
    return value


@given(ANYTHING)
def test_every_value_is_written_as_the_reference_writes_it_or_refused_as_there(value: object) -> None:
    assert outcome(canonical, value) == outcome(rfc8785.dumps, value)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
@example([2.0**53 - 1, 2.0**53, 2.0**53 + 2, 1e15, 1e16, 1e20, 1e21, 123456789012345.0, 9007199254740994.0])
@example([0.0, -0.0, 1e-4, 1e-5, 1e-6, 1e-7, 5e-324, 1.7976931348623157e308, 0.1 + 0.2, 1 / 3, 9.5e-5])
@example([math.ldexp(1.0, exponent) for exponent in range(-1074, 1024)])
@example([math.nextafter(math.ldexp(1.0, exponent), 0) for exponent in range(-1022, 1024)])
def test_numbers_are_those_of_ecmascript(numbers: list[float]) -> None:
    assert canonical(numbers) == rfc8785.dumps(numbers)


@pytest.mark.parametrize(
    "codes",
    [
        pytest.param(
            [*range(0x3000), *range(0x3000, 0x110000, 127), 0xD7FF, 0xE000, 0xFFFF, 0x10FFFF], id="some"
        ),
        pytest.param([*range(0x110000)], id="all", marks=pytest.mark.long),
    ],
)
def test_every_letter_is_written_as_the_reference_writes_it(codes: list[int]) -> None:
    letters = {chr(code): chr(code) for code in codes if not 0xD800 <= code < 0xE000}
    written = rfc8785.dumps(list(letters.values()))
    assert canonical(list(letters.values())) == written
    assert parse(written) == list(letters.values())
    assert canonical(letters) == rfc8785.dumps(letters)


@pytest.mark.parametrize(
    "value",
    [
        UUID(int=7),
        datetime(2026, 1, 1, tzinfo=UTC),
        Colour.RED,
        Number.ONE,
        Name("x"),
        Point(),
        Decimal(1),
        b"x",
        bytearray(b"x"),
        frozenset({1}),
        (1, (2,)),
        OrderedDict(b=1, a=2),
        iter([1]),
        2**63,
        -(2**70),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_json_is_no_more_json_inside_a_list_or_an_object(value: object) -> None:
    for held in (value, [value], {"a": value}, [{"a": [value]}], {"a": 1, "b": [1.5, value]}):
        assert outcome(canonical, held) == outcome(rfc8785.dumps, held)


@pytest.mark.parametrize(
    "name", [1, 1.5, None, True, UUID(int=7), Colour.RED, Name("a"), b"a", (1,)], ids=repr
)
def test_names_are_text(name: object) -> None:
    assert outcome(canonical, {name: 1}) == outcome(rfc8785.dumps, {name: 1})


def test_a_value_that_holds_itself_is_refused() -> None:
    value: list[object] = []
    value.append({"a": value})
    with pytest.raises(Invalid):
        canonical(value)


@pytest.mark.parametrize("depth", [200, 253, 254, 255, 256, 300, 500])
def test_depth_changes_nothing(depth: int) -> None:
    value: object = 1.0
    for _ in range(depth):
        value = {"b": [value], "a": 1}
    assert outcome(canonical, value) == outcome(rfc8785.dumps, value)
    text = b"[" * depth + b"]" * depth
    assert parse(text) == read_strictly(text)


MEMBERS = st.recursive(
    st.sampled_from(
        (
            *("null", "true", "0", "-0", "1.0", "-0.0", "1e5", "1E400", "1.50", "NaN"),
            *("9007199254740991", "9007199254740992", "18446744073709551616"),
            *('"a"', '"\\u0061"', '"\\ud800"', '"\\ud83d\\ude00"', '"\U0001f600"'),
        )
    ),
    lambda inner: (
        st.lists(inner, max_size=4).map(lambda parts: "[" + ",".join(parts) + "]")
        | st.lists(st.tuples(st.sampled_from(["a", "b", "\\u0061", "é", "\\u00e9"]), inner), max_size=4).map(
            lambda pairs: "{" + ",".join(f'"{name}":{value}' for name, value in pairs) + "}"
        )
    ),
    max_leaves=12,
)


@given(MEMBERS, st.sampled_from(["{}", " {}", "{}\n", "\ufeff{}", "[{} ]", "{}{}"]))
def test_every_text_is_read_as_it_was_read_without_native_code(text: str, place: str) -> None:
    """Duplicate names however they are spelled, numbers out of range, surrogates: same value, or refused."""
    data = place.replace("{}", text).encode()
    assert outcome(parse, data) == outcome(read_strictly, data)


@given(JSON)
def test_a_name_given_twice_is_never_read(value: object) -> None:
    written = canonical({"name": value, "other": value})
    for twice in (
        written[:-1] + b',"name":1}',
        written[:-1] + b',"\\u006eame":1}',
        b'{"name":' + canonical(value) + b"," + written[1:],
        b"[" + written[:-1] + b',"other":' + canonical(value) + b"}]",
    ):
        with pytest.raises(Invalid):
            parse(twice)


@given(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.text(st.characters(exclude_categories=["Cs"])),
    st.integers(0, 4),
)
def test_what_is_read_back_has_the_types_it_was_written_with(first: str, second: str, number: int) -> None:
    value = {"a" + first: [number, number / 4 + 0.125, True, None], "b" + second: {first: second}}
    written = canonical(value)
    assert repr(parse(written)) == repr(read_strictly(written))


def test_ordinary_values_need_neither_the_reference_nor_a_hook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rfc8785.dumps", None)
    monkeypatch.setattr("json.loads", None)
    value = {"vr": "DS", "Value": [1.0, -0.0, 0.5, 10.60060977935791, 16], "name": "Éléonore", "none": None}
    written = '{"Value":[1,0,0.5,10.60060977935791,16],"name":"Éléonore","none":null,"vr":"DS"}'.encode()
    assert canonical(value) == written
    assert parse(written) == value


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
