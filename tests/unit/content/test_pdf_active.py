"""Active content is found wherever it hides; what only looks like it is not refused."""

import base64
import io
import zipfile
from collections.abc import Callable

import pikepdf
import pytest

from content.byte_source import BytesSource
from content.pdf.report import inspect_pdf
from content.verdicts import Outcome, worst
from tests.unit.content.pdf_bytes import pdf, stream

SCRIPT = b"<</S/JavaScript/JS(app.alert(1))>>"


def codes(data: bytes) -> list[str]:
    return [finding.code for finding in inspect_pdf(BytesSource(data))[0]]


def refused(data: bytes) -> bool:
    return worst(inspect_pdf(BytesSource(data))[0]) is Outcome.REJECT


# where an action can hang (ISO 32000 §12.6.3); object 4 is the action or holds it
PLACES = {
    "open action": {"catalog": b"/OpenAction 4 0 R"},
    "catalog's additional actions": {"catalog": b"/AA<</WC 4 0 R>>"},
    "names tree": {"catalog": b"/Names<</JavaScript<</Names[(a)4 0 R]>>>>"},
    "names tree with kids": {"catalog": b"/Names<</JavaScript<</Kids[<</Names[(a)4 0 R]>>]>>>>"},
    "page": {"page": b"/AA<</O 4 0 R>>"},
    "link": {"page": b"/Annots[<</Subtype/Link/Rect[0 0 1 1]/A 4 0 R>>]"},
    "annotation": {"page": b"/Annots[<</Subtype/Widget/AA<</Fo 4 0 R>>>>]"},
    "field": {"catalog": b"/AcroForm<</Fields[<</T(a)/FT/Tx/AA<</K 4 0 R/F 4 0 R/V 4 0 R>>>>]>>"},
    "calculation": {"catalog": b"/AcroForm<</CO[5 0 R]/Fields[<</T(a)/AA<</C 4 0 R>>>>]>>"},
    "next": {"catalog": b"/OpenAction<</S/GoTo/D[3 0 R/Fit]/Next[<</S/Named/N/NextPage/Next 4 0 R>>]>>"},
    "outline": {"catalog": b"/Outlines<</First<</Title(a)/A 4 0 R>>>>"},
    "destination": {"catalog": b"/Names<</Dests<</Names[(a)<</D[3 0 R/Fit]/A 4 0 R>>]>>>>"},
    "nowhere": {},
}
SPELLINGS = {
    "plain": SCRIPT,
    "escaped": b"<</#53/J#61vaScript/#4a#53(app.alert\\0501\\051)>>",
    "hexadecimal": b"<</S/JavaScript/JS<6170702e616c657274283129>>>",
    "comments": b"<</S%x\n/JavaScript%y\r/JS(a)>>",
    "only a script": b"<</JS(app.alert(1))>>",
    "nested": b"[[<</A[<</S/JavaScript/JS(a)>>]>>]]",
    "rendition": b"<</S/Rendition/OP 4/JS(a)>>",
    "address": b"<</S/URI/URI( java\\163cript:app.alert(1))>>",
    "address in Unicode": b"<</S/URI/URI<feff006a006100760061007300630072006900700074003a0061>>>",
    "function": b"<</FunctionType 4/Domain[0 1]/Range[0 (1\\);alert\\(2\\)//)]>>",
    "font matrix": b"<</Type/Font/FontMatrix[1 0 0 1 0 (0\\); alert\\('x')]>>",
}

BEYOND_PYPDF = {
    "array": b"[%b]" % (b"0 " * 100_001),
    "stream": stream(bytes(75_000_001), packed=False),
}


