"""What a report must be to enter, one reason at a time."""

import io
import zipfile
from dataclasses import replace

import pytest
from pypdf import PdfWriter

from content.byte_source import BytesSource
from content.facts import PdfFacts
from content.limits import DEFAULT_LIMITS, Limits
from content.pdf.report import inspect_pdf
from content.verdicts import Outcome, worst
from tests.unit.content.pdf_bytes import pdf, stream


def inspect(data: bytes, limits: Limits = DEFAULT_LIMITS) -> tuple[list[str], PdfFacts | None]:
    findings, facts = inspect_pdf(BytesSource(data), limits)
    assert bool(facts) == (worst(findings) in {Outcome.ACCEPT, Outcome.WARN})
    return [finding.code for finding in findings], facts


def codes(data: bytes, limits: Limits = DEFAULT_LIMITS) -> list[str]:
    return inspect(data, limits)[0]


def archive() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("a.txt", "a" * 50)
    return packed.getvalue()


def encrypted(user: str, algorithm: str) -> bytes:
    writer = PdfWriter()
    writer.add_blank_page(72, 72)
    writer.encrypt(user_password=user, owner_password="owner", algorithm=algorithm)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


class TestOutside:
    def test_a_plain_report_has_no_findings(self) -> None:
        found, facts = inspect(pdf())
        assert found == []
        assert facts == PdfFacts(pages=1, version="1.7", media_type="application/pdf", pdfa=None)

    @pytest.mark.parametrize(
        ("claimed", "recorded"),
        [
            (b"<pdfaid:part>3</pdfaid:part><pdfaid:conformance>b</pdfaid:conformance>", "3B"),
            (b"<rdf:Description pdfaid:part='1' pdfaid:conformance='A'/>", "1A"),
            (b'<rdf:Description pdfaid:part="4"/>', "4"),
            (b"<pdfaid:part>three</pdfaid:part>", None),
        ],
        ids=["elements", "attributes", "part alone", "nonsense"],
    )
    def test_pdf_a_is_recorded_and_not_required(self, claimed: bytes, recorded: str | None) -> None:
        packet = stream(claimed, b"/Type/Metadata/Subtype/XML", packed=False)
        found, facts = inspect(pdf(packet, catalog=b"/Metadata 4 0 R"))
        assert (found, facts.pdfa) == ([], recorded)

    @pytest.mark.parametrize("data", [b"", b"%PDF", b"\xff\xd8\xff\xe0", b"x" * 1024 + pdf(), b"{}"])
    def test_a_header_must_stand_in_the_first_kilobyte(self, data: bytes) -> None:
        assert codes(data) == ["not_pdf"]

    def test_other_bytes_before_the_header_are_a_warning(self) -> None:
        assert "pdf_header_late" in codes(b"\r\nJob 12\r\n" + pdf())

    @pytest.mark.parametrize(
        "before", [b"MZ\x90\0", b"PK\x03\x04", b"<html><body>", b"\n <!DOCTYPE html>", b"#!/bin/sh"]
    )
    def test_another_format_before_the_header_is_refused(self, before: bytes) -> None:
        assert codes(before + pdf()) == ["pdf_polyglot"]

    @pytest.mark.parametrize("after", [b"MZ\x90\0", b"PK\x03\x04", b"<script>", b"\n<html>"])
    def test_another_format_after_the_end_is_refused(self, after: bytes) -> None:
        assert codes(pdf(after=after)) == ["pdf_polyglot"]

    def test_an_archive_is_refused_wherever_it_lies(self) -> None:
        packed = archive()
        assert codes(pdf(after=packed)) == ["pdf_polyglot"]
        assert codes(pdf(stream(packed, packed=False))) == ["pdf_polyglot"]
        commented = packed[:-2] + (60).to_bytes(2, "little")
        assert codes(pdf(stream(commented, packed=False), after=b" " * 60)) == ["pdf_polyglot"]

    def test_a_report_cut_anywhere_is_refused(self) -> None:
        whole = pdf(hidden=(b"<</A 1>>",))
        for end in range(9, len(whole) - len(b"\n%%EOF\n")):
            assert worst(inspect_pdf(BytesSource(whole[:end]))[0]) is Outcome.REJECT, end

    def test_a_report_cut_inside_an_update_is_refused(self) -> None:
        update = b"5 0 obj\n<</A (the later finding)>>\nendobj\n"
        assert codes(pdf(after=update)) == ["pdf_truncated"]

    def test_a_damaged_table_is_repaired_with_a_warning(self) -> None:
        classic = (
            b"%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n"
            b"2 0 obj\n<</Type/Pages/Kids[3 0 R]/Count 1>>\nendobj\n"
            b"3 0 obj\n<</Type/Page/Parent 2 0 R>>\nendobj\n"
            b"trailer\n<</Root 1 0 R/Size 4>>\n"
            b"startxref\n12\n%%EOF\n"
        )
        assert codes(classic) == ["pdf_repaired"]

    def test_a_report_without_pages_is_refused(self) -> None:
        assert (
            worst(
                inspect_pdf(
                    BytesSource(pdf().replace(b"/Count 1", b"/Count 0").replace(b"[3 0 R]", b"[     ]"))
                )[0]
            )
            is Outcome.REJECT
        )

    def test_size_is_bounded(self) -> None:
        assert codes(pdf(), replace(DEFAULT_LIMITS, pdf_bytes=100)) == ["pdf_too_large"]


