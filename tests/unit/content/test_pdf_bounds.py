"""What a report may cost: bombs are refused, and work grows with the file and not with its square."""

import base64
import re
import struct
import zlib
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from content.byte_source import BytesSource
from content.limits import DEFAULT_LIMITS
from content.pdf.report import inspect_pdf
from content.pdf.stream_filters import DECODERS
from content.verdicts import Outcome, worst
from tests.unit.content.growth import assert_grows_with_the_size, processor_seconds
from tests.unit.content.pdf_bytes import pdf, stream

MIB = 2**20
LIMITS = replace(
    DEFAULT_LIMITS, pdf_stream_bytes=4 * MIB, pdf_streams_bytes=8 * MIB, pdf_images_bytes=16 * MIB
)


def codes(data: bytes) -> list[str]:
    return [finding.code for finding in inspect_pdf(BytesSource(data), LIMITS)[0]]


def filtered(names: bytes, data: bytes, entries: bytes = b"") -> bytes:
    return b"<<%b/Filter[%b]/Length %d>>stream\n%b\nendstream" % (entries, names, len(data), data)


def lzw(size: int) -> bytes:
    """`size` zero bytes at least, as LZW: each code one longer than the last."""
    bits, width, entries, done = "", 9, 258, 0
    bits += f"{256:09b}" + f"{0:09b}"
    length = 1
    while done < size:
        if entries >= 4094:
            bits += f"{256:0{width}b}" + f"{0:09b}"
            width, entries, length = 9, 258, 1
        length += 1
        bits += f"{entries:0{width}b}"
        entries += 1
        width = min(12, (entries + 1).bit_length())
        done += length
    bits += f"{257:0{width}b}"
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def jpeg2000(width: int, height: int, tile: int) -> bytes:
    """The first markers of a codestream (ISO/IEC 15444-1 §A.5.1)."""
    return b"\xff\x4f\xff\x51\0\x29\0\0" + struct.pack(">6I", width, height, 0, 0, tile, tile) + bytes(20)


def jbig2(kind: int, body: bytes) -> bytes:
    """One segment (ISO/IEC 14492 §7.2)."""
    return struct.pack(">IBBBI", 1, kind, 0, 1, len(body)) + body


ZEROS = bytes(9 * MIB)
BOMBS = {
    "Flate": stream(ZEROS),
    "Flate in Flate": filtered(b"/FlateDecode/FlateDecode", zlib.compress(zlib.compress(ZEROS, 9), 9)),
    "ASCII of Flate": filtered(b"/A85/Fl", base64.a85encode(zlib.compress(ZEROS, 9)) + b"~>"),
    "hexadecimal of Flate": filtered(b"/AHx/Fl", zlib.compress(ZEROS, 9).hex().encode() + b">"),
    "run length": filtered(b"/RunLengthDecode", b"\x81\0" * 80_000),
    "LZW": filtered(b"/LZWDecode", lzw(6 * MIB)),
    "Flate image": filtered(b"/Fl", zlib.compress(bytes(20 * MIB), 9), b"/Subtype/Image/Width 1/Height 1"),
    "pixels": stream(b"", b"/Subtype/Image/Width 99999/Height 99999/BitsPerComponent 8"),
    "predictor": stream(b"a" * 99, b"/DecodeParms<</Predictor 12/Columns 2000000000>>"),
    "fax": filtered(b"/CCITTFaxDecode", b"\xff" * 9, b"/DecodeParms<</Columns 60000/Rows 60000/K -1>>"),
    "JPEG": filtered(b"/DCT", b"\xff\xd8\xff\xe0\0\4ab\xff\xc0\0\x11\x08\xff\xff\xff\xff\3" + bytes(9)),
    "JPEG 2000": filtered(b"/JPXDecode", jpeg2000(9**9, 9**9, 9**9)),
    "tiles": filtered(b"/JPXDecode", jpeg2000(9999, 9999, 1)),
    "JBIG2 page": filtered(b"/JBIG2Decode", jbig2(48, struct.pack(">II11x", 2**20, 2**20))),
    "JBIG2 region": filtered(b"/JBIG2Decode", jbig2(38, struct.pack(">II10x", 2**20, 2**20))),
    "JBIG2 symbols": filtered(b"/JBIG2Decode", jbig2(0, struct.pack(">H8xII", 0, 2**30, 2**30))),
    "JBIG2 text": filtered(b"/JBIG2Decode", jbig2(6, struct.pack(">IIIIBHI", 9, 9, 0, 0, 0, 0, 2**32 - 1))),
    "JBIG2 refined text": filtered(
        b"/JBIG2Decode", jbig2(6, struct.pack(">IIIIBHHII", 9, 9, 0, 0, 0, 3, 0, 0, 2**31))
    ),
    "JBIG2 halftone": filtered(
        b"/JBIG2Decode", jbig2(22, struct.pack(">IIIIBBIIIIHH", 9, 9, 0, 0, 0, 0, 2**20, 2**20, 0, 0, 1, 1))
    ),
    "JBIG2 patterns": filtered(b"/JBIG2Decode", jbig2(16, struct.pack(">BBBI", 0, 8, 8, 2**31))),
    "nine filters": filtered(b"/AHx" * 9, b"00>"),
    "many smaller ones": b"",
}