class TestJavaScript:
    @pytest.mark.parametrize("place", PLACES)
    def test_it_is_found_where_actions_hang(self, place: str) -> None:
        assert "pdf_javascript" in codes(pdf(SCRIPT, **PLACES[place]))

    @pytest.mark.parametrize("spelling", SPELLINGS)
    def test_it_is_found_however_it_is_written(self, spelling: str) -> None:
        assert "pdf_javascript" in codes(pdf(SPELLINGS[spelling]))
        assert "pdf_javascript" in codes(pdf(hidden=(b"<<>>", SPELLINGS[spelling])))

    def test_it_is_found_behind_references(self) -> None:
        assert "pdf_javascript" in codes(
            pdf(b"<</S 5 0 R/JS 6 0 R>>", b"/JavaScript", stream(b"app.alert(1)"))
        )
        assert "pdf_launch" in codes(pdf(b"<</S 5 0 R/F(a)>>", b"/Launch"))
        assert "pdf_javascript" in codes(pdf(b"<</FontMatrix[1 0 0 1 0 5 0 R]>>", b"(x)"))

    @pytest.mark.parametrize("revision", [2, 3, 4, 6])
    def test_it_is_found_in_encrypted_object_streams(self, revision: int) -> None:
        out = io.BytesIO()
        with pikepdf.open(io.BytesIO(pdf(SCRIPT, catalog=b"/OpenAction 4 0 R"))) as document:
            protection = pikepdf.Encryption(
                owner="o",
                user="",
                R=revision,
                aes=revision > 3,
                metadata=revision > 3,  # type: ignore[arg-type]
            )
            document.save(out, encryption=protection, object_stream_mode=pikepdf.ObjectStreamMode.generate)
        assert b"JavaScript" not in out.getvalue()
        assert {"pdf_javascript", "pdf_owner_password"} <= set(codes(out.getvalue()))

    def test_it_is_found_behind_chained_filters(self) -> None:
        inner = b"5 0 " + SCRIPT
        text = base64.a85encode(inner) + b"~>"
        body = b"<</Type/ObjStm/N 1/First 4/Filter/ASCII85Decode/Length %d>>stream\n%b\nendstream"
        assert "pdf_javascript" in codes(pdf(body % (len(text), text)))

    def test_it_is_found_in_a_superseded_revision(self) -> None:
        old = pdf(SCRIPT, catalog=b"/OpenAction 4 0 R")
        out = io.BytesIO(old)
        start = old.rindex(b"startxref\n") + 10
        previous = old[start : old.index(b"\n", start)]
        at = len(old)
        update = b"4 0 obj\n<</S/GoTo/D[3 0 R/Fit]>>\nendobj\n"
        table = b"xref\n4 1\n%010d 00000 n \ntrailer<</Root 1 0 R/Size 9/Prev %b>>\nstartxref\n%d\n%%%%EOF\n"
        out.seek(at)
        out.write(update + table % (at, previous, at + len(update)))
        assert "pdf_javascript" in codes(out.getvalue())

    def test_it_is_found_in_objects_no_table_names(self) -> None:
        whole = pdf()
        stray = b"77 0 obj\n" + SCRIPT + b"\nendobj\n"
        packed = b"78 0 obj\n" + stream(b"79 0 " + SCRIPT, b"/Type/ObjStm/N 1/First 5") + b"\nendobj\n"
        at = whole.index(b"1 0 obj")
        for extra in (stray, packed):
            moved = whole.replace(b"startxref", extra + b"startxref") if at else b""
            assert "pdf_javascript" in codes(moved)

    @pytest.mark.parametrize(
        "body",
        [
            b"<</S/GoTo/S/JavaScript/JS(a)>>",
            b"<</A<</S/GoTo>>/A<</S/JavaScript/JS(a)>>>>",
            b"<</A<</S/JavaScript/JS(a)>>/A<</S/GoTo>>>>",
        ],
    )
    def test_of_two_readings_each_counts(self, body: bytes) -> None:
        assert "pdf_javascript" in codes(pdf(body))

    @pytest.mark.parametrize("hidden", [False, True], ids=["plain", "object stream"])
    @pytest.mark.parametrize("kind", BEYOND_PYPDF)
    def test_of_two_readings_each_counts_where_pypdf_gives_up(self, kind: str, hidden: bool) -> None:
        large, twice = BEYOND_PYPDF[kind], b"<</S/JavaScript/JS(a)/S/GoTo/JS 0>>"
        assert refused(pdf(large, hidden=(twice,)) if hidden else pdf(large, twice))
        assert codes(pdf(large, b"<</A 1>>")) == ["pdf_repaired"]

    def test_an_entry_given_twice_is_no_reason_to_refuse(self) -> None:
        assert codes(pdf(page=b"/Resources<</Font<</F4 4 0 R/F4 4 0 R>>>>")) == ["pdf_repaired"]

    @pytest.mark.parametrize(
        "body",
        [
            b"<</Names[]>>",
            b"<</JavaScript<</Names[]>>>>",
            b"<</Title(/S /JavaScript /JS \\(x\\))>>",
            b"<</Font<</JS 3 0 R>>>>",
            b"<</FontMatrix[.001 0 0 .001 0 0]>>",
            b"<</S/SetOCGState/State[/ON 3 0 R]>>",
            b"<</FunctionType 4/Domain[0 1]/Range[0 1]>>",
            b"<</ShadingType 2/Domain[(a)]>>",
            b"<</XObject<</PS 3 0 R>>/Subtype/PS>>",
        ],
    )
    def test_what_only_looks_like_it_is_harmless(self, body: bytes) -> None:
        assert codes(pdf(body)) == []


