"""Entries of the log: their bytes, their pseudonyms, and the digests that bind events to them."""

import hmac
import json
from dataclasses import fields, replace
from hashlib import sha256
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit import chains, events
from audit.canonical import canonical
from audit.events import Entry, EntryField
from records.errors import Invalid
from records.text.base64url import b64
from records.vocabulary.codes import Action, Outcome, PurposeOfUse, ReasonCode
from tests.unit.audit.sample_log import ALICE, BOB, digest

FULL = Entry(
    time=1_700_000_000_123,
    action=Action.RETRIEVE,
    outcome=Outcome.PERMIT,
    reason=ReasonCode.AUTHORISED,
    purpose=PurposeOfUse.NORMAL,
    actor=digest("actor"),
    record=digest("record"),
    object="0f0e0d0c-0b0a-0908-0706-050403020100",
    commitment=digest("commitment"),
    grant=UUID(int=7),
    line_hash=digest("line"),
    detail_hash=digest("detail"),
)
BARE = Entry(time=0, action=Action.ROOT, outcome=Outcome.DENY)
SALT = b"s" * 32


def code_of(call, *arguments) -> str:
    with pytest.raises(Invalid) as caught:
        call(*arguments)
    return caught.value.code


def test_an_entry_has_every_member_and_null_where_void():
    members = json.loads(BARE.to_bytes())
    assert set(members) == events.MEMBERS
    assert {name for name, value in members.items() if value is not None} == {
        "v",
        "time",
        "action",
        "outcome",
    }
    assert members["v"] == 1


def test_an_entry_is_canonical_json_with_binary_in_base64url_and_ids_in_lower_case():
    data = FULL.to_bytes()
    members = json.loads(data)
    assert canonical(members) == data
    assert members["actor"] == b64(digest("actor"))
    assert members["grant"] == "00000000-0000-0000-0000-000000000007"
    assert members["action"] == "retrieve"


def test_the_members_written_are_those_the_verifier_expects():
    assert {entry_field.name for entry_field in fields(Entry)} | {"v"} == events.MEMBERS
    assert chains.check_entry(events.leaf_hash(FULL.to_bytes()), FULL.to_bytes(), 0) == json.loads(
        FULL.to_bytes()
    )


@pytest.mark.parametrize("entry", [FULL, BARE])
def test_an_entry_reads_back_as_it_was_written(entry):
    assert Entry.from_bytes(entry.to_bytes()) == entry


def test_the_largest_entry_has_65_535_bytes():
    room = events.MAX_ENTRY - len(replace(FULL, object="").to_bytes())
    assert len(replace(FULL, object="x" * room).to_bytes()) == 65_535
    assert code_of(replace(FULL, object="x" * (room + 1)).to_bytes) == "entry_too_large"


@pytest.mark.parametrize(
    "entry",
    [
        replace(FULL, actor=b"short"),
        replace(FULL, detail_hash=b""),
        replace(FULL, time=-1),
        replace(FULL, time=1.5),
        replace(FULL, time=True),
        replace(FULL, object=7),
    ],
)
def test_a_malformed_entry_is_not_written(entry):
    assert code_of(entry.to_bytes) == "bad_entry"


def changed(**members) -> bytes:
    return canonical(json.loads(FULL.to_bytes()) | members)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"7",
        FULL.to_bytes() + b"\n",
        FULL.to_bytes().replace(b'"v":1', b'"v":1,"v":1'),
        changed(v=2),
        changed(time="now"),
        changed(time=None),
        changed(action="read"),
        changed(reason=""),
        changed(purpose=[]),
        changed(grant="00000000-0000-0000-0000-00000000000A"),
        changed(grant=7),
        changed(actor="AA"),
        changed(actor=7),
        changed(more=None),
        canonical({name: value for name, value in json.loads(FULL.to_bytes()).items() if name != "object"}),
    ],
)
def test_anything_but_the_bytes_of_an_entry_is_refused(data):
    assert code_of(Entry.from_bytes, data) == "bad_entry"


def test_a_pseudonym_is_the_hmac_of_its_place_and_value():
    message = b"coffre-audit-v1\x00" + b"\x01" + ALICE.bytes + (5).to_bytes(8, "big") + "é".encode()
    expected = hmac.new(b"k" * 32, message, "sha256").digest()
    assert events.actor_token(b"k" * 32, EntryField.ACTOR, ALICE, 5, "é") == expected


def test_pseudonyms_of_one_value_are_unlinkable_between_places_and_keys():
    places = [
        (b"k" * 32, EntryField.ACTOR, ALICE, 1),
        (b"l" * 32, EntryField.ACTOR, ALICE, 1),
        (b"k" * 32, EntryField.RECORD, ALICE, 1),
        (b"k" * 32, EntryField.ACTOR, BOB, 1),
        (b"k" * 32, EntryField.ACTOR, ALICE, 2),
    ]
    assert len({events.actor_token(*place, "899700024450") for place in places}) == len(places)


def test_the_detail_hash_is_that_of_salt_and_canonical_event():
    assert events.detail_hash(SALT, {"b": 1, "a": "é"}) == sha256(SALT + '{"a":"é","b":1}'.encode()).digest()
    assert code_of(events.detail_hash, b"short", {}) == "bad_event"


def test_the_line_hash_binds_the_digests_of_both_boxes_in_order():
    expected = sha256(sha256(b"own").digest() + sha256(b"officer").digest()).digest()
    assert events.line_hash(b"own", b"officer") == expected != events.line_hash(b"officer", b"own")


def test_an_event_payload_reads_back_as_it_was_made():
    payload = events.event_payload(2, digest("previous"), SALT, {"resourceType": "AuditEvent"})
    assert set(payload) == {"seq", "prev", "salt", "event"}
    read = events.read_payload(json.loads(canonical(payload)))
    assert (read.seq, read.prev, read.salt) == (2, digest("previous"), SALT)
    assert read.event == {"resourceType": "AuditEvent"}


@pytest.mark.parametrize(
    ("seq", "prev", "salt"),
    [
        (0, events.FIRST_PREV, SALT),
        (2, events.FIRST_PREV, SALT),
        (1, digest("previous"), SALT),
        (2, b"short", SALT),
        (2, digest("previous"), b"short"),
    ],
)
def test_a_payload_out_of_its_chain_is_refused(seq, prev, salt):
    assert code_of(events.event_payload, seq, prev, salt, {}) == "bad_event"


@pytest.mark.parametrize(
    "change",
    [{"more": 1}, {"seq": 0}, {"seq": "2"}, {"prev": 7}, {"salt": "AA"}, {"event": 7}, {"event": [1]}],
)
def test_a_payload_with_other_members_or_values_is_refused(change):
    payload = events.event_payload(2, digest("previous"), SALT, {"a": 1})
    assert code_of(events.read_payload, payload | change) == "bad_event"
    assert code_of(events.read_payload, {}) == "bad_event"


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(JSON_VALUES)
def test_the_verifier_writes_canonical_json_as_the_writer_does(value):
    """Two implementations that share no code agree on RFC 8785."""
    assert chains.plain(value).encode() == canonical(value)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (1.0, "1"),
        (1e-6, "0.000001"),
        (1e-7, "1e-7"),
        (1e20, "1" + 20 * "0"),
        (1e21, "1e+21"),
    ],
)
def test_numbers_at_the_borders_of_ecmascripts_notation(number, text):
    assert chains.plain(number) == text == canonical(number).decode()
