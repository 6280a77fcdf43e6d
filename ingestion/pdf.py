"""One PDF report: does it open without a password, is it whole, and is nothing in it active? (ISO 32000)

Order: outside (header, end, other formats), opening, pages, every object, attached PDFs.
"""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pypdf import PasswordType, PdfReader
from pypdf.errors import LimitReachedError
from pypdf.generic import IndirectObject, StreamObject

from ingestion.limits import DEFAULT_LIMITS, Limits
from ingestion.pdf_actions import ActiveContent
from ingestion.reader import BytesSource, Source, as_file
from ingestion.signatures import active_signature
from ingestion.verdicts import Finding, Outcome, Rejected, worst

MEDIA_TYPE = "application/pdf"
_HEADER = re.compile(rb"%PDF-(\d\.\d)")
_UPDATE = re.compile(rb"\d\s+obj\b|\bxref\b|\btrailer\b")  # an update begun and not finished
# keys whose values hold no action, so that it does not matter which of two a reader takes
_HARMLESS_TWICE = frozenset(
    (
        *(
            "/Type",
            "/Length",
            "/Filter",
            "/MediaBox",
            "/CropBox",
            "/BleedBox",
            "/TrimBox",
            "/ArtBox",
            "/Rotate",
        ),
        *("/Rect", "/Border", "/ProcSet", "/Lang", "/Version", "/PageMode", "/PageLayout", "/ColorSpace"),
        *("/Producer", "/Creator", "/CreationDate", "/ModDate", "/Title", "/Author", "/Subject", "/Keywords"),
        *("/Width", "/Height", "/BitsPerComponent", "/Interpolate", "/FontName", "/BaseFont", "/Encoding"),
    )
)
# pypdf's messages, by logger and first twelve letters, that say that part of an object was dropped
_DROPPED = frozenset(
    (
        ("pypdf.generic._data_structures", "%(exception)"),
        ("pypdf._reader", "Invalid /N ("),
        ("pypdf._reader", "Invalid obje"),
        ("pypdf._reader", "Value /N %(n"),
    )
)
_TAIL = 65_557  # a ZIP directory's end record lies within the last 22 + 65 535 bytes
_ZIP_END, _ZIP_ENTRY = b"PK\x05\x06", b"PK\x01\x02"
_PDFA_PART = re.compile(rb"pdfaid:part(?:>|\s*=\s*[\"'])\s*(\d)")
_PDFA_LEVEL = re.compile(rb"pdfaid:conformance(?:>|\s*=\s*[\"'])\s*([ABUEFabuef])")