POSTSCRIPT = {
    "object": b"/Type/XObject/Subtype/PS",
    "subtype of a form": b"/Type/XObject/Subtype/Form/Subtype2/PS",
    "beside a form": b"/Type/XObject/Subtype/Form/PS 5 0 R",
}
NAMED = b"/Resources<</XObject<</P1 4 0 R>>>>"
# who runs object 4; object 6 paints
RUN = {
    "page": (NAMED + b"/Contents 6 0 R", stream(b"q /P1 Do Q")),
    "page, escaped": (NAMED + b"/Contents[6 0 R]", stream(b"/#501%a\nDo")),
    "form": (b"", stream(b"/P1\nDo", b"/Subtype/Form" + NAMED)),
    "form with the page's names": (NAMED, stream(b"/P1 Do", b"/Subtype/Form")),
    "pattern": (b"", stream(b"/P1 Do", b"/PatternType 1" + NAMED)),
    "glyph": (b"", b"<</Type/Font/Subtype/Type3/CharProcs<</a 7 0 R>>" + NAMED + b">>"),
    "appearance": (b"/Annots[<</Subtype/Stamp/AP<</N 4 0 R>>>>]", b"<<>>"),
    "state of an appearance": (b"/Annots[<</Subtype/Widget/AP<</N<</On 4 0 R>>>>>>]", b"<<>>"),
    "soft mask": (b"", b"<</Type/ExtGState/SMask<</S/Luminosity/G 4 0 R>>>>"),
}


class TestPostScript:
    @pytest.mark.parametrize("entries", POSTSCRIPT)
    @pytest.mark.parametrize("run", RUN)
    def test_a_program_for_printers_that_something_runs_is_refused(self, entries: str, run: str) -> None:
        page, painting = RUN[run]
        program = stream(b"showpage", POSTSCRIPT[entries])
        data = pdf(program, stream(b"showpage"), painting, stream(b"/P1 Do"), page=page)
        assert "pdf_postscript" in codes(data)

    @pytest.mark.parametrize("entries", POSTSCRIPT)
    @pytest.mark.parametrize("content", [b"", b"/P2 Do (/P1 Dot)", b"/P1 gs"])
    def test_one_that_nothing_runs_is_a_warning(self, entries: str, content: bytes) -> None:
        program = stream(b"showpage", POSTSCRIPT[entries])
        data = pdf(program, stream(b"showpage"), stream(content), page=NAMED + b"/Contents 6 0 R")
        assert codes(data) == ["pdf_postscript_unused"]
        assert codes(pdf(program, stream(b"showpage"))) == ["pdf_postscript_unused"]


XFA = {
    "template": b"<template><field><event><script>x()</script></event></field></template>",
    "prefix": b"<xfa:template xmlns:xfa='u'><xfa:script >x()</xfa:script></xfa:template>",
    "capitals": b"<TEMPLATE><SCRIPT>x()</SCRIPT></TEMPLATE>",
    "UTF-16": "<template><script>x()</script></template>".encode("utf-16"),
    "entity": b"<!DOCTYPE a [<!ENTITY s '&#60;script>'>]><template>&s;</template>",
    "UTF-7": b"<?xml version='1.0' encoding='UTF-7'?>+ADw-script+AD4-",
}


