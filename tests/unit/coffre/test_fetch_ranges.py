"""How the parts of a grant become ranges: neighbours joined, nothing between them, several at once."""

import hashlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import pairwise
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.fetch.fetching import fetch
from client.fetch.manifest import Manifest
from client.fetch.ranges import (
    AT_ONCE,
    LEAST_MEMORY,
    LONGEST,
    MEMORY,
    MIB,
    SHORTEST,
    USUAL,
    Pace,
    Range,
    plan,
    read,
)
from client.http_client import CoffreClient
from keyvault.crypto.blob_opener import Opener
from keyvault.crypto.blob_sealer import Sealer
from keyvault.crypto.opened_segments import border, opened, segment_of
from keyvault.crypto.sealed_blob import SEGMENT, BlobError, BlobKind, BlobRef, new_data_key
from records.errors import CoffreError
from tests.unit.coffre.test_fetch import (
    STUDY,
    Double,
    client_of,
    gzipped,
    instance,
    seal,
    series_document,
)

BLOBS = (uuid4(), uuid4())
PLAIN = {blob: bytes(range(251)) * (n + 5_000) for n, blob in enumerate(BLOBS)}


@dataclass(frozen=True)
class Wanted:
    blob_id: UUID
    offset: int
    length: int


def fetched(blob: UUID, offset: int, length: int) -> list[bytes]:
    """As the client gives it: what a range holds, cut where a segment ends."""
    plain, pieces, end = PLAIN[blob], [], offset + length
    while offset < end:
        stop = min(end, border(segment_of(offset) + 1))
        pieces.append(plain[offset:stop])
        offset = stop
    return pieces


def segments(one: Range) -> set[tuple[UUID, int]]:
    if not one.length:
        return set()
    first, last = segment_of(one.offset), segment_of(one.offset + one.length - 1)
    return {(one.blob_id, number) for number in range(first, last + 1)}


def wanted() -> st.SearchStrategy[list[Wanted]]:
    size = min(map(len, PLAIN.values()))

    def part(blob: UUID, offset: int, length: int) -> Wanted:
        return Wanted(blob, offset, min(length, size - offset))

    lengths = st.one_of(st.integers(0, 300), st.integers(0, size))
    return st.lists(st.builds(part, st.sampled_from(BLOBS), st.integers(0, size), lengths), max_size=12)


class TestPlan:
    @given(wanted(), st.booleans(), st.integers(1, 20))
    def test_each_part_is_read_whole_and_in_order_whatever_is_wanted(
        self, parts: list[Wanted], in_order: bool, most: int
    ) -> None:
        if in_order:
            parts.sort(key=lambda part: (part.blob_id, part.offset))
        found = [(number, b"".join(pieces)) for number, pieces in read(parts, fetched, Pace(3, most))]
        assert found == [
            (number, PLAIN[part.blob_id][part.offset : part.offset + part.length])
            for number, part in enumerate(parts)
        ]

    @given(wanted(), st.integers(1, 20))
    def test_a_range_is_short_enough_and_has_no_segment_that_nobody_wants(
        self, parts: list[Wanted], most: int
    ) -> None:
        parts.sort(key=lambda part: (part.blob_id, part.offset))
        ranges = [*plan(parts, most)]
        asked = {segment for one in ranges for segment in segments(one)}
        assert all(len(segments(one)) <= most for one in ranges)
        assert asked == {
            segment
            for part in parts
            for segment in segments(Range(part.blob_id, part.offset, part.length, ()))
        }

    def test_neighbours_share_a_range_and_no_segment_is_fetched_twice(self) -> None:
        blob, size = BLOBS[0], 100_000
        parts = [Wanted(blob, number * size, size) for number in range(12)]
        ranges = [*plan(parts, 5)]
        assert [len(segments(one)) for one in ranges] == [5, 5, 5, 4]
        assert not any(segments(one) & segments(other) for one, other in pairwise(ranges))

    def test_what_lies_between_two_parts_is_left_out_where_it_has_a_segment_of_its_own(self) -> None:
        blob, size = BLOBS[0], 200_000
        parts = [Wanted(blob, 0, size), Wanted(blob, 2 * size, size)]
        first, second = plan(parts, 100)
        assert (first.offset, first.length) == (0, size)
        assert (second.offset, second.length) == (2 * size, size)


