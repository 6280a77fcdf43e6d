"""The outside of a report: what else the bytes are, whether they are all there, and what is merely untidy."""

import io
from collections.abc import Callable

import pikepdf
import pytest
from pypdf import PdfWriter

from content.byte_source import BytesSource
from content.pdf.report import inspect_pdf
from content.verdicts import Outcome, worst
from tests.unit.content.pdf_bytes import pdf


def codes(data: bytes) -> list[str]:
    return [finding.code for finding in inspect_pdf(BytesSource(data))[0]]


def refused(data: bytes) -> bool:
    return worst(inspect_pdf(BytesSource(data))[0]) is Outcome.REJECT


def classic() -> bytes:
    """A report with a cross-reference table."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf())) as document:
        document.save(out, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    return out.getvalue()


def saved(**options: object) -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf(b"<</A 1>>", page=b"/B 4 0 R"))) as document:
        document.save(out, **options)  # type: ignore[arg-type]
    return out.getvalue()


def updated() -> bytes:
    """A report to which an update was added behind its end (ISO 32000 §7.5.6)."""
    writer = PdfWriter(io.BytesIO(classic()), incremental=True)
    writer.add_metadata({"/Title": "CR"})
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


FORMS: dict[str, Callable[[], bytes]] = {
    "table": classic,
    "stream": pdf,
    "linearized": lambda: saved(linearize=True),
    "linearized with object streams": lambda: saved(
        linearize=True, object_stream_mode=pikepdf.ObjectStreamMode.generate
    ),
    "updated": updated,
}
MASKS = {
    "JPEG": b"\xff\xd8\xff\xe0",
    "PNG": b"\x89PNG\r\n\x1a\n",
    "GIF": b"GIF89a",
    "TIFF": b"II*\0",
    "PostScript": b"%!PS-Adobe-3.0\n",
    "RAR": b"Rar!\x1a\x07\0",
    "compound file": bytes.fromhex("d0cf11e0a1b11ae1"),
    "page behind other text": b"hello\n<html><script>",
    "DICOM": bytes(128) + b"DICM",
}


class TestOtherFormats:
    @pytest.mark.parametrize("kind", MASKS)
    def test_before_the_header(self, kind: str) -> None:
        assert codes(MASKS[kind] + pdf()) == ["pdf_polyglot"]

    @pytest.mark.parametrize("after", [b"MZ\x90\0", b"xx Rar!\x1a\x07\0", b"  junk <script >", b"\x7fELF"])
    def test_behind_the_end(self, after: bytes) -> None:
        assert codes(pdf(after=after)) == ["pdf_polyglot"]

    @pytest.mark.parametrize(("place", "mark"), [(257, b"ustar"), (0x8001, b"CD001")])
    def test_at_a_fixed_place(self, place: int, mark: bytes) -> None:
        padded = pdf().replace(b"%PDF-1.7\n", b"%PDF-1.7\n%" + bytes(40_000) + b"\n")
        assert codes(padded[:place] + mark + padded[place + len(mark) :])[0] == "pdf_polyglot"


class TestUntidyEdges:
    @pytest.mark.parametrize("before", [b"\n", b"\r\n\r\n", b"\xef\xbb\xbf", b"\x1b%-1X@PJL\r\n", b"x" * 900])
    def test_offsets_may_count_from_the_header(self, before: bytes) -> None:
        assert set(codes(before + classic())) <= {"pdf_header_late"}

    def test_offsets_may_count_from_the_first_byte(self) -> None:
        before, data = b"Job 12\n", classic()
        start = data.rindex(b"startxref\n") + 10
        table = data.index(b"xref\n0")
        lines = data[table:].split(b"\n")
        moved = [
            b"%010d%b" % (int(line[:10]) + len(before), line[10:]) if line.endswith(b" n ") else line
            for line in lines
        ]
        text = data[:table] + b"\n".join(moved)
        place = text.rindex(b"startxref\n") + 10
        assert int(data[start:].split()[0]) == table
        text = text[:place] + b"%d\n%%%%EOF\n" % (table + len(before))
        assert not refused(before + text)

    @pytest.mark.parametrize("after", [b"", b"\n", b"\r\n \n", bytes(200_000), b"\x1a", b"\0\n" * 40_000])
    def test_padding_is_nothing(self, after: bytes) -> None:
        assert codes(pdf(after=after)) == []

    def test_other_bytes_behind_are_a_warning(self) -> None:
        assert codes(pdf(after=b"\x1b%-12345X\r\nEnd of job")) == ["pdf_bytes_after"]

    def test_the_marker_alone_may_be_missing(self) -> None:
        assert codes(pdf().replace(b"%%EOF\n", b"")) == ["pdf_repaired"]

    @pytest.mark.parametrize("form", FORMS)
    @pytest.mark.parametrize("left", [b"", b"\n", b"\r\n", b"%", b"%%EO", b"\n\0\0", b"\n<!-- 3 ms -->\n"])
    def test_the_marker_alone_may_be_missing_in_any_form(self, form: str, left: bytes) -> None:
        data = FORMS[form]()
        assert "pdf_repaired" in codes(data[: data.rindex(b"\n%%EOF")] + left)
        assert not refused(data[: data.rindex(b"\n%%EOF")] + left)

    @pytest.mark.parametrize("form", FORMS)
    def test_with_part_of_the_offset_something_else_may_be_missing(self, form: str) -> None:
        data = FORMS[form]()
        assert refused(data[: data.rindex(b"\n%%EOF") - 1])
        assert refused(data[: data.rindex(b"startxref") + 9])

    @pytest.mark.parametrize("options", [{}, {"object_stream_mode": pikepdf.ObjectStreamMode.generate}])
    @pytest.mark.parametrize("cut", [0, 5, 40, 200])
    def test_the_first_part_may_stand_behind_the_end_once_more(
        self, options: dict[str, object], cut: int
    ) -> None:
        data = saved(linearize=True, **options)
        first = data[: data.index(b"%%EOF") + 5]
        again = first[first.index(b"obj") - 4 : len(first) - cut]
        assert not refused(data + again)

    def test_another_first_part_behind_the_end_is_an_unfinished_update(self) -> None:
        data = saved(linearize=True)
        first = data[data.index(b"obj") - 4 : data.index(b"%%EOF")]
        assert refused(data + first.replace(b"/N 1", b"/N 2"))

    def test_a_pointer_to_the_table_may_be_missing(self) -> None:
        data = classic()
        assert codes(data[: data.rindex(b"startxref")] + b"%%EOF\n") == ["pdf_repaired"]

    def test_the_marker_and_part_of_the_offset_may_not(self) -> None:
        assert codes(pdf()[:-8])[-1] == "pdf_truncated"


class TestLegalForms:
    @pytest.mark.parametrize("version", ["1.0", "1.3", "1.7", "2.0"])
    def test_any_version(self, version: str) -> None:
        data = classic()
        assert codes(data[:5] + version.encode() + data[8:]) == []

    @pytest.mark.parametrize(
        "options",
        [
            {"linearize": True},
            {"object_stream_mode": pikepdf.ObjectStreamMode.generate},
            {"object_stream_mode": pikepdf.ObjectStreamMode.generate, "linearize": True},
            {"qdf": True},
            {"compress_streams": False, "min_version": "1.1"},
        ],
        ids=["linearized", "object streams", "both", "qdf", "uncompressed"],
    )
    def test_any_form_of_writing(self, options: dict[str, object]) -> None:
        assert codes(saved(**options)) == []

    def test_a_linearized_report_that_is_cut_is_refused(self) -> None:
        data = saved(linearize=True)
        first = data.index(b"%%EOF") + 6  # of the first page's table, near the start
        whole = data.rindex(b"\n%%EOF")  # from here on the marker alone is missing
        for end in range(first, whole, 3):
            assert refused(data[:end]), end

    def test_lines_may_end_with_carriage_returns(self) -> None:
        assert not refused(classic().replace(b"\n", b"\r"))

    def test_a_wrong_start_of_the_table_is_repaired(self) -> None:
        data = classic()
        place = data.rindex(b"startxref\n") + 10
        assert codes(data[:place] + b"7\n%%EOF\n") == ["pdf_repaired"]

    def test_a_hybrid_of_table_and_stream(self) -> None:
        data = pdf()
        start = int(data[data.rindex(b"startxref\n") + 10 :].split()[0])
        table = b"xref\n0 1\n0000000000 65535 f \ntrailer<</Root 1 0 R/Size 5/XRefStm %d>>\n" % start
        whole = data[: data.rindex(b"startxref")] + table
        at = len(whole) - len(table)
        assert not refused(whole + b"startxref\n%d\n%%%%EOF\n" % at)
