"""Keys under keys: a wrap opens in its own place alone (formats 2, 3 and 6.3)."""

import tracemalloc
import zlib
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyvault.crypto.envelope import (
    Branch,
    KeyUse,
    KeyvaultError,
    be64,
    new_key,
    seal,
    unwrap,
    unwrap_object_key,
    unwrap_record_key,
    wrap,
    wrap_object_key,
    wrap_record_key,
)
from keyvault.crypto.sealed_json import (
    card_aad,
    details_aad,
    event_aad,
    open_details,
    open_json,
    open_packed,
    packed_details_aad,
    seal_details,
    seal_json,
    seal_packed,
    summary_aad,
)
from records.errors import Invalid

KEK, KEY = bytes(range(32)), bytes(range(32, 64))
RECORD, OTHER = UUID(int=1), UUID(int=2)
COMMITMENT = bytes(range(64, 96))

RECORD_PLACE: dict[str, Any] = {
    "branch": Branch.CARE,
    "record_id": RECORD,
    "key_version": 1,
    "shard_version": 1,
}
DATA_PLACE: dict[str, Any] = {
    "use": KeyUse.DATA,
    "record_id": RECORD,
    "key_version": 1,
    "object_id": OTHER,
    "version": 1,
    "commitment": COMMITMENT,
}


def test_a_wrap_opens_and_is_sixty_bytes() -> None:
    wrapped = wrap(KEK, KEY, b"place")
    assert len(wrapped) == 60
    assert unwrap(KEK, wrapped, b"place") == KEY
    assert wrap(KEK, KEY, b"place") != wrapped


@pytest.mark.parametrize("position", [0, 11, 12, 43, 44, 59])
def test_an_altered_wrap(position: int) -> None:
    wrapped = bytearray(wrap(KEK, KEY, b"place"))
    wrapped[position] ^= 1
    with pytest.raises(KeyvaultError) as caught:
        unwrap(KEK, bytes(wrapped), b"place")
    assert caught.value.code == "key_unwrap_failed"
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("wrapped", [b"", bytes(59), bytes(61)])
def test_a_wrap_of_another_length(wrapped: bytes) -> None:
    with pytest.raises(KeyvaultError):
        unwrap(KEK, wrapped, b"")


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_only_keys_of_32_bytes(size: int) -> None:
    for call in (
        lambda: wrap(bytes(size), KEY, b""),
        lambda: wrap(KEK, bytes(size), b""),
        lambda: unwrap(bytes(size), bytes(60), b""),
        lambda: seal_json(bytes(size), {}, b""),
        lambda: open_json(bytes(size), bytes(40), b""),
    ):
        with pytest.raises(Invalid) as caught:
            call()
        assert caught.value.code == "bad_key"


class TestRecordKeys:
    @pytest.mark.parametrize("branch", list(Branch))
    @pytest.mark.requirement("R45")
    def test_opens_on_its_branch(self, branch: Branch) -> None:
        place = RECORD_PLACE | {"branch": branch}
        assert unwrap_record_key(KEK, wrap_record_key(KEK, KEY, **place), **place) == KEY

    @pytest.mark.parametrize(
        "moved",
        [
            {"branch": Branch.BRIS_DE_GLACE},
            {"branch": Branch.CENTRE_15},
            {"record_id": OTHER},
            {"key_version": 2},
            {"shard_version": 2},
        ],
    )
    @pytest.mark.requirement("R46")
    def test_opens_nowhere_else(self, moved: dict[str, Any]) -> None:
        wrapped = wrap_record_key(KEK, KEY, **RECORD_PLACE)
        with pytest.raises(KeyvaultError) as caught:
            unwrap_record_key(KEK, wrapped, **(RECORD_PLACE | moved))
        assert caught.value.code == "key_unwrap_failed"

    def test_not_under_another_shard(self) -> None:
        with pytest.raises(KeyvaultError):
            unwrap_record_key(KEY, wrap_record_key(KEK, KEY, **RECORD_PLACE), **RECORD_PLACE)