class TestPasswords:
    @pytest.mark.parametrize("algorithm", ["RC4-40", "RC4-128", "AES-128", "AES-256"])
    def test_a_password_to_open_is_refused_and_an_owners_is_a_warning(self, algorithm: str) -> None:
        assert codes(encrypted("secret", algorithm)) == ["pdf_password"]
        assert codes(encrypted("", algorithm)) == ["pdf_owner_password"]


ACTIVE = [
    (b"<</S/JavaScript/JS(app.alert(1))>>", "pdf_javascript"),
    (b"<</S/JavaScript/JS 3 0 R>>", "pdf_javascript"),
    (b"<</S/#4aavaScript/J#53(a)>>", "pdf_javascript"),
    (b"<</JavaScript<</Names[(a)<</JS(a)>>]>>>>", "pdf_javascript"),
    (b"<</S/Rendition/OP 0/JS(a)>>", "pdf_javascript"),
    (b"<</S/Launch/F(calc.exe)>>", "pdf_launch"),
    (b"<</S/SubmitForm/F(http://x)>>", "pdf_submit_form"),
    (b"<</S/ImportData/F(x.fdf)>>", "pdf_import_data"),
    (b"<</Type/Annot/Subtype/RichMedia>>", "pdf_rich_media"),
    (b"<</Type/Annot/Subtype/Movie>>", "pdf_rich_media"),
    (b"<</Type/Annot/Subtype/3D>>", "pdf_rich_media"),
    (b"[[[<</Deep[<</S/Launch>>]>>]]]", "pdf_launch"),
]


class TestActiveContent:
    @pytest.mark.parametrize(("body", "code"), ACTIVE)
    def test_it_is_found_in_plain_objects(self, body: bytes, code: str) -> None:
        assert code in codes(pdf(body))

    @pytest.mark.parametrize(("body", "code"), ACTIVE)
    def test_it_is_found_in_compressed_object_streams(self, body: bytes, code: str) -> None:
        data = pdf(hidden=(b"<<>>", body))
        assert b"JavaScript" not in data
        assert code in codes(data)

    def test_it_is_found_behind_catalog_and_page(self) -> None:
        assert codes(pdf(catalog=b"/OpenAction<</S/JavaScript/JS(a)>>")) == ["pdf_javascript"]
        assert codes(pdf(page=b"/AA<</O<</S/Launch/F(a)>>>>")) == ["pdf_launch"]

    def test_a_name_in_page_text_is_no_action(self) -> None:
        assert codes(pdf(stream(b"BT (/S /JavaScript /JS) Tj ET"), page=b"/Contents 4 0 R")) == []

    @pytest.mark.parametrize(
        "body",
        [
            b"<</S/GoTo/S/Launch/F(calc.exe)>>",
            b"<</A<</S/GoTo>>/A<</S/Launch>>>>",
            b"<</A 1/B<</C>>/S/Launch>>",
            b"<</A 1 (x)/S/Launch>>",
        ],
    )
    def test_an_object_with_more_than_one_reading_is_refused(self, body: bytes) -> None:
        for data in (pdf(body), pdf(hidden=(b"<<>>", body))):
            assert worst(inspect_pdf(BytesSource(data))[0]) is Outcome.REJECT

    def test_an_entry_that_matters_to_no_one_may_occur_twice(self) -> None:
        assert codes(pdf(page=b"/Rotate 0/Rotate 0")) == ["pdf_repaired"]

    def test_jumps_and_form_resets_are_harmless(self) -> None:
        assert codes(pdf(b"<</S/ResetForm>>", b"<</S/GoTo/D(a)>>", b"<</S/Named/N/NextPage>>")) == []

    def test_a_form_with_scripts_is_refused_and_one_without_is_a_warning(self) -> None:
        form = b"/AcroForm<</XFA[(template)4 0 R(datasets)5 0 R]>>"
        script, plain = b"<template><script>x()</script></template>", b"<template/>"
        assert codes(pdf(stream(script), stream(plain), catalog=form)) == ["pdf_form_script"]
        assert codes(pdf(stream(plain), stream(plain), catalog=form)) == ["pdf_form"]
        assert codes(pdf(stream(script), catalog=b"/AcroForm<</XFA 4 0 R>>")) == ["pdf_form_script"]


