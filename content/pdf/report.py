"""Examine one PDF report: it opens without a password, is whole, and has nothing active in it (ISO 32000).

Order: outside (header, end, other formats); what pypdf reads, what qpdf reads, what neither of them reads any
more; whether the two agree; attached PDFs. What one reader finds counts, whatever the other says.
"""

import re
from collections.abc import Callable
from typing import Any

from pypdf.errors import LimitReachedError

from content.byte_source import BytesSource, Source
from content.carried_content import Judge
from content.facts import PdfFacts
from content.limits import DEFAULT_LIMITS, Limits
from content.pdf.active_content import ActiveContent
from content.pdf.agreement import Reading, agreed
from content.pdf.lenient_reader import Locked, PypdfView, listening
from content.pdf.outside import Outside, examine_outside
from content.pdf.repairing_reader import QpdfView
from content.pdf.superseded_objects import look_at_superseded
from content.verdicts import Finding, Rejected, inspected

MEDIA_TYPE = "application/pdf"
_ATTACHED = {"document_not_valid": "pdf_embedded_program"}  # as it is called where it is attached
_PDFA_PART = re.compile(rb"pdfaid:part(?:>|\s*=\s*[\"'])\s*(\d)")
_PDFA_LEVEL = re.compile(rb"pdfaid:conformance(?:>|\s*=\s*[\"'])\s*([ABUEFabuef])")


class _Read:
    """What one reader made of the document. Without `pages` it could not read it to its end."""

    def __init__(self, limits: Limits) -> None:
        self.state = Reading.FAILED
        self.content = ActiveContent(limits)
        self.view: Any = None
        self.pages = 0
        self.pdfa: str | None = None
        self.encrypted = False

    def attempt(self, view: Callable[[], PypdfView | QpdfView]) -> None:
        """Both libraries raise many kinds of errors on damaged files; our own limits are final."""
        try:
            self.view = view()
            self.encrypted = self.view.encrypted
            self.view.look_at(self.content)
            pages = self.view.pages()
            self.pdfa = _pdfa(self.view.metadata())
            self.pages, self.state = pages, Reading.READ
        except (Rejected, MemoryError):
            raise
        except Locked:
            self.state = Reading.LOCKED
        except (LimitReachedError, RecursionError):
            self.state = Reading.TOO_COMPLEX
        except Exception:
            self.state = Reading.FAILED


class _Inspection:
    def __init__(self, source: Source, limits: Limits, depth: int) -> None:
        self._source = source
        self._limits = limits
        self._depth = depth
        self.findings: list[Finding] = []

    def run(self) -> PdfFacts:
        if self._source.size > self._limits.pdf_bytes:
            raise Rejected("pdf_too_large")
        outside = examine_outside(self._source)
        self.findings += outside.findings
        first, second = _Read(self._limits), _Read(self._limits)
        try:
            self._read_twice(outside.document, first, second)
        finally:
            self._collect(first, second)
        self._compare(outside, first, second)
        self._attached(first, second)
        reader = first if first.pages else second
        return PdfFacts(reader.pages, outside.version, MEDIA_TYPE, reader.pdfa)

    def _read_twice(self, source: Source, first: _Read, second: _Read) -> None:
        with listening() as repairs:
            first.attempt(lambda: PypdfView(source, self._limits))
        if first.state is Reading.READ and repairs.count:
            first.state = Reading.AMBIGUOUS if repairs.ambiguous else Reading.REPAIRED
        if first.state is Reading.LOCKED:
            return
        second.attempt(lambda: QpdfView(source, self._limits))
        if second.state is Reading.READ:
            second.state = second.view.state()
        if second.state not in {Reading.READ, Reading.REPAIRED}:
            return
        known: set[int] = set()
        if first.pages:
            known = first.view.offsets()
        elif second.view.has_repeated_entries():  # the other reading of which nobody examined
            raise Rejected("pdf_ambiguous")
        with listening():
            look_at_superseded(source, first.view, known, first.content, self._limits)

    def _collect(self, first: _Read, second: _Read) -> None:
        found = {**second.content.findings, **first.content.findings}
        self.findings += found.values()

    def _compare(self, outside: Outside, first: _Read, second: _Read) -> None:
        if first.encrypted or second.encrypted:
            self._note("pdf_owner_password")
        code = agreed(first.state, second.state)
        if code:
            self._note(code)
        if not outside.marked:
            # nothing else is missing where qpdf finds everything at its place
            self._note("pdf_repaired" if second.state is Reading.READ else "pdf_truncated", "end")
        if code in {None, "pdf_repaired"} and not (first.pages or second.pages):
            self._note("pdf_no_pages")

    def _note(self, code: str, where: str | None = None) -> None:
        if all(finding.code != code for finding in self.findings):
            self.findings.append(Finding(code, where))

    def _attached(self, first: _Read, second: _Read) -> None:
        """Attached documents, of whatever type, may hold nothing active either."""
        attached = dict.fromkeys((*first.content.attachments, *second.content.attachments))
        for data in attached:
            try:
                findings = Judge(self._limits, self._inner).inspect(BytesSource(data))
            except Rejected as rejected:
                findings = [rejected.finding]
            for finding in findings:
                self._note(_ATTACHED.get(finding.code, finding.code), "attachment")

    def _inner(self, source: Source) -> list[Finding]:
        if self._depth >= self._limits.pdf_attachments_depth:
            raise Rejected("pdf_too_complex", "attachments")
        inner = _Inspection(source, self._limits, self._depth + 1)
        try:
            inner.run()
        except Rejected as rejected:
            inner.findings.append(rejected.finding)
        return inner.findings


def _pdfa(metadata: bytes) -> str | None:
    """The PDF/A part and level the metadata claims, such as "3B" (ISO 19005); a claim, not a proof."""
    text = metadata.replace(b"\0", b"")  # XMP may be UTF-16
    part, level = _PDFA_PART.search(text), _PDFA_LEVEL.search(text)
    if part is None:
        return None
    return (part.group(1) + (level.group(1).upper() if level else b"")).decode("ascii")


def inspect_pdf(source: Source, limits: Limits = DEFAULT_LIMITS) -> tuple[list[Finding], PdfFacts | None]:
    """Findings and facts; no facts where it is rejected."""
    return inspected(_Inspection(source, limits, 0))