class TestPace:
    def test_usually_four_ranges_of_16_mib_are_read_and_one_is_written(self) -> None:
        assert USUAL == Pace.within(MEMORY, AT_ONCE) == Pace(4, 16 * MIB // SEGMENT)

    @given(st.integers(LEAST_MEMORY, 4096 * MIB), st.integers(1, 16))
    def test_ranges_are_4_to_16_mib_and_stay_within_the_memory(self, memory: int, at_once: int) -> None:
        pace = Pace.within(memory, at_once)
        assert 1 <= pace.at_once <= at_once
        assert SHORTEST <= pace.segments * SEGMENT <= LONGEST
        assert (pace.at_once + 1) * pace.segments * SEGMENT <= memory

    def test_never_more_are_read_or_held_than_the_pace_says(self) -> None:
        lock, running, most_running, begun = threading.Lock(), 0, 0, 0

        def slow(blob: UUID, offset: int, length: int) -> list[bytes]:
            nonlocal running, most_running, begun
            with lock:
                running, begun = running + 1, begun + 1
                most_running = max(most_running, running)
            time.sleep(0.005)
            with lock:
                running -= 1
            return fetched(blob, offset, length)

        parts = [Wanted(BLOBS[0], number * 50_000, 50_000) for number in range(20)]
        for number, pieces in read(parts, slow, Pace(3, 1)):
            list(pieces)
            needed = segment_of(number * 50_000 + 49_999) + 1
            assert begun <= needed + 3
        assert 1 < most_running <= 3

    def test_after_a_range_that_failed_none_is_begun(self) -> None:
        begun: list[int] = []

        def failing(blob: UUID, offset: int, length: int) -> list[bytes]:
            begun.append(offset)
            if offset:
                time.sleep(0.01)
                raise CoffreError("No right.", code="not_authorised")
            return fetched(blob, offset, length)

        parts = [Wanted(BLOBS[0], number * 50_000, 50_000) for number in range(20)]
        reading = read(parts, failing, Pace(2, 1))
        assert b"".join(next(reading)[1]) == PLAIN[BLOBS[0]][:50_000]
        with pytest.raises(CoffreError) as refused:
            for _, pieces in reading:
                list(pieces)
        assert refused.value.code == "not_authorised"
        time.sleep(0.05)
        assert len(begun) <= 4


class TestSegments:
    DEK = new_data_key()
    CONTENT = bytes(range(256)) * 1_000

    def sealed(self) -> tuple[Opener, bytes]:
        sealer = Sealer(BlobRef(uuid4(), 1, BlobKind.PACK), self.DEK)
        ciphertext = bytes(sealer.update(self.CONTENT)) + bytes(sealer.finish())
        return Opener(sealer.sealed, self.DEK), ciphertext

    @given(st.data())
    def test_any_range_opens_out_of_pieces_of_any_size(self, data: st.DataObject) -> None:
        opener, ciphertext = self.sealed()
        offset = data.draw(st.integers(0, len(self.CONTENT) - 1))
        length = data.draw(st.integers(1, len(self.CONTENT) - offset))
        step = data.draw(st.integers(1, 300_000).filter(lambda size: size > 500 or length < 5_000))
        start, stop = opener.span(offset, length)
        pieces = (ciphertext[at : min(at + step, stop)] for at in range(start, stop, step))
        assert b"".join(opened(opener, offset, length, pieces)) == self.CONTENT[offset : offset + length]

    def test_what_ends_too_early_or_was_altered_is_not_opened(self) -> None:
        opener, ciphertext = self.sealed()
        start, stop = opener.span(0, len(self.CONTENT))
        altered = bytearray(ciphertext[start:stop])
        altered[-1] ^= 1
        for pieces, code in (
            ([ciphertext[start : stop - 1]], "short_range"),
            ([bytes(altered)], "blob_corrupt"),
        ):
            with pytest.raises(BlobError) as refused:
                list(opened(opener, 0, len(self.CONTENT), pieces))
            assert refused.value.code == code


def test_a_range_comes_off_the_wire_in_pieces_of_more_than_a_segment() -> None:
    """Each piece passes through httpcore and h11: many small ones cost more than opening what they hold."""
    body = bytes(8 * MIB)
    sizes: list[int] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    def take(_: httpx.Response, pieces: Iterator[bytes]) -> None:
        for piece in pieces:
            sizes.append(len(piece))
            time.sleep(0.005)  # while more arrives

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.handle_request).start()
        with CoffreClient(f"http://127.0.0.1:{server.server_port}", None) as client:
            client.call("GET", "/", take=take)
    assert sum(sizes) == len(body)
    assert max(sizes) > SEGMENT