class TestAttachments:
    @staticmethod
    def attached(content: bytes, name: bytes = b"a.txt") -> bytes:
        return pdf(stream(content, b"/Type/EmbeddedFile"), b"<</Type/Filespec/F(%b)/EF<</F 4 0 R>>>>" % name)

    def test_a_harmless_one_is_a_warning(self) -> None:
        assert codes(self.attached(b"hello")) == ["pdf_attachment"]

    @pytest.mark.parametrize(
        ("content", "name"),
        [(b"MZ\x90\0", b"a.txt"), (b"\x7fELF", b"a"), (b"x", b"a.exe"), (b"x", b"a.pdf.JS ")],
    )
    def test_a_program_is_refused_by_content_or_name(self, content: bytes, name: bytes) -> None:
        assert "pdf_embedded_program" in codes(self.attached(content, name))

    def test_an_attached_report_may_hold_nothing_active(self) -> None:
        assert codes(self.attached(pdf(), b"a.pdf")) == ["pdf_attachment"]
        inner = pdf(catalog=b"/OpenAction<</S/JavaScript/JS(a)>>")
        assert "pdf_javascript" in codes(self.attached(inner, b"a.pdf"))
        assert "pdf_javascript" in codes(self.attached(self.attached(inner), b"a.pdf"))

    def test_reports_in_reports_are_bounded(self) -> None:
        data = pdf()
        for _ in range(4):
            data = self.attached(data)
        assert "pdf_too_complex" in codes(data)


class TestBounds:
    def test_an_object_stream_that_explodes_is_refused(self) -> None:
        assert codes(pdf(hidden=(b"(" + b"a" * 100_000_000 + b")",)))[-1] in {
            "pdf_too_complex",
            "pdf_unreadable",
        }

    def test_attachments_that_explode_are_refused(self) -> None:
        limits = replace(DEFAULT_LIMITS, pdf_decoded_bytes=2**20)
        bomb = TestAttachments.attached(bytes(2 * 2**20))
        assert codes(bomb, limits)[-1] == "pdf_too_complex"

    @pytest.mark.parametrize("bracket", [(b"[", b"]"), (b"<</A[", b"]>>")])
    def test_nesting_is_bounded(self, bracket: tuple[bytes, bytes]) -> None:
        assert codes(pdf(bracket[0] * 200 + bracket[1] * 200)) == ["pdf_too_complex"]
        (code,) = codes(pdf(bracket[0] * 10_000 + bracket[1] * 10_000))
        assert code in {"pdf_too_complex", "pdf_unreadable", "pdf_ambiguous"}

    def test_the_number_of_objects_is_bounded(self) -> None:
        assert codes(pdf(*[b"<<>>"] * 50), replace(DEFAULT_LIMITS, pdf_objects=20)) == ["pdf_too_complex"]

    def test_pages_that_point_at_themselves_are_refused(self) -> None:
        looped = pdf().replace(b"/Kids[3 0 R]", b"/Kids[2 0 R]")
        assert worst(inspect_pdf(BytesSource(looped))[0]) is Outcome.REJECT