class TestExpansion:
    @pytest.mark.parametrize("kind", BOMBS)
    def test_a_bomb_is_refused(self, kind: str) -> None:
        objects = [BOMBS[kind]] if BOMBS[kind] else [stream(bytes(3 * MIB))] * 3
        assert codes(pdf(*objects))[-1] == "pdf_too_complex"

    @pytest.mark.parametrize("bomb", ["xref", "object stream"])
    def test_so_is_one_in_the_structure(self, bomb: str) -> None:
        if bomb == "xref":
            data = pdf().replace(b"/Size 5", b"/Size 2000000000/Index[0 2000000000]")
            assert worst(inspect_pdf(BytesSource(data))[0]) is not Outcome.ACCEPT
        else:
            packed = stream(b"9 0 " + b"(" + ZEROS + b")", b"/Type/ObjStm/N 1/First 4")
            assert codes(pdf(packed))[-1] in {"pdf_too_complex", "pdf_unreadable"}

    def test_large_images_are_admitted(self) -> None:
        page = stream(bytes(12 * MIB), b"/Subtype/Image/Width 4096/Height 3072/BitsPerComponent 8")
        assert codes(pdf(page)) == []

    @pytest.mark.parametrize(
        ("name", "packed"),
        [
            ("/FlateDecode", zlib.compress(b"abc" * 99_999)),
            ("/ASCIIHexDecode", (b"abc" * 99_999).hex().encode() + b">"),
            ("/ASCII85Decode", base64.a85encode(b"abc" * 99_999) + b"~>"),
            ("/RunLengthDecode", b"\2abc" * 99_999 + b"\x80"),
        ],
    )
    def test_decoders_decode(self, name: str, packed: bytes) -> None:
        assert b"".join(DECODERS[name]([packed[:1000], packed[1000:]])) == b"abc" * 99_999

    def test_lzw_decodes_the_example_of_the_standard(self) -> None:
        packed = bytes.fromhex("800b6050220c0c8501")  # ISO 32000 §7.4.4.2
        assert b"".join(DECODERS["/LZWDecode"]([packed])) == bytes((45, 45, 45, 45, 45, 65, 45, 45, 45, 66))
        assert b"".join(DECODERS["/LZWDecode"]([lzw(MIB)])).count(0) >= MIB


def objects(count: int) -> bytes:
    return pdf(*[b"<</A 1>>"] * count)


def packed_objects(count: int) -> bytes:
    return pdf(hidden=(b"<</A 1>>",) * count)


def late_header(count: int) -> bytes:
    return b"Job 12\r\n" + objects(count)