SLICES = 40
SLICE = 400_000


class Study(Double):
    """A study of many instances in one object; those of `masked` are in it, and in no list."""

    def __init__(self, masked: frozenset[int] = frozenset()) -> None:
        super().__init__()
        self.slices = [bytes([number]) * SLICE for number in range(SLICES)]
        pack, ciphertext = seal(BlobKind.PACK, b"".join(self.slices))
        self.pack = pack.sealed.ref.blob_id
        listed = [
            instance(f"2.25.{number}", self.pack, number * SLICE, content, frames=None)
            for number, content in enumerate(self.slices)
            if number not in masked
        ]
        metadata, metadata_bytes = seal(BlobKind.SERIES_METADATA, gzipped(series_document(*listed)))
        series = self.study_body.series[0]
        self.study_body = type(self.study_body)(
            (pack, metadata), (), (type(series)(series.study, series.series, (metadata.sealed.ref.blob_id,)),)
        )
        self.objects |= {self.pack: ciphertext, metadata.sealed.ref.blob_id: metadata_bytes}

    @property
    def borders(self) -> list[tuple[int, int]]:
        """The ranges of the pack that were asked for, [start, stop), in their order in it."""
        asked = (asked for blob, asked in self.ranges if blob == str(self.pack))
        pairs = (one.removeprefix("bytes=").split("-") for one in asked)
        return sorted((int(first), int(last) + 1) for first, last in pairs)


