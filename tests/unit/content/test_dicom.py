"""What an instance must be to enter, one reason at a time."""

import struct
import zlib
from dataclasses import replace

import pytest

from content.byte_source import BytesSource
from content.dicom.instance import inspect_dicom
from content.facts import DicomFacts
from content.limits import DEFAULT_LIMITS, Limits
from content.verdicts import Finding, Outcome, worst
from tests.unit.content.dicom_bytes import (
    BIG,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    ITEM_END,
    JPEG,
    SEQUENCE_END,
    SOP,
    UNDEFINED,
    element,
    fragments,
    identifiers,
    image,
    item,
    meta,
    part10,
    pixel_module,
    pixels,
)
from tests.unit.content.pdf_bytes import pdf


def inspect(data: bytes, limits: Limits = DEFAULT_LIMITS) -> tuple[list[str], DicomFacts | None]:
    findings, facts = inspect_dicom(BytesSource(data), limits)
    assert bool(facts) == (worst(findings) in {Outcome.ACCEPT, Outcome.WARN})
    return [finding.code for finding in findings], facts


def codes(data: bytes, limits: Limits = DEFAULT_LIMITS) -> list[str]:
    return inspect(data, limits)[0]


def is_refused_or_imageless(data: bytes) -> bool:
    """Cut between two elements, what is left is a whole data set without image: some objects have none."""
    findings, facts = inspect_dicom(BytesSource(data))
    if worst(findings) is Outcome.REJECT:
        return True
    described = "00280010" in facts.dicom
    return facts.frames is None and described == ("pixel_data_missing" in {f.code for f in findings})


class TestFile:
    def test_a_valid_image_has_no_findings(self) -> None:
        found, facts = inspect(image())
        assert found == []
        assert (facts.sop, facts.transfer_syntax, facts.modality) == (SOP, EXPLICIT, "CT")

    @pytest.mark.parametrize(
        "preamble",
        [
            b"MZ\x90\0",
            b"\x7fELF",
            b"#!/bin/sh\n",
            b"PK\x03\x04",
            b"<!DOCTYPE html>",
            b" \n<script>",
            b"%PDF-1.4",
        ],
    )
    def test_a_preamble_that_something_else_would_run_or_open_is_refused(self, preamble: bytes) -> None:
        assert codes(part10(identifiers(), preamble=preamble)) == ["preamble_active"]

    @pytest.mark.parametrize("preamble", [b"II*\0", b"\0\0\0\1"])
    def test_any_other_preamble_is_a_warning(self, preamble: bytes) -> None:
        assert codes(part10(identifiers(), preamble=preamble)) == ["preamble_not_zero"]

    def test_a_data_set_alone_is_read_with_a_warning(self) -> None:
        for syntax in (EXPLICIT, IMPLICIT, BIG):
            found, facts = inspect(identifiers(syntax))
            assert found == ["preamble_missing", "meta_missing"]
            assert facts.transfer_syntax == syntax

    def test_file_meta_information_without_preamble_is_read_with_a_warning(self) -> None:
        assert codes(meta() + identifiers()) == ["preamble_missing"]

    @pytest.mark.parametrize(
        "data", [b"", b"\0", b"GIF89a" * 40, bytes(500), b"%PDF-1.7\n" * 40, b"{}" * 100]
    )
    def test_anything_else_is_not_dicom(self, data: bytes) -> None:
        assert codes(data)[-1] == "not_dicom"

    def test_a_file_of_meta_information_only_is_not_dicom_enough(self) -> None:
        assert worst(inspect_dicom(BytesSource(part10(b"")))[0]) is Outcome.REJECT

    def test_the_meta_informations_own_identifiers_are_only_compared(self) -> None:
        found, facts = inspect(part10(identifiers(sop=b"9.9")))
        assert found == ["meta_differs"]
        assert facts.sop == "9.9"

    @pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG])
    def test_a_data_set_encoded_otherwise_than_declared_is_read_as_it_is(self, syntax: str) -> None:
        declared = IMPLICIT if syntax == EXPLICIT else EXPLICIT
        assert codes(part10(identifiers(syntax), declared)) == ["encoding_differs"]

    def test_a_private_transfer_syntax_is_a_warning_and_nonsense_is_refused(self) -> None:
        findings, _ = inspect_dicom(BytesSource(part10(identifiers(), "1.2.840.113619.5.2")))
        assert findings == [Finding("transfer_syntax_unusual")]  # without the value found
        assert codes(part10(identifiers(), "explicit")) == ["transfer_syntax_not_valid"]

    def test_a_media_directory_is_refused(self) -> None:
        directory = part10(element(0x00041220, "SQ", b"") + identifiers())
        assert codes(directory)[-1] == "dicomdir"


