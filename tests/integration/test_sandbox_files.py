"""Real files and written attacks through the sandbox: the same answers as in process, within its bounds."""

import base64
import random
import time
import warnings
import zlib
from collections.abc import Iterator

import pytest

from content.byte_source import BytesSource
from content.facts import DicomFacts
from content.limits import Limits
from content.sandbox.parent import Inspection, Sandbox
from tests.unit.content.dicom_bytes import (
    DEFLATED,
    JPEG,
    UNDEFINED,
    element,
    fragments,
    identifiers,
    item,
    part10,
    pixel_module,
    pixels,
)
from tests.unit.content.pdf_bytes import pdf, stream
from tests.unit.content.real_files import INSPECTORS, corpus, packaged
from tests.unit.content.test_pdf_active import archive_of


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(children=2) as opened:
        yield opened


def inspect(sandbox: Sandbox, kind: str, data: bytes) -> Inspection:
    assert kind in ("dicom", "pdf")
    return sandbox.inspect(kind, len(data), lambda offset, length: data[offset : offset + length])  # type: ignore[arg-type]


def test_every_real_file_gets_the_same_answer_inside_and_outside(sandbox: Sandbox) -> None:
    for real in packaged() + corpus():
        data = real.path.read_bytes()
        with warnings.catch_warnings(action="ignore"):
            findings, facts = INSPECTORS[real.kind](BytesSource(data))
        inside = inspect(sandbox, real.kind, data)
        assert list(inside.findings) == findings, real
        expected = facts if inside.accepted else None
        assert inside.facts == expected, real


def test_ten_thousand_nested_sequences(sandbox: Sandbox) -> None:
    nested = element(0x00081140, "SQ", b"", length=UNDEFINED) + item(b"", length=UNDEFINED)
    found = inspect(sandbox, "dicom", part10(identifiers() + nested * 10_000))
    assert found.findings[-1].code == "nested_too_deep"


def test_a_deflate_bomb_costs_time_but_no_memory() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    bomb = packer.compress(identifiers()) + b"".join(packer.compress(bytes(2**20)) for _ in range(300))
    data = part10(bomb + packer.flush(), DEFLATED)
    with Sandbox(children=1, limits=Limits(memory_bytes=64 * 2**20)) as small:
        assert inspect(small, "dicom", data).findings[-1].code == "deflate_too_large"


def test_javascript_in_a_compressed_object_stream(sandbox: Sandbox) -> None:
    found = inspect(sandbox, "pdf", pdf(hidden=(b"<<>>", b"<</S/JavaScript/JS(app.alert(1))>>")))
    assert [finding.code for finding in found.findings] == ["pdf_javascript"]


def test_a_page_tree_of_streams_that_expand_without_end(sandbox: Sandbox) -> None:
    bomb = pdf(stream(bytes(200 * 2**20), b"/Type/ObjStm/N 1/First 4"), catalog=b"/Metadata 4 0 R")
    found = inspect(sandbox, "pdf", bomb)
    assert not found.accepted
    assert found.findings[-1].code in {"pdf_too_complex", "sandbox_memory"}


def test_size_costs_nothing_where_pixels_are_native(sandbox: Sandbox) -> None:
    """Four gigabytes of pixels are stepped over: only the first and last block are asked for."""
    frames, size = 2048, 1024 * 1024 * 2
    head = part10(identifiers() + pixel_module(rows=1024, columns=1024, frames=frames))
    head += pixels(b"", length=frames * size - 2 * size)  # lengths are 32 bits
    total = len(head) + (frames - 2) * size
    asked: list[tuple[int, int]] = []

    def read(offset: int, length: int) -> bytes:
        asked.append((offset, length))
        return head[offset : offset + length].ljust(length, b"\0")

    found = sandbox.inspect("dicom", total, read)
    assert [finding.code for finding in found.findings] == ["pixel_data_short"]
    assert sum(length for _, length in asked) <= 2 * 65_536


def test_many_fragments_are_walked_by_their_headers(sandbox: Sandbox) -> None:
    pieces = [bytes(20_000)] * 3000
    data = part10(identifiers() + pixel_module(frames=3000) + fragments(*pieces), JPEG)
    started = time.monotonic()
    found = inspect(sandbox, "dicom", data)
    assert found.accepted
    assert isinstance(found.facts, DicomFacts)
    assert found.facts.frames is not None
    assert len(found.facts.frames) == 3000
    assert time.monotonic() - started < 10


CARRIED = {
    "a form, files and PostScript": pdf(
        stream(b"<xdp><image>" + base64.b64encode(bytes(99)) + b"</image></xdp>"),
        *(
            stream(content, b"/Type/EmbeddedFile")
            for content in (archive_of(pdf(), "a.txt"), b"{\\rtf1 a}", pdf())
        ),
        stream(b"showpage", b"/Subtype/PS"),
        catalog=b"/AcroForm<</XFA 4 0 R>>",
    ),
    "an encoding that expat does not know": pdf(
        stream(
            "<?xml version='1.0' encoding='windows-1252'?><a>é</a>".encode("cp1252"), b"/Type/EmbeddedFile"
        )
    ),
    "no marker at the end": pdf().replace(b"%%EOF\n", b""),
}


@pytest.mark.parametrize("kind", CARRIED)
def test_content_inside_content_gets_the_same_answer_inside_and_outside(sandbox: Sandbox, kind: str) -> None:
    findings, facts = INSPECTORS["pdf"](BytesSource(CARRIED[kind]))
    inside = inspect(sandbox, "pdf", CARRIED[kind])
    assert inside.facts == facts
    assert list(inside.findings) == findings


@pytest.mark.parametrize("entries", [b"", b' compression="DF"'])
def test_a_document_as_large_as_is_read_fits_the_memory_of_a_child(sandbox: Sandbox, entries: bytes) -> None:
    scan = pdf(
        stream(random.Random(1).randbytes(42 * 2**20), b"/Subtype/Image/Width 1/Height 1", packed=False)
    )
    packed = zlib.compress(scan, 0, wbits=-15) if entries else scan
    text = b'<text representation="B64"%b>%b</text>' % (entries, base64.b64encode(packed))
    document = b'<ClinicalDocument xmlns="urn:hl7-org:v3">%b</ClinicalDocument>' % text
    data = part10(
        identifiers(sop_class=b"1.2.840.10008.5.1.4.1.1.104.2") + element(0x00420011, "OB", document)
    )
    assert {finding.code for finding in inspect(sandbox, "dicom", data).findings} <= {"meta_differs"}