class TestForms:
    @pytest.mark.parametrize("encoding", XFA)
    def test_scripts_in_dynamic_forms_are_found(self, encoding: str) -> None:
        assert "pdf_form_script" in codes(pdf(stream(XFA[encoding]), catalog=b"/AcroForm<</XFA 4 0 R>>"))

    def test_a_dynamic_form_that_sends_itself_is_refused(self) -> None:
        form = stream(b"<template><submit target='http://x'/></template>")
        assert "pdf_submit_form" in codes(pdf(form, catalog=b"/AcroForm<</XFA[(t)4 0 R]>>"))

    def test_an_ordinary_form_is_admitted(self) -> None:
        field = b"<</T(name)/FT/Tx/V(Anna)/Subtype/Widget/Rect[0 0 9 9]>>"
        assert codes(pdf(field, catalog=b"/AcroForm<</Fields[4 0 R]/SigFlags 3>>")) == []


class TestLinks:
    @pytest.mark.parametrize(
        "body",
        [
            b"<</S/URI/URI(https://example.org/a?b=1)>>",
            b"<</S/URI/URI(mailto:a@example.org)>>",
            b"<</S/GoToR/F(annexe.pdf)/D[0/Fit]>>",
            b"<</S/GoToR/F<</Type/Filespec/F(annexe.pdf)/UF(annexe.pdf)>>/D[0/Fit]>>",
        ],
    )
    def test_a_way_out_is_a_warning(self, body: bytes) -> None:
        assert codes(pdf(body)) == ["pdf_external_link"]

    @pytest.mark.parametrize(
        "body",
        [
            b"<</S/GoToR/F(\\\\\\\\203.0.113.7\\\\share\\\\a)/D[0/Fit]>>",
            b"<</S/GoToE/F(//203.0.113.7/share/a)/D[0/Fit]>>",
            b"<</S/GoToR/F<</FS/URL/F(http://example.org/a.pdf)>>>>",
            stream(b"", b"/Subtype/Image/F(//203.0.113.7/a)"),
        ],
    )
    def test_a_document_on_another_machine_is_refused(self, body: bytes) -> None:
        assert "pdf_other_machine" in codes(pdf(body))