class TestIdentifiers:
    @pytest.mark.parametrize("name", ["sop_class", "sop", "study", "series"])
    def test_each_identifier_is_mandatory(self, name: str) -> None:
        assert codes(part10(identifiers(**{name: b""})))[-1] == "uid_missing"

    def test_an_identifier_of_another_type_identifies_nothing(self) -> None:
        number = element(0x0020000D, "US", struct.pack("<H", 7))
        assert codes(part10(identifiers(study=b"") + number))[-1] == "uid_missing"

    def test_an_odd_but_addressable_identifier_is_a_warning(self) -> None:
        assert codes(part10(identifiers(study=b"1.02.3"))) == ["uid_not_valid"]
        assert codes(part10(identifiers(study=b"ABCDEF01"))) == ["uid_not_valid"]

    @pytest.mark.parametrize("uid", [b"1.2/../3", b"1.2 3", b"1." * 40, b"\xff\xfe"])
    def test_an_identifier_no_address_can_hold_is_refused(self, uid: bytes) -> None:
        assert codes(part10(identifiers(study=uid)))[-1] == "uid_unusable"

    def test_an_empty_patient_id_is_a_warning(self) -> None:
        assert codes(part10(identifiers(patient=b""))) == ["patient_id_empty"]

    def test_a_palette_belongs_to_no_patient(self) -> None:
        assert codes(part10(identifiers(sop_class=b"1.2.840.10008.5.1.4.39.1"))) == ["not_patient_object"]

    def test_an_identifying_element_may_not_occur_twice(self) -> None:
        twice = element(0x00100020, "LO", b"one") + element(0x00100020, "LO", b"two")
        assert codes(part10(identifiers() + twice)) == ["element_duplicate"]


class TestStructure:
    def test_every_truncation_of_an_image_is_refused(self) -> None:
        whole = image()
        for end in range(len(whole)):
            assert is_refused_or_imageless(whole[:end]), end

    def test_every_truncation_of_nested_and_compressed_data_is_refused(self) -> None:
        nested = element(0x00081140, "SQ", b"", length=UNDEFINED)
        nested += item(element(0x00081150, "UI", b"1.2"), length=UNDEFINED) + ITEM_END + SEQUENCE_END
        whole = part10(nested + identifiers() + pixel_module() + fragments(b"abcd", b"efgh"), JPEG)
        start = len(part10(b"", JPEG))
        assert codes(whole) == ["elements_unordered"]
        for end in range(start, len(whole)):
            assert is_refused_or_imageless(whole[:end]), end

    def test_ten_thousand_nested_sequences_are_refused_without_recursion(self) -> None:
        nested = element(0x00081140, "SQ", b"", length=UNDEFINED) + item(b"", length=UNDEFINED)
        assert codes(part10(identifiers() + nested * 10_000))[-1] == "nested_too_deep"

    def test_sequences_hidden_in_unknown_elements_are_followed_too(self) -> None:
        implicit = element(0x00081140, "SQ", b"", length=UNDEFINED, syntax=IMPLICIT)
        nested = (implicit + item(b"", length=UNDEFINED)) * 10_000
        hidden = element(0x00091010, "UN", item(nested, length=UNDEFINED), length=UNDEFINED)
        assert codes(part10(hidden + identifiers()))[-1] == "nested_too_deep"
        sized = element(0x00081140, "UN", item(nested))
        assert codes(part10(sized + identifiers()))[-1] == "nested_too_deep"

    @pytest.mark.parametrize("length", [0xFFFFFFFE, 0xF0000000, 2**31])
    def test_a_declared_length_beyond_the_file_is_a_truncation(self, length: int) -> None:
        assert codes(part10(identifiers() + element(0x00420010, "UT", b"", length=length))) == ["truncated"]
        assert codes(part10(identifiers() + pixel_module() + pixels(b"", length=length))) == ["truncated"]

    def test_an_item_may_not_reach_beyond_its_sequence(self) -> None:
        content = item(element(0x00081150, "UI", b"1.2"), length=200)
        sequence = element(0x00081140, "SQ", content) + bytes(300)
        assert codes(part10(sequence + identifiers())) == ["element_not_valid"]

    def test_the_number_of_elements_is_bounded(self) -> None:
        many = element(0x00081140, "SQ", item(b"") * 2000)
        assert codes(part10(many + identifiers()), replace(DEFAULT_LIMITS, elements=1000)) == [
            "too_many_elements"
        ]

    def test_metadata_is_bounded(self) -> None:
        much = b"".join(element(0x00420010 + i, "UT", b"x" * 1000) for i in range(20))
        assert codes(part10(identifiers() + much), replace(DEFAULT_LIMITS, metadata_bytes=10_000)) == [
            "metadata_too_large"
        ]

    def test_what_follows_the_data_set_must_be_zero(self) -> None:
        assert codes(image() + bytes(100_000)) == ["trailing_zeros"]
        for tail in (b"PK\x03\x04" + bytes(50), b"<html><body>", bytes(70_000) + b"MZ"):
            assert worst(inspect_dicom(BytesSource(image() + tail))[0]) is Outcome.REJECT

    def test_unordered_elements_are_a_warning(self) -> None:
        assert codes(part10(identifiers() + element(0x00080008, "CS", b"ORIGINAL"))) == ["elements_unordered"]