def written(out: Path) -> dict[str, str]:
    files = [path for path in out.rglob("*") if path.is_file() and path.name != "manifest.json"]
    return {path.stem: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def digests(double: Study, numbers: "set[int] | range") -> dict[str, str]:
    return {f"2.25.{number}": hashlib.sha256(double.slices[number]).hexdigest() for number in numbers}


class TestFetch:
    PACE = Pace(4, SHORTEST // SEGMENT)

    def test_a_study_is_read_in_few_ranges_and_written_as_it_was_deposited(self, tmp_path: Path) -> None:
        double = Study()
        fetch(client_of(double), tmp_path, Manifest(tmp_path), study=STUDY, pace=self.PACE)
        assert written(tmp_path) == digests(double, range(SLICES))
        assert len(double.borders) == -(-SLICES * SLICE // SHORTEST)
        assert all(stop == start for (_, stop), (start, _) in pairwise(double.borders))

    def test_a_masked_instance_in_the_middle_of_an_object_is_not_fetched(self, tmp_path: Path) -> None:
        double = Study(masked=frozenset({7, 20}))
        fetch(client_of(double), tmp_path, Manifest(tmp_path), study=STUDY, pace=self.PACE)
        assert written(tmp_path) == digests(double, {*range(SLICES)} - {7, 20})
        for number in (7, 20):
            first = segment_of(number * SLICE) + 1  # its own segments: those at its ends hold neighbours, too
            last = segment_of((number + 1) * SLICE - 1)
            assert last - first > 3
            for start, stop in double.borders:
                assert stop <= first * SEGMENT or start >= last * SEGMENT

    def test_a_connection_lost_in_a_range_costs_that_range_alone(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        double, lost = Study(), []
        answer_of = double._object

        class Cut(httpx.SyncByteStream):
            def __init__(self, content: bytes) -> None:
                self.content = content

            def __iter__(self):  # type: ignore[no-untyped-def]
                yield self.content
                raise httpx.ReadError("lost")

        def cutting(request: httpx.Request) -> httpx.Response:
            answer = answer_of(request)
            if str(double.pack) in str(request.url) and len(lost) < 2:
                lost.append(request.headers["range"])
                return httpx.Response(206, headers=answer.headers, stream=Cut(answer.content[:1_000_000]))
            return answer

        monkeypatch.setattr(double, "_object", cutting)
        client = client_of(double)
        monkeypatch.setattr(client._objects, "_sleep", lambda _: None)
        fetch(client, tmp_path, Manifest(tmp_path), study=STUDY, pace=self.PACE)
        assert written(tmp_path) == digests(double, range(SLICES))
        assert len(double.borders) == -(-SLICES * SLICE // SHORTEST) + 2

    def test_a_range_with_more_behind_it_is_not_accepted(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        double = Study()

        def longer(request: httpx.Request) -> httpx.Response:
            answer = Study._object(double, request)
            return httpx.Response(206, headers=answer.headers, content=answer.content + b"more")

        grant = client_of(double).grant(studies=[STUDY])
        parts = grant.instances()
        monkeypatch.setattr(double, "_object", longer)
        with pytest.raises(CoffreError) as refused:
            for _, pieces in grant.read_parts(parts, self.PACE):
                list(pieces)
        assert refused.value.code == "short_range"

    def test_a_range_that_stays_denied_ends_the_reading_and_leaves_no_half_file(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        double, answer_of = Study(), Study._object
        later = SHORTEST

        def denying(request: httpx.Request) -> httpx.Response:
            start = int(request.headers["range"].removeprefix("bytes=").split("-")[0])
            if str(double.pack) in str(request.url) and start >= later:
                return httpx.Response(403, json={"code": "grant_ended", "detail": "It ended."})
            return answer_of(double, request)

        monkeypatch.setattr(double, "_object", denying)
        double.refused["/grants/.+/urls"] = httpx.Response(
            403, json={"code": "not_authorised", "detail": "No right."}
        )
        with pytest.raises(CoffreError) as refused:
            fetch(client_of(double), tmp_path, Manifest(tmp_path), study=STUDY, pace=self.PACE)
        assert (refused.value.code, refused.value.sentence) == ("not_authorised", "No right.")
        whole = SHORTEST // SLICE
        assert written(tmp_path) == digests(double, range(whole))
        assert len([r for r in double.requests if r.url.path.endswith("/urls")]) == 1

    def test_addresses_that_ended_are_renewed_once_for_all_that_met_the_end(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        double = Study()
        opened_grant = client_of(double).grant(studies=[STUDY])
        parts = opened_grant.instances()
        ended, all_met_it = double.signature, threading.Barrier(4)
        double.signature = 7

        def together(request: httpx.Request) -> httpx.Response:
            answer = Study._object(double, request)
            if request.url.params["sig"] == str(ended):
                all_met_it.wait(10)
            return answer

        monkeypatch.setattr(double, "_object", together)
        for number, pieces in opened_grant.read_parts(parts, self.PACE):
            assert b"".join(pieces) == double.slices[number]
        assert len([r for r in double.requests if r.url.path.endswith("/urls")]) == 1