def archive(*names: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        for name in names:
            file.writestr(name, "a" * 50)
    return packed.getvalue()


def archive_of(content: bytes, name: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr(name, content)
    return packed.getvalue()


def clinical(content: bytes, label: bytes) -> bytes:
    text = base64.b64encode(content)
    return (
        b'<ClinicalDocument xmlns="urn:hl7-org:v3"><text representation="B64"%b>%b</text></ClinicalDocument>'
        % (
            label,
            text,
        )
    )


def attached(content: bytes, name: bytes) -> bytes:
    return pdf(
        stream(content, b"/Type/EmbeddedFile"),
        b"<</Type/Filespec/F(%b)/UF(%b)/EF<</F 4 0 R>>>>" % (name, name),
    )


PROGRAMS = {
    "Windows": (b"MZ\x90\0", b"a.txt"),
    "Linux": (b"\x7fELF\x02", b"a"),
    "macOS": (b"\xcf\xfa\xed\xfe", b"a"),
    "Java": (archive("META-INF/MANIFEST.MF"), b"a.zip"),
    "shell": (b"#!/bin/sh\n", b"notes.txt"),
    "shortcut": (b"L\0\0\0\x01\x14\x02\0", b"a"),
    "installer": (
        bytes.fromhex("d0cf11e0a1b11ae1") + bytes(100) + bytes.fromhex("84100c0000000000c000000000000046"),
        b"a",
    ),
    "old office macros": (bytes.fromhex("d0cf11e0a1b11ae1") + "_VBA_PROJECT".encode("utf-16-le"), b"a.doc"),
    "office macros": (archive("[Content_Types].xml", "word/vbaProject.bin"), b"a.docx"),
    "archive of programs": (archive("a/b.exe"), b"a.zip"),
    "closed archive": (b"Rar!\x1a\x07\x01\0", b"a.rar"),
    "damaged archive": (b"PK\x03\x04" + bytes(100), b"a.zip"),
    "page": (b"\xef\xbb\xbf \n<!DOCTYPE html><p>", b"a.txt"),
    "drawing with a script": (b"<?xml version='1.0'?><svg><script>x</script></svg>", b"a.xml"),
    "Flash": (b"CWS\x0a", b"a"),
    "by name": (b"x", b"a.pdf.VBS . "),
    "batch": (b"@ECHO OFF\r\ncalc.exe\r\n", b"a.txt"),
    "PowerShell": (b"\xff\xfe" + "Invoke-Expression $x".encode("utf-16-le"), b"a.csv"),
    "script host": (b"<job><script language='VBScript'>x</script></job>", b"a.xml"),
    "program in an archive under another name": (archive_of(b"MZ\x90\0", "a.txt"), b"a.docx"),
    "program in an archive in an archive": (
        archive_of(archive_of(b"\x7fELF", "b.txt"), "word/embeddings/a.xlsx"),
        b"a.docx",
    ),
    "program in a document": (clinical(b"MZ\x90\0", b""), b"a.xml"),
    "program in an address": (b"<a b='data:;base64,TVqQAAMAAAA='/>", b"a.xml"),
    "rich text with an object": (b"{\\rtf1{\\object\\objemb{\\*\\objdata 01}}}", b"a.rtf"),
    "DICOM with a script": (b"@echo off & calc\r\n".ljust(128, b"\0") + b"DICM", b"a.dcm"),
}


class TestAttachments:
    @pytest.mark.parametrize("kind", PROGRAMS)
    def test_a_program_is_refused_whatever_it_is_called(self, kind: str) -> None:
        assert "pdf_embedded_program" in codes(attached(*PROGRAMS[kind]))

    @pytest.mark.parametrize(
        ("content", "name"),
        [
            (b"<?xml version='1.0' encoding='UTF-8'?><rsm:CrossIndustryInvoice/>", b"factur-x.xml"),
            (b"\x89PNG\r\n\x1a\n", b"image.png"),
            (b"a;b;c\n", b"valeurs.csv"),
            (archive("word/document.xml", "[Content_Types].xml"), b"lettre.docx"),
        ],
    )
    def test_a_document_is_admitted(self, content: bytes, name: bytes) -> None:
        assert codes(attached(content, name)) == ["pdf_attachment"]

    def test_a_removed_program_is_found_in_the_old_revision(self) -> None:
        stray = b"77 0 obj\n" + stream(b"MZ\x90\0", b"/Type/EmbeddedFile") + b"\nendobj\n"
        assert "pdf_embedded_program" in codes(pdf().replace(b"startxref", stray + b"startxref"))

    @pytest.mark.parametrize(
        "wrapped",
        [
            lambda script: script,
            lambda script: clinical(script, b""),
            lambda script: clinical(script, b' mediaType="Application/PDF; x=1"'),
            lambda script: archive_of(script, "a.txt"),
            lambda script: b"<a>" + base64.b64encode(script) + b"</a>",
        ],
        ids=["itself", "CDA", "CDA with a label", "archive", "XML that announces nothing"],
    )
    def test_an_attached_report_is_one_wherever_it_lies(self, wrapped: Callable[[bytes], bytes]) -> None:
        script = pdf(catalog=b"/OpenAction<</S/JavaScript/JS(a)>>")
        assert "pdf_javascript" in codes(attached(wrapped(script), b"a.dat"))
        assert not refused(attached(wrapped(pdf()), b"a.dat"))

    def test_a_file_that_no_specification_names_is_one_too(self) -> None:
        assert "pdf_embedded_program" in codes(pdf(stream(b"MZ\x90\0", b"/Type/EmbeddedFile")))

    def test_content_of_a_dynamic_form_is_judged(self) -> None:
        form = (
            b"<xdp><template><image>"
            + base64.b64encode(b"MZ\x90\0" + bytes(60))
            + b"</image></template></xdp>"
        )
        assert "pdf_embedded_program" in codes(pdf(stream(form), catalog=b"/AcroForm<</XFA 4 0 R>>"))