class TestDeflated:
    @staticmethod
    def deflated(dataset: bytes) -> bytes:
        packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
        return part10(packer.compress(dataset) + packer.flush(), DEFLATED)

    def test_it_is_read_and_addresses_no_frames(self) -> None:
        found, facts = inspect(self.deflated(identifiers() + pixel_module() + pixels(bytes(32))))
        assert found == []
        assert facts.frames is None
        assert facts.frame_count == 1

    def test_values_after_large_ones_are_found(self) -> None:
        late = pixels(bytes(300_000)) + element(0xFFFAFFFA, "SQ", b"")
        found, facts = inspect(self.deflated(identifiers() + late))
        assert found == ["pixel_data_unchecked"]
        assert "FFFAFFFA" in facts.dicom

    def test_a_bomb_is_refused_with_little_memory(self) -> None:
        bomb = self.deflated(identifiers() + pixels(bytes(64 * 2**20)))
        assert len(bomb) < 100_000
        assert codes(bomb, replace(DEFAULT_LIMITS, inflated_bytes=2**20)) == ["deflate_too_large"]

    def test_a_stream_cut_anywhere_is_refused(self) -> None:
        whole = self.deflated(identifiers() + pixel_module() + pixels(bytes(range(32))))
        for end in range(len(part10(b"", DEFLATED)), len(whole)):
            assert codes(whole[:end])[-1] == "deflate_not_valid", end

    def test_pixel_data_is_counted(self) -> None:
        assert codes(self.deflated(identifiers() + pixel_module() + pixels(bytes(30)))) == [
            "pixel_data_short"
        ]


