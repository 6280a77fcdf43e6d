"""What careless but honest writers produce is read, with a warning that says what is odd."""

import struct
import zlib

import pytest

from content.byte_source import BytesSource
from content.dicom.instance import inspect_dicom
from content.facts import DicomFacts
from content.verdicts import Outcome, worst
from tests.unit.content.dicom_bytes import (
    BIG,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    ITEM_END,
    JPEG,
    OBJECT_CLASS,
    SEQUENCE_END,
    SERIES,
    SOP,
    STUDY,
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


def inspect(data: bytes) -> tuple[list[str], DicomFacts | None]:
    findings, facts = inspect_dicom(BytesSource(data))
    assert bool(facts) == (worst(findings) in {Outcome.ACCEPT, Outcome.WARN}), findings
    return [finding.code for finding in findings], facts


def codes(data: bytes) -> list[str]:
    return inspect(data)[0]


REFERENCE = element(0x00081150, "UI", b"1.2.3") + element(0x00081155, "UI", b"1.2.4")
IMPLICIT_REFERENCE = element(0x00081150, "UI", b"1.2.3", syntax=IMPLICIT) + element(
    0x00081155, "UI", b"1.2.4", syntax=IMPLICIT
)
TAG = 0x00081140


def with_sequence(sequence: bytes) -> bytes:
    """An instance whose Referenced Image Sequence is `sequence`, in order."""
    ids = {"sop_class": (0x00080016, OBJECT_CLASS), "sop": (0x00080018, SOP)}
    first = b"".join(element(tag, "UI", value.encode()) for tag, value in ids.values())
    last = element(0x00100020, "LO", b"1") + element(0x0020000D, "UI", STUDY.encode())
    return part10(first + sequence + last + element(0x0020000E, "UI", SERIES.encode()))


def referenced(facts: DicomFacts) -> list[str]:
    return [entry["00081150"]["Value"][0] for entry in facts.dicom["00081140"]["Value"]]


class TestMeta:
    @pytest.mark.parametrize(
        "file_meta",
        [
            meta(),
            element(0x00020000, "UL", struct.pack("<I", 9)) + meta(),
            element(0x00020000, "UL", struct.pack("<I", 2**31)) + meta(),
            element(0x00020001, "OB", b"\0\2") + meta(),
            meta()
            + element(0x00020012, "UI", b"1.2")
            + element(0x00020016, "AE", b"X" * 30)
            + element(0x00020100, "UI", b"1.2.9")
            + element(0x00020102, "OB", bytes(300)),
        ],
        ids=["none", "short_group_length", "long_group_length", "version", "private_information"],
    )
    def test_any_group_length_version_and_private_information(self, file_meta: bytes) -> None:
        assert codes(bytes(128) + b"DICM" + file_meta + identifiers()) == []

    def test_implicit_meta_information(self) -> None:
        written = element(0x00020002, "UI", OBJECT_CLASS.encode(), syntax=IMPLICIT)
        written += element(0x00020010, "UI", EXPLICIT.encode(), syntax=IMPLICIT)
        found, facts = inspect(bytes(128) + b"DICM" + written + identifiers())
        assert found == ["encoding_differs"]
        assert facts.transfer_syntax == EXPLICIT

    def test_identifiers_padded_with_spaces_or_zeros(self) -> None:
        padded = element(0x00020010, "UI", EXPLICIT.encode() + b" ")
        assert codes(bytes(128) + b"DICM" + padded + identifiers(study=b"1.2.3 \0 ")) == []

    def test_no_transfer_syntax(self) -> None:
        assert codes(bytes(128) + b"DICM" + element(0x00020002, "UI", b"1.2") + identifiers()) == [
            "meta_transfer_syntax_missing",
            "meta_differs",
        ]


class TestEncoding:
    @pytest.mark.parametrize("length", [None, UNDEFINED])
    def test_items_written_implicitly_in_an_explicit_data_set(self, length: int | None) -> None:
        content = item(IMPLICIT_REFERENCE, length=length) + (ITEM_END if length else b"")
        end = SEQUENCE_END if length else b""
        found, facts = inspect(with_sequence(element(TAG, "SQ", content + end, length=length)))
        assert found == ["encoding_differs"]
        assert referenced(facts) == ["1.2.3"]

    @pytest.mark.parametrize("inner", [REFERENCE, IMPLICIT_REFERENCE], ids=["explicit", "implicit"])
    def test_a_sequence_hidden_in_an_unknown_element(self, inner: bytes) -> None:
        content = item(inner, length=UNDEFINED) + ITEM_END + SEQUENCE_END
        found, facts = inspect(with_sequence(element(TAG, "UN", content, length=UNDEFINED)))
        assert found == (["encoding_differs"] if inner is REFERENCE else [])
        assert referenced(facts) == ["1.2.3"]

    def test_one_element_without_vr(self) -> None:
        bare = struct.pack("<HHI", 0x0008, 0x1030, 4) + b"Head"
        assert codes(part10(identifiers() + bare)) == ["element_not_valid"]  # out of order: another file's
        found, facts = inspect(with_sequence(bare))
        assert found == ["encoding_differs"]
        assert facts.dicom["00081030"] == {"vr": "LO", "Value": ["Head"]}

    @pytest.mark.parametrize("code", [b"??", b"--", b"  "])
    def test_an_invented_vr_with_a_short_length(self, code: bytes) -> None:
        odd = struct.pack("<HH2sH", 0x0009, 0x1001, code, 4) + b"abcd"
        assert codes(with_sequence(odd)) == ["encoding_differs"]

    def test_a_vr_of_the_future_has_a_long_length(self) -> None:
        future = struct.pack("<HH2sHI", 0x0009, 0x1001, b"ZZ", 0, 4) + b"abcd"
        assert codes(with_sequence(future)) == []

    @pytest.mark.parametrize("syntax", ["1.2.840.113619.5.2", "1.3.46.670589.33.1.4.1"])
    @pytest.mark.parametrize("written", [EXPLICIT, IMPLICIT])
    def test_private_transfer_syntaxes_are_read_as_they_are(self, syntax: str, written: str) -> None:
        assert codes(part10(identifiers(written), syntax)) == ["transfer_syntax_unusual"]

    def test_a_private_syntax_may_put_many_frames_into_a_fragment(self) -> None:
        body = identifiers() + pixel_module(frames=9) + fragments(b"abcd")
        assert codes(part10(body, "1.2.3.4.5.6")) == ["transfer_syntax_unusual", "frames_not_addressable"]


class TestSequences:
    @pytest.mark.parametrize(
        "sequence",
        [
            element(TAG, "SQ", b""),
            element(TAG, "SQ", SEQUENCE_END, length=UNDEFINED),
            element(TAG, "SQ", item(b"")),
            element(TAG, "SQ", item(b"", length=UNDEFINED) + ITEM_END + SEQUENCE_END, length=UNDEFINED),
            element(TAG, "UN", SEQUENCE_END, length=UNDEFINED),
            element(TAG, "SQ", item(REFERENCE) + SEQUENCE_END, length=UNDEFINED),
        ],
    )
    def test_empty_and_mixed_lengths(self, sequence: bytes) -> None:
        assert codes(with_sequence(sequence)) == []

    @pytest.mark.parametrize(
        "sequence",
        [
            element(TAG, "SQ", item(REFERENCE) + ITEM_END + SEQUENCE_END, length=UNDEFINED),
            element(TAG, "SQ", item(REFERENCE + ITEM_END)),
            element(TAG, "SQ", item(REFERENCE) + SEQUENCE_END),
            element(TAG, "SQ", item(REFERENCE)) + SEQUENCE_END,
            element(TAG, "SQ", item(REFERENCE, length=UNDEFINED) + SEQUENCE_END, length=UNDEFINED),
        ],
        ids=["item_end_after", "item_end_inside", "end_inside", "end_after", "end_for_item_end"],
    )
    def test_delimiters_too_many_or_too_few(self, sequence: bytes) -> None:
        found, facts = inspect(with_sequence(sequence))
        assert found == ["delimiter_unexpected"]
        assert referenced(facts) == ["1.2.3"]

    def test_a_delimiter_inside_the_image_is_not_one(self) -> None:
        whole = part10(identifiers() + pixel_module() + fragments(b"abcd" + SEQUENCE_END + b"ef"), JPEG)
        assert codes(whole) == []

    def test_reports_are_nested_as_deep_as_they_need(self) -> None:
        nested = b""
        for _ in range(30):
            nested = element(0x0040A730, "SQ", item(element(0x0040A040, "CS", b"CONTAINER") + nested))
        assert codes(part10(identifiers() + nested)) == []


class TestEnd:
    @pytest.mark.parametrize("tail", [b"\0", b"\0" * 7, b"\0" * 500])
    def test_zeros(self, tail: bytes) -> None:
        assert codes(image() + tail) == ["trailing_zeros"]

    @pytest.mark.parametrize("tail", [b"\n", b"\r\n", b"\x1a", b" ", b"\xff\xff"])
    def test_a_few_bytes_after_the_image(self, tail: bytes) -> None:
        assert codes(image() + tail) == ["trailing_bytes"]

    def test_a_line_end_after_an_object_without_image(self) -> None:
        assert codes(part10(identifiers()) + b"\r\n") == ["trailing_bytes"]
        assert codes(part10(identifiers()) + b"\x28\0\x10") == ["truncated"]

    def test_padding_and_signatures_after_the_image(self) -> None:
        padding = element(0xFFFAFFFA, "SQ", b"") + element(0xFFFCFFFC, "OB", bytes(200))
        assert codes(image() + padding) == []

    def test_padding_or_a_trailer_after_a_deflate_stream(self) -> None:
        packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
        packed = packer.compress(identifiers()) + packer.flush()
        assert codes(part10(packed + b"\0", DEFLATED)) == []
        assert codes(part10(packed + bytes(100_000), DEFLATED)) == []
        assert codes(part10(packed + zlib.crc32(packed).to_bytes(4, "big") + b"\1\2\3\4", DEFLATED)) == []
        for more in (b"PK\3\4 and more", bytes(100_000) + b"and much later more"):
            assert codes(part10(packed + more, DEFLATED)) == ["deflate_not_valid"]


class TestValues:
    @pytest.mark.parametrize(
        ("tag", "vr", "value"),
        [
            (0x00281050, "DS", b"123456789.1234567890123"),
            (0x00200013, "IS", b"99999999999999"),
            (0x00100010, "PN", b"X" * 200),
            (0x00080020, "DA", b"1999.01.01"),
            (0x00080030, "TM", b"10:20:30"),
            (0x00080060, "CS", b"lower case and far too long"),
            (0x00100040, "CS", b""),
            (0x00081030, "LO", b"x" * 500),
            (0x00080050, "SH", b"x" * 100),
            (0x0008002A, "DT", b"20200101000000.000000+0100"),
        ],
    )
    def test_values_that_are_too_long_or_old_forms(self, tag: int, vr: str, value: bytes) -> None:
        assert set(codes(part10(identifiers() + element(tag, vr, value)))) <= {"elements_unordered"}

    @pytest.mark.parametrize(
        ("charset", "name"),
        [
            (b"ISO_IR 100", "Müller^Jörg".encode("latin-1")),
            (b"ISO_IR 192", "Émile^Zoé".encode()),
            (b"GB18030", "王^小东".encode("gb18030")),
            (b"GBK", "王^小东".encode("gbk")),
            (b"ISO 2022 IR 6\\ISO 2022 IR 87", b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B"),
            (b"\\ISO 2022 IR 149", b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7"),
            (b"ISO_IR 144", "Люкceмбypг".encode("iso8859_5")),
            (b"ISO-IR 100", "Müller".encode("latin-1")),
        ],
        ids=lambda value: value.decode("latin-1") if value.startswith((b"ISO", b"GB", b"\\")) else "",
    )
    def test_every_character_set_names_patients(self, charset: bytes, name: bytes) -> None:
        text = element(0x00080005, "CS", charset) + element(0x00100010, "PN", name)
        found, facts = inspect(part10(text + identifiers()))
        assert worst(inspect_dicom(BytesSource(part10(text + identifiers())))[0]) is Outcome.WARN
        assert "�" not in str(facts.dicom["00100010"]), found

    @pytest.mark.parametrize("vr", ["PN", "SQ", "US", "FD", "OB", "UN", "AT", "UT"])
    @pytest.mark.parametrize(
        "tag",
        [0x00080016, 0x00080005, 0x00100010, 0x00100024, 0x00101002, 0x00280002, 0x00280004, 0x00280008],
    )
    def test_an_attribute_of_any_other_type_stops_nothing(self, tag: int, vr: str) -> None:
        content = item(REFERENCE) if vr == "SQ" else b"12345678"
        findings, _ = inspect_dicom(
            BytesSource(
                part10(element(tag, vr, content) + identifiers() + pixel_module() + pixels(bytes(32)))
            )
        )
        assert worst(findings) is not Outcome.QUARANTINE

    @pytest.mark.parametrize("odd", [b"a", b"abc"])
    def test_odd_lengths(self, odd: bytes) -> None:
        bare = struct.pack("<HH2sH", 0x0010, 0x4000, b"LT", len(odd)) + odd
        assert codes(with_sequence(b"") + bare) == ["elements_unordered"]

    def test_retired_curves_and_overlays(self) -> None:
        curves = element(0x50003000, "OW", bytes(8)) + element(0x501E3000, "OW", bytes(8))
        overlays = element(0x60000010, "US", b"\4\0") + element(0x60003000, "OW", bytes(2))
        assert codes(part10(identifiers() + curves + overlays)) == []

    def test_private_elements_without_creator(self) -> None:
        assert codes(part10(identifiers() + element(0x00291010, "OB", bytes(2000)))) == []


class TestPixels:
    @pytest.mark.parametrize("frames", [b"0", b"1 ", b"", b"+1"])
    def test_one_frame_said_in_odd_ways(self, frames: bytes) -> None:
        head = identifiers() + element(0x00280008, "IS", frames)
        assert "pixel_data_short" in codes(part10(head + pixel_module() + pixels(bytes(30))))
        found, facts = inspect(part10(head + pixel_module() + pixels(bytes(32))))
        assert found == ["elements_unordered"]
        assert len(facts.frames) == 1

    @pytest.mark.parametrize(
        ("module", "size"),
        [
            (pixel_module(rows=3, columns=5, bits=1), 2),
            (pixel_module(rows=3, columns=5, bits=1, frames=7), 14),
            (pixel_module(bits=12), 24),
            (pixel_module(bits=32), 64),
            (pixel_module(bits=8, samples=3), 48),
            (pixel_module(bits=8, samples=4), 64),
            (pixel_module(bits=24), 48),
        ],
    )
    def test_native_sizes(self, module: bytes, size: int) -> None:
        assert codes(part10(identifiers() + module + pixels(bytes(size)))) == []
        assert codes(part10(identifiers() + module + pixels(bytes(size - 2)))) == ["pixel_data_short"]

    def test_subsampled_colour_stores_two_samples_a_pixel(self) -> None:
        module = pixel_module(bits=8, samples=3)
        module = module[:10] + element(0x00280004, "CS", b"YBR_FULL_422") + module[10:]
        assert codes(part10(identifiers() + module + pixels(bytes(32)))) == []
        assert codes(part10(identifiers() + module + pixels(bytes(48)))) == ["pixel_data_longer"]
        assert codes(part10(identifiers() + module + pixels(bytes(30)))) == ["pixel_data_short"]

    @pytest.mark.parametrize(("tag", "vr", "bits"), [(0x7FE00008, "OF", 32), (0x7FE00009, "OD", 64)])
    def test_floating_point_pixels(self, tag: int, vr: str, bits: int) -> None:
        head = identifiers() + pixel_module(bits=bits)
        assert codes(part10(head + element(tag, vr, bytes(2 * bits)))) == []
        assert codes(part10(head + element(tag, vr, bytes(2 * bits - 2)))) == ["pixel_data_short"]

    @pytest.mark.parametrize("vr", ["OB", "OW", "UN"])
    def test_any_vr_of_pixel_data(self, vr: str) -> None:
        assert codes(part10(identifiers() + pixel_module() + element(0x7FE00010, vr, bytes(32)))) == []

    def test_an_icon_may_be_compressed_otherwise(self) -> None:
        icon = pixel_module() + fragments(b"abcd")
        sequence = element(
            0x00880200, "SQ", item(icon, length=UNDEFINED) + ITEM_END + SEQUENCE_END, length=UNDEFINED
        )
        assert codes(part10(identifiers() + sequence)) == []

    @pytest.mark.parametrize("frames", [1, 2])
    def test_the_first_bytes_of_fragments_tell_where_frames_begin(self, frames: int) -> None:
        start, rest = b"\xff\xd8\xff\xe0ab", b"cdefgh"
        data = part10(identifiers() + pixel_module(frames=frames) + fragments(*[start, rest] * frames), JPEG)
        found, facts = inspect(data)
        assert found == []
        assert [[data[o : o + n] for o, n in frame] for frame in facts.frames] == [[start, rest]] * frames

    @pytest.mark.parametrize(
        ("offsets", "found"),
        [
            ((0, 12), []),
            ((0, 13), ["offset_table_not_valid"]),
            ((2**64 - 8, 2**64 - 1), ["offset_table_not_valid"]),
            ((12, 0), ["offset_table_not_valid"]),
            ((0,), ["offset_table_not_valid"]),
        ],
    )
    def test_extended_offset_tables(self, offsets: tuple[int, ...], found: list[str]) -> None:
        table = element(0x7FE00001, "OV", struct.pack(f"<{len(offsets)}Q", *offsets))
        lengths = element(0x7FE00002, "OV", struct.pack("<2Q", 4, 3))
        body = pixel_module(frames=2) + table + lengths + fragments(b"abcd", b"efg\0")
        assert codes(part10(identifiers() + body, JPEG)) == found

    def test_lengths_of_an_extended_offset_table(self) -> None:
        table = element(0x7FE00001, "OV", struct.pack("<2Q", 0, 12))
        lengths = element(0x7FE00002, "OV", struct.pack("<2Q", 4, 2**63))
        body = pixel_module(frames=2) + table + lengths + fragments(b"abcd", b"efgh")
        assert codes(part10(identifiers() + body, JPEG)) == ["offset_table_not_valid"]

    def test_encapsulated_uncompressed_frames_are_counted(self) -> None:
        syntax = "1.2.840.10008.1.2.1.98"
        head = identifiers() + pixel_module(frames=2)
        assert codes(part10(head + fragments(bytes(32), bytes(32)), syntax)) == []
        assert codes(part10(head + fragments(bytes(32), bytes(30)), syntax)) == ["pixel_data_short"]

    def test_an_odd_fragment(self) -> None:
        odd = element(0x7FE00010, "OB", b"", length=UNDEFINED) + item(b"") + item(b"abc") + SEQUENCE_END
        assert codes(part10(identifiers() + pixel_module() + odd, JPEG)) == []

    @pytest.mark.parametrize("image_class", ["1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.7"])
    def test_an_image_class_without_image_is_told(self, image_class: str) -> None:
        assert codes(part10(identifiers(sop_class=image_class.encode()))) == [
            "meta_differs",
            "pixel_data_missing",
        ]

    def test_an_image_on_another_server_is_refused(self) -> None:
        address = element(0x00287FE0, "UR", b"https://other.example/jpip")
        for syntax in ("1.2.840.10008.1.2.4.94", "1.2.840.10008.1.2.4.204"):
            assert codes(part10(identifiers() + pixel_module() + address, syntax)) == ["pixel_data_elsewhere"]


def test_duplicates_are_found_wherever_they_stand() -> None:
    early = element(0x00080005, "CS", b"ISO_IR 100")
    twice = identifiers() + early + element(0x00080018, "UI", b"1.2.9")
    assert codes(part10(twice))[-1] == "element_duplicate"


@pytest.mark.parametrize("syntax", [BIG, IMPLICIT, EXPLICIT])
@pytest.mark.parametrize("start", ["whole", "no_preamble", "data_set_only"])
def test_each_encoding_with_and_without_its_outside(syntax: str, start: str) -> None:
    cut = {"whole": 0, "no_preamble": 132, "data_set_only": 132 + len(meta(syntax))}[start]
    found, facts = inspect(part10(identifiers(syntax), syntax)[cut:])
    assert set(found) <= {"preamble_missing", "meta_missing"}
    assert facts.sop == SOP
