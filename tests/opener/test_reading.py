"""How the opener reads: neighbours joined, a few ranges at once, given up; in Node and in Chromium."""

import random
from collections.abc import Iterator
from typing import Any

import pytest

from tests.opener import work
from tests.opener.faulty_store import Store, serving
from tests.opener.runtimes import InNode, Runtime
from tests.unit.keyvault.sealing import DEK, Sample, seal

MIB = 2**20
FRAME = 128 * 1024
SEGMENT = 65536


@pytest.fixture(scope="module")
def long() -> Sample:
    return seal([random.Random(1).randbytes(40 * MIB)])


@pytest.fixture(autouse=True)
def counts(store: Store) -> Iterator[None]:
    store.asked.clear()
    store.most_at_once, store.pause_s = 0, 0.0
    yield
    store.pause_s, store.objects_url = 0.0, ""


def stored(store: Store, made: Sample, fault: str = "good", origin: str = "") -> dict[str, Any]:
    store.put("long", str(made.sealed.ref.blob_id), made.cipher)
    told = {"sealed": work.told(made.sealed), "dek": DEK.hex(), "base": store.url}
    return {**told, "url": f"{origin}/store/{fault}/long", "grant": f"{fault}~long"}


def test_frames_that_adjoin_are_read_in_ranges_of_at_most_16_mib(
    runtime: Runtime, store: Store, long: Sample
) -> None:
    found = runtime.behaves("joined", {**stored(store, long), "frame": FRAME})
    assert (found["frames"], found["bytes"]) == (320, 40 * MIB)
    assert len(found["fetched"]) == 3
    assert max(found["fetched"]) <= 16 * MIB
    # at each border between two ranges one segment is read twice at most
    assert sum(found["fetched"]) <= len(long.cipher) + 2 * SEGMENT


def test_what_lies_between_is_not_fetched(runtime: Runtime, store: Store, long: Sample) -> None:
    fetched = runtime.behaves("apart", stored(store, long))
    assert sorted(fetched) == [SEGMENT - 40, SEGMENT]


def test_no_more_than_four_ranges_are_under_way(runtime: Runtime, store: Store, long: Sample) -> None:
    store.pause_s = 0.02
    runtime.behaves("joined", {**stored(store, long), "frame": 4 * MIB})
    assert store.most_at_once <= 4


def test_one_who_gives_up_leaves_the_others(runtime: Runtime, store: Store, long: Sample) -> None:
    found = runtime.behaves("givenUp", stored(store, long))
    assert found == {"asked": ["opened", "opened", "AbortError", "opened"], "before": "AbortError"}


def test_closed_in_the_middle(runtime: Runtime, store: Store, long: Sample) -> None:
    store.pause_s = 0.2
    assert runtime.behaves("closed", stored(store, long)) == ["grant_closed", "grant_closed"]


def test_a_damaged_segment_costs_its_neighbours_nothing(runtime: Runtime, store: Store, long: Sample) -> None:
    told = stored(store, long)
    altered = bytearray(long.cipher)
    altered[2 * SEGMENT + 9] ^= 1
    store.put("long", told["sealed"]["blob"], bytes(altered))
    found = runtime.behaves("damaged", told)
    assert found == ["opened", "opened", "blob_corrupt", "opened", "opened"]


def test_what_is_urgent_does_not_wait(runtime: Runtime, store: Store, long: Sample) -> None:
    store.pause_s = 0.1
    assert runtime.behaves("urgent", stored(store, long)) == ["urgent", "whole"]


def test_a_stream_that_is_left_reads_a_few_pieces_ahead(runtime: Runtime, store: Store, long: Sample) -> None:
    store.pause_s = 0.05
    assert runtime.behaves("streamLeft", stored(store, long)) > 7 * MIB
    assert sum(store.asked.values()) <= 4


def test_memory_is_bounded_however_long_the_part(store: Store) -> None:
    """Four ranges of 8 MiB and what the collector has not taken back yet."""
    found = InNode().behaves("memory", work.zeros(store, 256 * MIB))
    assert found["size"] == 256 * MIB
    assert found["most"] < 160 * MIB


def test_a_private_key_is_never_shown(runtime: Runtime) -> None:
    assert runtime.behaves("key", {}) == {"length": 43, "forgotten": "key_forgotten", "shown": "{}"}


def test_without_x25519_a_sentence(runtime: Runtime) -> None:
    assert runtime.behaves("tooOld", {}) == "browser_too_old"


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ("cors", "opened"),
        ("good", "store_unreachable"),
        ("cors-hidden", "store_hides_range"),
        ("cors-expired", "opened"),  # its refusal is not for the page to read
    ],
)
def test_a_store_of_another_origin(
    in_browser: Runtime, store: Store, long: Sample, fault: str, outcome: str
) -> None:
    with serving(Store({})) as elsewhere:
        elsewhere.put("long", str(long.sealed.ref.blob_id), long.cipher)
        store.objects_url = elsewhere.url
        told = stored(store, long, fault, elsewhere.url)
        assert in_browser.behaves("opened", told) == outcome
