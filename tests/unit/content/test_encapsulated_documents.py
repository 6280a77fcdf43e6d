"""Documents inside instances: PDF, CDA and models are examined as what they hold."""

import base64
import zlib

import pytest

from content.byte_source import BytesSource
from content.dicom.instance import inspect_dicom
from tests.unit.content.dicom_bytes import element, identifiers, part10
from tests.unit.content.pdf_bytes import pdf

PDF, CDA, STL, OBJ, MTL = (f"1.2.840.10008.5.1.4.1.1.104.{number}".encode() for number in range(1, 6))
SCRIPT = pdf(catalog=b"/OpenAction<</S/JavaScript/JS(a)>>")


def clinical(body: bytes = b"<title>CR</title>") -> bytes:
    return b'<?xml version="1.0"?><ClinicalDocument xmlns="urn:hl7-org:v3">' + body + b"</ClinicalDocument>"


def codes(sop_class: bytes, content: bytes, stated: int | None = None) -> list[str]:
    written = identifiers(sop_class=sop_class) + element(0x00420011, "OB", content)
    if stated is not None:
        written += element(0x00420015, "UL", stated.to_bytes(4, "little"))
    findings, _ = inspect_dicom(BytesSource(part10(written)))
    return [finding.code for finding in findings if finding.code != "meta_differs"]


@pytest.mark.parametrize(
    ("sop_class", "content"),
    [
        (PDF, pdf()),
        (CDA, clinical()),
        (CDA, clinical("<title>Écho</title>".encode())),
        (CDA, clinical("<title>Écho</title>".encode()).decode().encode("utf-16")),
        (STL, b"solid a\nendsolid a\n"),
        (STL, bytes(84)),
        (OBJ, b"# made by hand\nv 0 0 0\n"),
        (MTL, b"newmtl a\nKd 1 1 1\n"),
    ],
)
def test_documents_of_their_kind(sop_class: bytes, content: bytes) -> None:
    assert codes(sop_class, content) == []
    assert codes(sop_class, content, stated=len(content)) == []


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("padding", [b"", b"\0", bytes(3)])
def test_a_cda_in_utf_16_is_told_by_its_byte_order_mark(encoding: str, padding: bytes) -> None:
    text = "\ufeff" + clinical("<title>Écho</title>".encode()).decode()
    assert codes(CDA, text.encode(encoding) + padding) == []
    script = "\ufeff" + clinical(b"<script>alert(1)</script>").decode()
    assert codes(CDA, script.encode(encoding) + padding) == ["document_not_valid"]
    assert codes(CDA, text.encode(encoding)[:-6] + padding) == ["document_not_valid"]


def test_a_document_shorter_than_it_says_is_not_whole() -> None:
    assert codes(CDA, clinical(), stated=10_000) == ["document_not_valid"]
    assert codes(CDA, clinical(), stated=5) == []  # a careless count


@pytest.mark.parametrize("sop_class", [PDF, CDA, STL, OBJ, MTL])
def test_a_class_of_documents_holds_one(sop_class: bytes) -> None:
    findings, _ = inspect_dicom(BytesSource(part10(identifiers(sop_class=sop_class))))
    assert findings[-1].code == "document_missing"


@pytest.mark.parametrize(
    ("sop_class", "content", "code"),
    [
        (PDF, b"no PDF at all", "not_pdf"),
        (PDF, SCRIPT, "pdf_javascript"),
        (STL, SCRIPT, "pdf_javascript"),
        (STL, b"MZ\x90\0" + bytes(200), "document_not_valid"),
        (OBJ, b"#!/bin/sh\nrm -r x\n", "document_not_valid"),
        (MTL, b"PK\3\4" + bytes(50), "document_not_valid"),
        (CDA, b"", "document_not_valid"),
        (CDA, clinical()[:-5], "document_not_valid"),
        (CDA, b"<html/>", "document_not_valid"),
        (CDA, b'<ClinicalDocument xmlns="urn:other"/>', "document_not_valid"),
        (CDA, b"<!DOCTYPE ClinicalDocument>" + clinical(), "document_not_valid"),
        (CDA, clinical(b"<script>alert(1)</script>"), "document_not_valid"),
        (CDA, clinical(b'<linkHtml href=" JavaScript:alert(1)"/>'), "document_not_valid"),
        (CDA, clinical(b'<text onclick="x"/>'), "document_not_valid"),
        (CDA, clinical(b"<a>" * 5000 + b"</a>" * 5000), "document_not_valid"),
    ],
)
def test_other_content_and_active_content_are_refused(sop_class: bytes, content: bytes, code: str) -> None:
    assert code in codes(sop_class, content)


