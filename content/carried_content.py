"""Judge content inside other content by its bytes, wherever it lies and whatever it is called."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from xml.parsers import expat

from content.byte_source import BytesSource, Source
from content.cda.patient import without_padding
from content.cda.xml_document import carried
from content.kinds import HEAD, Kind, kind_of, labelled
from content.limits import Limits
from content.pdf.attached_files import is_program
from content.signatures import ARCHIVE_TAIL, active_signature, could_run, ends_as_archive
from content.verdicts import Finding, Rejected

_REFUSED = frozenset((Kind.PAGE, Kind.SCRIPT, Kind.PROGRAM, Kind.ARCHIVE))
_OBJECTS = re.compile(
    rb"\\(?:obj(?:data|emb|link|autlink|ocx|html|update)|ddeauto|\*\\template)", re.IGNORECASE
)
_MOST_LEVELS = 4  # of XML in XML
_CLINICAL = re.compile(rb"<(?:[\w.-]+:)?ClinicalDocument[\s>]")

PdfInspector = Callable[[Source], list[Finding]]


@dataclass(frozen=True, slots=True)
class Judge:
    """`pdf` examines a PDF that lies inside. Raises `Rejected`: "document_not_valid", "not_pdf"."""

    limits: Limits
    pdf: PdfInspector
    level: int = 0

    def inspect(self, content: Source, label: str | None = None) -> list[Finding]:
        """Findings about content inside; a label that says something else is one of them."""
        kind, promised = kind_of(content.read(0, HEAD)), labelled(label)
        if kind in _REFUSED or promised in _REFUSED:
            raise Rejected("document_not_valid", kind if kind in _REFUSED else promised)
        if promised is Kind.PDF and kind in {Kind.TEXT, Kind.OTHER}:
            raise Rejected("not_pdf")
        findings = self._by_kind(kind, content)
        if promised not in {None, kind} and not (promised is Kind.TEXT and kind is Kind.OTHER):
            findings.append(Finding("document_type_differs", kind))
        return findings

    def _by_kind(self, kind: Kind, content: Source) -> list[Finding]:
        if kind is Kind.PDF:
            return self.pdf(content)
        if kind is Kind.XML:
            return self.xml(content)
        if kind is not Kind.COMPOUND and _ends_as_archive(content):
            raise Rejected("document_not_valid", Kind.ARCHIVE)
        head = content.read(0, 132)
        if kind is Kind.DICOM and (active_signature(head[:128]) or could_run(head[:128])):
            raise Rejected("document_not_valid", "preamble")
        if kind is Kind.RICH_TEXT and _OBJECTS.search(self._whole(content)):
            raise Rejected("document_not_valid", "objects in RTF")
        if kind is Kind.COMPOUND and is_program([], self._whole(content)):
            raise Rejected("document_not_valid", kind)
        return []

    def xml(self, content: Source, *, clinical: bool = False) -> list[Finding]:
        """Findings about all that an XML document carries along."""
        if self.level >= _MOST_LEVELS:
            raise Rejected("document_not_valid", "nesting")
        data = without_padding(self._whole(content))
        strict, limits = (
            clinical or _CLINICAL.search(data[:HEAD].replace(b"\0", b"")) is not None,
            self.limits,
        )
        try:
            found = carried(data, clinical=strict, deepest=limits.depth * 8, most=limits.pdf_decoded_bytes)
        except expat.ExpatError as error:
            if clinical or is_program([], data):
                raise Rejected("document_not_valid") from error
            return []  # text that only looks like XML; nothing shows it as more
        inner = replace(self, level=self.level + 1)
        findings: list[Finding] = []
        for each in found:
            findings += inner.inspect(BytesSource(each.data), each.media_type)
        return list(
            {finding.code: finding for finding in reversed(findings)}.values()
        )  # the first of each code

    def _whole(self, content: Source) -> bytes:
        if content.size > self.limits.pdf_decoded_bytes:
            raise Rejected("document_not_valid", "too large")
        return content.read(0, content.size)


def _ends_as_archive(content: Source) -> bool:
    """Also before a byte that fills an element of DICOM."""
    tail = content.read(max(0, content.size - ARCHIVE_TAIL), ARCHIVE_TAIL)
    return ends_as_archive(tail) or ends_as_archive(tail[:-1])