def without_table(count: int) -> bytes:
    return objects(count).split(b"startxref")[0] + b"trailer<</Root 1 0 R>>\nstartxref\n0\n%%EOF\n"


def wrong_offsets(count: int) -> bytes:
    """Each object a few bytes from where the table has it, as after an edit by hand."""
    data, offsets = objects(count), []
    for found in re.finditer(rb"(?m)^\d+ 0 obj\n", data):
        offsets.append(found.start() + 3)
    rows = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    table = b"xref\n0 %d\n0000000000 65535 f \n%b" % (len(offsets) + 1, rows)
    trailer = b"trailer<</Root 1 0 R/Size %d>>\nstartxref\n%d\n%%%%EOF\n" % (len(offsets) + 1, len(data))
    return data + table + trailer


def streams_without_end(count: int) -> bytes:
    bodies = b"".join(b"%d 0 obj<</Length 9>>stream\n" % number for number in range(50, 50 + count))
    return pdf().replace(b"startxref", bodies + b"startxref")


def strays(count: int) -> bytes:
    bodies = b"".join(b"%d 0 obj<</Type/ObjStm/URI 3>>" % number for number in range(50, 50 + count))
    return pdf().replace(b"startxref", bodies + b"startxref")


def revisions(count: int) -> bytes:
    data = bytearray(pdf())
    previous = int(data[data.rindex(b"startxref\n") + 10 :].split()[0])
    for _ in range(count):
        at = len(data)
        body = b"2 0 obj\n<</Type/Pages/Kids[3 0 R]/Count 1>>\nendobj\n"
        table = b"xref\n2 1\n%010d 00000 n \ntrailer<</Root 1 0 R/Size 9/Prev %d>>\n" % (at, previous)
        previous = at + len(body)
        data += body + table + b"startxref\n%d\n%%%%EOF\n" % previous
    return bytes(data)


def deep_pages(count: int) -> bytes:
    kids = [b"<</Type/Pages/Kids[%d 0 R]/Count 1/Parent 2 0 R>>" % (5 + at) for at in range(count)]
    return pdf(*kids, b"<</Type/Page/MediaBox[0 0 9 9]>>").replace(b"/Kids[3 0 R]", b"/Kids[4 0 R]")


def wide_pages(count: int) -> bytes:
    kids = b" ".join(b"%d 0 R" % (5 + at) for at in range(count))
    node = b"<</Type/Pages/Parent 2 0 R/Kids[%b]/Count %d>>" % (kids, count)
    pages = [b"<</Type/Page/Parent 4 0 R/MediaBox[0 0 9 9]>>"] * count
    return pdf(node, *pages).replace(b"/Kids[3 0 R]", b"/Kids[4 0 R]")


def tagged_table(cells: int) -> bytes:
    """A table with a structure element for each cell, as office software writes them."""
    return pdf(*[b"<</S/TD/P 4 0 R/K %d>>" % cell for cell in range(cells)])