# an element that carries content, as a sender may write it; `%b` is base64
CARRIERS = {
    "as told": b'<text mediaType="application/pdf" representation="B64">%b</text>',
    "no media type": b'<text representation="B64">%b</text>',
    "capitals": b'<text mediaType="Application/PDF" representation="b64">%b</text>',
    "parameters": b'<text mediaType=" application/pdf; name=a.pdf" representation="B64">%b</text>',
    "no representation": b'<text mediaType="application/pdf">%b</text>',
    "nothing told": b"<value>%b</value>",
    "another element": b'<observationMedia><value representation="B64">%b</value></observationMedia>',
    "a thumbnail in it": b'<value representation="B64">%b<thumbnail/></value>',
    "address": b'<reference value="data:application/pdf;base64,%b"/>',
    "address in text": b"<value> DATA:;base64,%b</value>",
    "attribute": b'<value other="%b"/>',
    "address among words": b"<text>voir data:application/pdf;base64,%b pour la suite</text>",
    "address in a style": b'<text style="background: url(data:application/pdf;base64,%b)"/>',
    "folded": b'<text representation="B64">\n %b\n</text>',
}


def carrier(kind: str, content: bytes) -> bytes:
    return clinical(CARRIERS[kind] % base64.b64encode(content))


@pytest.mark.parametrize("kind", CARRIERS)
def test_content_of_a_cda_is_judged_whatever_announces_it(kind: str) -> None:
    assert codes(CDA, carrier(kind, pdf())) == []
    assert codes(CDA, carrier(kind, SCRIPT)) == ["pdf_javascript"]
    for program in PROGRAMS.values():
        assert codes(CDA, carrier(kind, program))[-1] in REFUSALS, program[:20]
    nested = clinical(b'<text representation="B64">' + base64.b64encode(SCRIPT) + b"</text>")
    assert "pdf_javascript" in codes(CDA, carrier(kind, nested))


def test_base64_of_base64_is_looked_through() -> None:
    twice = base64.b64encode(base64.b64encode(SCRIPT))
    assert codes(CDA, clinical(b'<text representation="B64">' + twice + b"</text>")) == ["pdf_javascript"]
    assert codes(CDA, clinical(b"<value>" + base64.b64encode(twice) + b"</value>")) == ["pdf_javascript"]


def test_a_stylesheet_that_runs_a_script_is_refused() -> None:
    sheet = (
        b'<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform"'
        b' xmlns:ms="urn:schemas-microsoft-com:xslt" version="1.0">%b</xsl:stylesheet>'
    )
    script = sheet % b'<ms:script language="JScript">var a = 1;</ms:script>'
    for content, found in ((sheet % b"", []), (script, ["document_not_valid"])):
        text = b'<text mediaType="text/xml" representation="B64">' + base64.b64encode(content) + b"</text>"
        assert codes(CDA, clinical(text)) == found


REFUSALS = {"document_not_valid", "not_pdf", "pdf_polyglot"}
ZIP = b"PK\1\2" + bytes(42) + b"PK\5\6" + bytes(6) + b"\1\0\x2e\0\0\0" + bytes(6)
PROGRAMS = {
    "Windows": b"MZ\x90\0" + bytes(60),
    "Linux": b"\x7fELF" + bytes(60),
    "shell": b"#!/bin/sh\nrm -r x\n" + b"# a comment\n" * 9,
    "batch": b"@echo off\r\nstart calc.exe\r\n" + b"rem a comment\r\n" * 9,
    "PowerShell": b"powershell -enc AAAA" + b" " * 60,
    "page": b"<!DOCTYPE html><p>" + b"a" * 60,
    "page without a frame": b"<img src=x onerror=alert(1)>" + b"a" * 60,
    "page as XML": b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><p/></html>' + b" " * 60,
    "drawing": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>' + b" " * 60,
    "archive behind an image": b"\x89PNG\r\n\x1a\n" + bytes(60) + ZIP,
    "archive behind text": b"normal " * 9 + ZIP,
    "report behind an image": b"GIF89a" + bytes(60) + SCRIPT,
    "archive": b"PK\3\4" + bytes(60),
    "packed": b"\x1f\x8b\x08" + bytes(60),
    "rich text with an object": b"{\\rtf1{\\object\\objemb{\\*\\objdata 0105}}}" + b" " * 60,
    "DICOM with a script": b"@echo off & calc\r\n".ljust(128, b"\0") + b"DICM",
}