class TestPixels:
    def test_frames_of_native_data_follow_one_another(self) -> None:
        data = image(frames=3)
        _, facts = inspect(data)
        start = len(data) - 96
        assert facts.frames == (((start, 32),), ((start + 32, 32),), ((start + 64, 32),))

    def test_missing_pixels_are_refused_and_extra_ones_reported(self) -> None:
        head = identifiers() + pixel_module()
        assert codes(part10(head + pixels(bytes(30)))) == ["pixel_data_short"]
        assert codes(part10(head + pixels(bytes(34)))) == ["pixel_data_longer"]

    def test_a_padding_byte_is_not_extra(self) -> None:
        head = identifiers() + pixel_module(rows=3, columns=3, bits=8)
        assert codes(part10(head + pixels(bytes(9)))) == []

    def test_frames_of_single_bits_that_share_bytes_are_not_addressed(self) -> None:
        head = identifiers() + pixel_module(rows=3, columns=3, bits=1, frames=2)
        found, facts = inspect(part10(head + pixels(bytes(4))))
        assert found == []
        assert facts.frames is None

    def test_an_invalid_number_of_frames_leaves_the_pixels_unchecked(self) -> None:
        frames = element(0x00280008, "IS", b"1A")
        found, facts = inspect(part10(identifiers() + frames + pixel_module() + pixels(bytes(30))))
        assert set(found) == {"elements_unordered", "pixel_data_unchecked", "value_not_valid"}
        assert facts.frames is None
        assert facts.dicom["00280008"] == {"vr": "IS", "Value": ["1A"]}

    def test_the_number_of_addressed_frames_is_bounded(self) -> None:
        head = identifiers() + pixel_module(rows=1, columns=1, bits=8, frames=300_000)
        found, facts = inspect(part10(head + pixels(bytes(300_000))))
        assert found == ["frames_not_addressable"]
        assert (facts.frames, facts.frame_count) == (None, 300_000)

    def test_a_compressed_frame_is_all_its_fragments(self) -> None:
        data = part10(identifiers() + pixel_module() + fragments(b"abcd", b"ef"), JPEG)
        _, facts = inspect(data)
        assert [data[offset : offset + length] for offset, length in facts.frames[0]] == [b"abcd", b"ef"]

    def test_a_fragment_per_frame_needs_no_table(self) -> None:
        data = part10(identifiers() + pixel_module(frames=2) + fragments(b"abcd", b"ef"), JPEG)
        _, facts = inspect(data)
        assert [data[o : o + n] for ((o, n),) in facts.frames] == [b"abcd", b"ef"]

    def test_the_offset_table_groups_fragments(self) -> None:
        table = struct.pack("<II", 0, 12 + 10)
        body = fragments(b"abcd", b"ef", b"gh", b"ij", table=table)
        data = part10(identifiers() + pixel_module(frames=2) + body, JPEG)
        _, facts = inspect(data)
        pieces = [[data[o : o + n] for o, n in frame] for frame in facts.frames]
        assert pieces == [[b"abcd", b"ef"], [b"gh", b"ij"]]

    @pytest.mark.parametrize(
        "table", [b"", struct.pack("<II", 0, 13), struct.pack("<II", 12, 22), struct.pack("<II", 22, 0)]
    )
    def test_a_table_that_fits_no_fragments_is_not_trusted(self, table: bytes) -> None:
        body = fragments(b"abcd", b"ef", b"gh", table=table)
        found, facts = inspect(part10(identifiers() + pixel_module(frames=2) + body, JPEG))
        assert found == ["offset_table_not_valid"] * bool(table) + ["frames_not_addressable"]
        assert facts.frames is None

    def test_missing_compressed_frames_are_refused(self) -> None:
        head = identifiers() + pixel_module(frames=3)
        assert codes(part10(head + fragments(b"abcd", b"ef"), JPEG)) == ["frames_missing"]
        assert codes(part10(identifiers() + pixel_module() + fragments(), JPEG)) == ["frames_missing"]

    def test_video_addresses_no_frames(self) -> None:
        head = identifiers() + pixel_module(frames=300)
        found, facts = inspect(part10(head + fragments(b"abcd"), "1.2.840.10008.1.2.4.102"))
        assert found == []
        assert (facts.frames, facts.frame_count) == (None, 300)

    def test_pixel_bytes_are_never_read(self) -> None:
        class Watching(BytesSource):
            furthest = 0

            def read(self, offset: int, length: int) -> bytes:
                if offset < start:
                    self.furthest = max(self.furthest, offset + length)
                return super().read(offset, length)

        head = part10(identifiers() + pixel_module(rows=1000, columns=1000))
        start = len(head) + 12 + 2_000_000
        source = Watching(head + pixels(bytes(2_000_000)) + element(0xFFFCFFFC, "OB", b"\0\0"))
        assert inspect_dicom(source)[0] == []
        assert source.furthest <= 1024  # where readers of other formats look


class TestEncapsulatedPdf:
    def test_an_encapsulated_pdf_is_examined_as_one(self) -> None:
        script = pdf(catalog=b"/OpenAction<</S/JavaScript/JS(a)>>")
        assert "pdf_javascript" in codes(part10(identifiers() + element(0x00420011, "OB", script)))
        packed = TestDeflated.deflated(identifiers() + element(0x00420011, "OB", script))
        assert "pdf_javascript" in codes(packed)
