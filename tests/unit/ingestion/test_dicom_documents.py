"""Documents inside instances: PDF, CDA and models are examined as what they hold."""

import base64

import pytest

from ingestion.dicom import inspect_dicom
from ingestion.reader import BytesSource
from tests.unit.ingestion.dicom_bytes import element, identifiers, part10
from tests.unit.ingestion.pdf_bytes import pdf

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


@pytest.mark.parametrize(("inner", "found"), [(pdf(), []), (SCRIPT, ["pdf_javascript"])])
def test_a_pdf_in_a_cda_is_one(inner: bytes, found: list[str]) -> None:
    body = b'<component><nonXMLBody><text mediaType="application/pdf" representation="B64">'
    whole = clinical(body + base64.encodebytes(inner) + b"</text></nonXMLBody></component>")
    assert [code for code in codes(CDA, whole) if code.startswith("pdf_")] == found


def test_a_pdf_in_a_cda_that_is_no_base64() -> None:
    body = b'<text mediaType="application/pdf" representation="B64">!</text>'
    assert codes(CDA, clinical(body)) == ["document_not_valid"]