class TestHonestPages:
    """One page may be large in one way or another; what counts is what it costs."""

    def test_objects_beyond_what_both_readers_look_at(self) -> None:
        limits = replace(DEFAULT_LIMITS, pdf_objects_twice=1000)
        found, facts = inspect_pdf(BytesSource(tagged_table(3000)), limits)
        assert [finding.code for finding in found] == ["pdf_repaired"]
        assert facts.pages == 1

    @pytest.mark.parametrize(("depth", "found"), [(90, []), (300, ["pdf_repaired"])])
    def test_a_deep_tree_of_pages(self, depth: int, found: list[str]) -> None:
        assert codes(deep_pages(depth)) == found

    def test_arrays_inside_one_another(self) -> None:
        assert codes(pdf(b"[" * 120 + b"]" * 120)) == []

    @pytest.mark.parametrize(
        "scan",
        [
            filtered(b"/CCITTFaxDecode", b"\xff" * 9, b"/DecodeParms<</Columns 39500/Rows 56000/K -1>>"),
            filtered(b"/JBIG2Decode", jbig2(48, struct.pack(">II11x", 39_500, 56_000))),
            stream(b"", b"/Subtype/Image/Width 39500/Height 56000/BitsPerComponent 1"),
        ],
        ids=["CCITT", "JBIG2", "Flate"],
    )
    def test_a_plan_in_black_and_white(self, scan: bytes) -> None:
        assert codes(pdf(scan)) == []

    @pytest.mark.parametrize(
        "content",
        [
            b"".join(b"%d %d m %d %d l S\n" % (n, n, n + 1, n) for n in range(100_000)),
            b"BI /W 1000 /H 1000 /BPC 8 /CS /G ID " + bytes(range(256)) * 3907 + b" EI",
            b"BI /W 1 /H 1 /IM true ID \x80 EI\n" * 50_000,
        ],
        ids=["strokes", "one inline image", "many inline images"],
    )
    def test_one_page_of_many_operators(self, content: bytes) -> None:
        assert codes(pdf(stream(content), page=b"/Contents 4 0 R")) == []

    def test_one_page_of_many_streams_fonts_and_attachments(self) -> None:
        """Each stream counts with what it expands to, not with what it might."""
        numbers = b" ".join(b"%d 0 R" % (4 + n) for n in range(5000))
        assert codes(pdf(*[stream(b"q Q ")] * 5000, page=b"/Contents[%b]" % numbers)) == []
        fonts = b"".join(b"/F%d %d 0 R" % (n, 4 + n) for n in range(1000))
        font = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
        assert codes(pdf(*[font] * 1000, page=b"/Resources<</Font<<%b>>>>" % fonts)) == []
        files = [stream(b"a;%d" % n, b"/Type/EmbeddedFile") for n in range(1200)]
        assert codes(pdf(*files, b"<</EF<</F 4 0 R>>/F(a.csv)>>")) == ["pdf_attachment"]


GROWING = [
    objects,
    packed_objects,
    late_header,
    without_table,
    wrong_offsets,
    streams_without_end,
    strays,
    revisions,
    deep_pages,
    wide_pages,
]


def cost(data: bytes) -> float:
    return processor_seconds(partial(inspect_pdf, BytesSource(data)))


@pytest.mark.parametrize("grown", GROWING, ids=lambda grown: grown.__name__)
def test_work_grows_with_the_file_and_not_with_its_square(grown: Callable[[int], bytes]) -> None:
    took = assert_grows_with_the_size(lambda size: partial(inspect_pdf, BytesSource(grown(size))), small=500)
    assert took < DEFAULT_LIMITS.most_cpu_seconds / 6


def test_many_wrong_offsets_are_repaired_and_not_given_up() -> None:
    assert codes(wrong_offsets(20_000)) == ["pdf_repaired"]


LOOPS = {
    "pages": pdf().replace(b"/Kids[3 0 R]", b"/Kids[2 0 R]"),
    "parents": pdf(page=b"/Resources 4 0 R").replace(b"/Parent 2 0 R", b"/Parent 3 0 R"),
    "outlines": pdf(b"<</First 4 0 R/Next 4 0 R/Parent 4 0 R>>", catalog=b"/Outlines 4 0 R"),
    "extended object streams": pdf(stream(b"9 0 <<>>", b"/Type/ObjStm/N 1/First 4/Extends 4 0 R")),
    "lengths": pdf(b"<</Length 4 0 R>>stream\nabc\nendstream"),
    "references": pdf(b"4 0 R", catalog=b"/AA 4 0 R"),
    "name tree": pdf(b"<</Kids[4 0 R]>>", catalog=b"/Names<</JavaScript 4 0 R>>"),
    "previous tables": pdf().replace(b"/Root 1 0 R", b"/Root 1 0 R/Prev 9"),
}


@pytest.mark.parametrize("kind", LOOPS)
def test_loops_end(kind: str) -> None:
    assert cost(LOOPS[kind]) < 1