class TestObjectKeys:
    @pytest.mark.parametrize("use", list(KeyUse))
    def test_opens_for_its_use(self, use: KeyUse) -> None:
        place = DATA_PLACE | {"use": use, "commitment": COMMITMENT if use is KeyUse.DATA else None}
        assert unwrap_object_key(KEK, wrap_object_key(KEK, KEY, **place), **place) == KEY

    @pytest.mark.parametrize(
        "moved",
        [
            {"record_id": OTHER},
            {"key_version": 2},
            {"object_id": RECORD},
            {"version": 2},
            {"commitment": bytes(32)},
            {"use": KeyUse.DETAILS, "commitment": None},
        ],
    )
    def test_opens_nowhere_else(self, moved: dict[str, Any]) -> None:
        wrapped = wrap_object_key(KEK, KEY, **DATA_PLACE)
        with pytest.raises(KeyvaultError):
            unwrap_object_key(KEK, wrapped, **(DATA_PLACE | moved))

    def test_uses_are_apart_even_without_commitment(self) -> None:
        for mine in KeyUse:
            for other in set(KeyUse) - {mine, KeyUse.DATA}:
                place = DATA_PLACE | {"use": mine, "commitment": bytes(32) if mine is KeyUse.DATA else None}
                wrapped = wrap_object_key(KEK, KEY, **place)
                with pytest.raises(KeyvaultError):
                    unwrap_object_key(KEK, wrapped, **(place | {"use": other, "commitment": None}))

    @pytest.mark.parametrize(
        "wrong",
        [{"commitment": None}, {"commitment": b""}, {"commitment": bytes(31)}, {"use": KeyUse.CARD}],
    )
    def test_data_keys_and_no_others_carry_a_commitment(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(Invalid) as caught:
            wrap_object_key(KEK, KEY, **(DATA_PLACE | wrong))
        assert caught.value.code == "bad_commitment"

    @pytest.mark.parametrize("wrong", [{"version": 0}, {"version": 2**32}, {"key_version": 0}])
    def test_versions_count_from_one(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(Invalid) as caught:
            wrap_object_key(KEK, KEY, **(DATA_PLACE | wrong))
        assert caught.value.code == "bad_number"


class TestSealedJson:
    AADS = (
        card_aad(RECORD, OTHER, 1),
        card_aad(RECORD, OTHER, 2),
        card_aad(RECORD, RECORD, 1),
        card_aad(OTHER, OTHER, 1),
        details_aad(OTHER, 1),
        details_aad(OTHER, 2),
        details_aad(RECORD, 1),
        packed_details_aad(OTHER, 1),
        packed_details_aad(OTHER, 2),
        packed_details_aad(RECORD, 1),
        summary_aad(RECORD, OTHER, 1),
        summary_aad(RECORD, OTHER, 2),
        summary_aad(RECORD, RECORD, 1),
        summary_aad(OTHER, OTHER, 1),
        event_aad(RECORD, 1, 1),
        event_aad(RECORD, 1, 2),
        event_aad(RECORD, 2, 1),
        event_aad(RECORD, 0, 1),
        event_aad(OTHER, 1, 1),
    )

    @pytest.mark.requirement("R46")
    def test_every_row_opens_in_its_place_and_in_no_other(self) -> None:
        """Exchanged rows, and an older row put back under the present version."""
        assert len(set(self.AADS)) == len(self.AADS)
        for mine in self.AADS:
            sealed = seal_json(KEK, {"title": "é", "n": 1}, mine)
            for aad in self.AADS:
                if aad == mine:
                    assert open_json(KEK, sealed, aad) == {"title": "é", "n": 1}
                    continue
                with pytest.raises(KeyvaultError) as caught:
                    open_json(KEK, sealed, aad)
                assert caught.value.code == "unseal_failed"

    @pytest.mark.parametrize("sealed", [b"", bytes(27), bytes(28), bytes(100)])
    def test_other_bytes(self, sealed: bytes) -> None:
        with pytest.raises(KeyvaultError) as caught:
            open_json(KEK, sealed, b"")
        assert caught.value.code == "unseal_failed"

    def test_more_than_the_largest_row(self, monkeypatch: pytest.MonkeyPatch) -> None:
        sealed = seal_json(KEK, {"a": "b" * 100}, b"")
        monkeypatch.setattr("keyvault.crypto.sealed_json.LARGEST_JSON", 99)
        with pytest.raises(KeyvaultError):
            open_json(KEK, sealed, b"")

    @pytest.mark.parametrize("content", [b'{"a":1,"a":2}', b"[]", b"{", b"\xff"])
    def test_content_that_is_no_object_with_each_name_once(self, content: bytes) -> None:
        nonce = bytes(12)
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        with pytest.raises(KeyvaultError) as caught:
            open_json(KEK, nonce + AESGCM(KEK).encrypt(nonce, content, b""), b"")
        assert caught.value.code == "unseal_failed"


@pytest.mark.parametrize(("chain", "seq"), [(3, 1), (-1, 1), (1, 0)])
def test_events_have_a_chain_and_a_position(chain: int, seq: int) -> None:
    with pytest.raises(Invalid):
        event_aad(RECORD, chain, seq)


@pytest.mark.parametrize("number", [-1, 2**53])
def test_times_and_positions_stay_exact_in_json(number: int) -> None:
    with pytest.raises(Invalid) as caught:
        be64(number)
    assert caught.value.code == "bad_number"


def test_new_keys_differ() -> None:
    assert len({new_key() for _ in range(8)}) == 8


class TestPackedJson:
    @given(st.dictionaries(st.text(), st.text() | st.integers(-(2**53) + 1, 2**53 - 1) | st.none()))
    def test_opens_as_it_was_sealed(self, payload: dict[str, Any]) -> None:
        assert open_packed(KEK, seal_packed(KEK, payload, b"a"), b"a") == payload
        assert open_details(KEK, seal_details(KEK, payload, OTHER, 3), OTHER, 3) == payload

    @pytest.mark.parametrize("place", [(OTHER, 2), (RECORD, 1)])
    def test_details_open_in_their_place_alone(self, place: tuple[UUID, int]) -> None:
        with pytest.raises(KeyvaultError):
            open_details(KEK, seal_details(KEK, {"title": "a"}, OTHER, 1), *place)

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b'{"a":1}',
            zlib.compress(b'{"a":1}')[:-1],
            zlib.compress(b'{"a":1}') + b"\0",
            zlib.compress(b'{"a":1}') * 2,
            zlib.compress(b'{"a":1,"a":2}'),
            zlib.compress(b"[]"),
        ],
        ids=["nothing", "not packed", "cut", "more behind it", "two streams", "a name twice", "no object"],
    )
    def test_what_is_no_single_stream_of_an_object_is_refused(self, content: bytes) -> None:
        with pytest.raises(KeyvaultError) as caught:
            open_packed(KEK, seal(KEK, content, b""), b"")
        assert caught.value.code == "unseal_failed"

    def test_a_bomb_is_refused_and_never_inflated(self) -> None:
        content = b'{"a":"' + b" " * 200_000_000 + b'"}'
        sealed = seal(KEK, zlib.compress(content, 9), b"")
        del content
        assert len(sealed) < 300_000
        tracemalloc.start()
        with pytest.raises(KeyvaultError):
            open_packed(KEK, sealed, b"", 1_000_000)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 4_000_000

    def test_the_largest_row_opens(self) -> None:
        sealed = seal_packed(KEK, {"a": "b" * 92}, b"")
        assert open_packed(KEK, sealed, b"", 100) == {"a": "b" * 92}
        with pytest.raises(KeyvaultError):
            open_packed(KEK, sealed, b"", 99)