class _Repairs(logging.Handler):
    """pypdf tells of repairs by logging; their texts may quote the document and are dropped.

    `ambiguous`: part of an object was dropped, so that another reader may see what was not examined here.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.count = 0
        self.ambiguous = False

    def emit(self, record: logging.LogRecord) -> None:
        self.count += 1
        message = str(record.msg)
        if message.startswith("Multiple definitions") and isinstance(record.args, dict):
            self.ambiguous |= str(record.args.get("key")) not in _HARMLESS_TWICE
        else:
            self.ambiguous |= (record.name, message[:12]) in _DROPPED


@contextmanager
def _listening() -> Iterator[_Repairs]:
    logger = logging.getLogger("pypdf")
    repairs, propagate = _Repairs(), logger.propagate
    logger.addHandler(repairs)
    logger.propagate = False
    try:
        yield repairs
    finally:
        logger.removeHandler(repairs)
        logger.propagate = propagate


@contextmanager
def _readable() -> Iterator[None]:
    """pypdf raises many kinds of errors on damaged files."""
    try:
        yield
    except (Rejected, MemoryError):
        raise
    except (LimitReachedError, RecursionError) as error:
        raise Rejected("pdf_too_complex") from error
    except Exception as error:
        raise Rejected("pdf_unreadable") from error


class _Inspection:
    def __init__(self, source: Source, limits: Limits, depth: int) -> None:
        self._source = source
        self._limits = limits
        self._depth = depth
        self.findings: list[Finding] = []

    def run(self) -> dict[str, Any]:
        version = self._check_outside()
        with _listening() as repairs, _readable():
            reader = self._open()
            pages = self._count_pages(reader)
            content = self._look_everywhere(reader)
            facts = {
                "pages": pages,
                "version": version,
                "media_type": "application/pdf",
                "pdfa": _pdfa(reader),
            }
        if repairs.ambiguous:
            self._note("pdf_ambiguous")
        elif repairs.count:
            self._note("pdf_repaired")
        self.findings += content.findings.values()
        for attached in content.attachments:
            self._attached(attached)
        return facts

    def _note(self, code: str) -> None:
        self.findings.append(Finding(code))

    def _check_outside(self) -> str:
        if self._source.size > self._limits.pdf_bytes:
            raise Rejected("pdf_too_large")
        head = self._source.read(0, 1024)
        header = _HEADER.search(head)
        if header is None:
            raise Rejected("not_pdf")
        before = head[: header.start()]
        if active_signature(before):
            raise Rejected("pdf_polyglot")
        if before:
            self._note("pdf_header_late")
        self._check_end()
        return header.group(1).decode("ascii")

    def _check_end(self) -> None:
        start = max(0, self._source.size - _TAIL)
        tail = self._source.read(start, _TAIL)
        if _zip_directory(tail):
            raise Rejected("pdf_polyglot")
        end = tail.rfind(b"%%EOF")
        if end < 0:
            raise Rejected("pdf_truncated")
        after = tail[end + 5 :]
        if active_signature(after[:1024].lstrip(b"\r\n")):
            raise Rejected("pdf_polyglot")
        if _UPDATE.search(after):
            raise Rejected("pdf_truncated")

    def _open(self) -> PdfReader:
        reader = PdfReader(as_file(self._source), strict=False)
        if reader.is_encrypted:
            if reader.decrypt("") == PasswordType.NOT_DECRYPTED:
                raise Rejected("pdf_password")
            self._note("pdf_owner_password")
        return reader

    def _count_pages(self, reader: PdfReader) -> int:
        pages = len(reader.pages)
        if not pages:
            raise Rejected("pdf_no_pages")
        return pages

    def _look_everywhere(self, reader: PdfReader) -> ActiveContent:
        """An object that cannot be read here may be read elsewhere, so it ends the inspection."""
        content = ActiveContent(self._limits)
        content.look(reader.trailer)
        for number, generation in self._objects(reader):
            content.look(reader.get_object(IndirectObject(number, generation, reader)))
        return content

    def _objects(self, reader: PdfReader) -> list[tuple[int, int]]:
        found = [(number, generation) for generation, table in reader.xref.items() for number in table]
        found += [(number, 0) for number in reader.xref_objStm]
        if len(found) > self._limits.pdf_objects:
            raise Rejected("pdf_too_complex")
        return found

    def _attached(self, data: bytes) -> None:
        """An attached PDF may hold nothing active either."""
        if self._depth >= self._limits.pdf_attachments_depth:
            raise Rejected("pdf_too_complex")
        inner = _Inspection(BytesSource(data), self._limits, self._depth + 1)
        inner.run()
        self.findings += [finding for finding in inner.findings if finding not in self.findings]


def _zip_directory(tail: bytes) -> bool:
    """Whether a ZIP reader would find a directory here, inside or behind the PDF."""
    position = tail.rfind(_ZIP_END)
    while position >= 0:
        size = int.from_bytes(tail[position + 12 : position + 16], "little")
        start = position - size
        if start < 0 or size == 0 or tail[start : start + 4] == _ZIP_ENTRY:
            return True
        position = tail.rfind(_ZIP_END, 0, position)
    return False


def _pdfa(reader: PdfReader) -> str | None:
    """The PDF/A part and level the metadata claims, such as "3B" (ISO 19005); a claim, not a proof."""
    metadata = reader.root_object.get("/Metadata")
    stream = metadata.get_object() if metadata is not None else None
    data = stream.get_data() if isinstance(stream, StreamObject) else b""
    part, level = _PDFA_PART.search(data), _PDFA_LEVEL.search(data)
    if part is None:
        return None
    return (part.group(1) + (level.group(1).upper() if level else b"")).decode("ascii")


def inspect_pdf(source: Source, limits: Limits = DEFAULT_LIMITS) -> tuple[list[Finding], dict[str, Any]]:
    """Findings and facts `{"pages", "version", "media_type", "pdfa"}`; no facts where it is rejected."""
    inspection = _Inspection(source, limits, 0)
    try:
        facts = inspection.run()
    except Rejected as rejected:
        inspection.findings.append(rejected.finding)
    if worst(inspection.findings) is Outcome.REJECT:
        facts = {}
    return inspection.findings, facts