@pytest.mark.parametrize(
    ("label", "content", "found"),
    [
        (b"image/jpeg", b"\xff\xd8\xff\xe0" + bytes(20), []),
        (b"IMAGE/JPEG", b"\xff\xd8\xff\xe0" + bytes(20), []),
        (b"text/plain", "Radiographie normale. REM : néant.".encode(), []),
        (b"text/rtf", b"{\\rtf1 normal}", []),
        (b"", b"\x89PNG\r\n\x1a\n", []),
        (b"application/pdf", b"\xff\xd8\xff\xe0" + bytes(20), ["document_type_differs"]),
        (b"text/plain", pdf(), ["document_type_differs"]),
        (b"application/pdf", b"no PDF", ["not_pdf"]),
        (b"text/html", b"normal", ["document_not_valid"]),
        (b"application/javascript", b"normal", ["document_not_valid"]),
    ],
)
def test_a_label_that_contradicts(label: bytes, content: bytes, found: list[str]) -> None:
    text = b'<text representation="B64" mediaType="%b">%b</text>'
    assert codes(CDA, clinical(text % (label, base64.b64encode(content)))) == found


def deflated(window: int, data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=window)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(("compression", "window"), [("DF", -15), ("GZ", 31), ("ZL", 15), ("df", -15)])
def test_compressed_content_is_expanded_and_judged(compression: str, window: int) -> None:
    text = b'<text representation="B64" compression="%b">%b</text>'

    def whole(data: bytes) -> list[str]:
        packed = base64.b64encode(deflated(window, data))
        return codes(CDA, clinical(text % (compression.encode(), packed)))

    assert whole(pdf()) == []
    assert whole(SCRIPT) == ["pdf_javascript"]
    assert whole(bytes(65 * 2**20)) == ["document_not_valid"]


@pytest.mark.parametrize("compression", [b"BZ", b"XZ", b"7Z", b"DF"])
def test_what_cannot_be_expanded_is_refused(compression: bytes) -> None:
    text = b'<text representation="B64" compression="%b">AAAA</text>' % compression
    assert codes(CDA, clinical(text)) == ["document_not_valid"]


def test_documents_inside_one_another_end() -> None:
    inner = clinical()
    for _ in range(6):
        inner = clinical(b'<text representation="B64">' + base64.b64encode(inner) + b"</text>")
    assert codes(CDA, inner) == ["document_not_valid"]


@pytest.mark.parametrize(
    ("address", "found"),
    [
        (b"CDA-FO.xsl", []),
        (b"#transform", []),
        (b"https://example.org/a.xsl", ["document_not_valid"]),
        (b"//example.org/a.xsl", ["document_not_valid"]),
        (b"data:text/xsl,a", ["document_not_valid"]),
    ],
)
def test_a_stylesheet_of_its_own_is_no_address_outside(address: bytes, found: list[str]) -> None:
    style = b'<?xml-stylesheet type="text/xsl" href="' + address + b'"?><ClinicalDocument'
    assert codes(CDA, clinical().replace(b"<ClinicalDocument", style)) == found


@pytest.mark.parametrize("text", [b"a" * 65, b"0123456789abcdef" * 8, b"MIIB" + b"A" * 200])
def test_a_number_or_signature_is_no_content(text: bytes) -> None:
    assert codes(CDA, clinical(b"<value>" + text + b"</value>")) == []


@pytest.mark.parametrize("sop_class", [STL, OBJ, MTL])
@pytest.mark.parametrize("kind", PROGRAMS)
def test_models_are_judged_by_their_bytes_too(sop_class: bytes, kind: str) -> None:
    assert codes(sop_class, PROGRAMS[kind])[0] in REFUSALS


@pytest.mark.parametrize(
    ("sop_class", "label", "content", "found"),
    [
        (PDF, b"application/pdf", pdf(), []),
        (PDF, b"Application/PDF;a=b", pdf(), []),
        (PDF, b"text/xml", pdf(), ["document_type_differs"]),
        (CDA, b"text/XML", clinical(), []),
        (CDA, b"text/xml", pdf(), ["document_type_differs"]),
        (STL, b"model/stl", pdf(), ["document_type_differs"]),
    ],
)
def test_the_type_an_instance_tells(sop_class: bytes, label: bytes, content: bytes, found: list[str]) -> None:
    written = identifiers(sop_class=sop_class) + element(0x00420011, "OB", content)
    written += element(0x00420012, "LO", label)
    findings, _ = inspect_dicom(BytesSource(part10(written)))
    assert [finding.code for finding in findings if finding.code != "meta_differs"] == found


def test_a_pdf_in_a_cda_that_is_no_base64() -> None:
    body = b'<text mediaType="application/pdf" representation="B64">!</text>'
    assert codes(CDA, clinical(body)) == ["document_not_valid"]
