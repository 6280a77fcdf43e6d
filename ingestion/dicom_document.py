"""Documents inside instances are examined as what they hold (PS3.3 §A.45, §C.24.2)."""

import base64
from typing import Any
from xml.parsers import expat

from ingestion.byte_order import marked_encoding
from ingestion.cda_patient import cda_patient, without_padding
from ingestion.dicom_elements import Bulk
from ingestion.dicom_registry import ENCAPSULATED_CDA, ENCAPSULATED_CLASSES, ENCAPSULATED_PDF
from ingestion.limits import Limits
from ingestion.pdf import inspect_pdf
from ingestion.reader import BytesSource, SliceSource, Source
from ingestion.signatures import active_signature
from ingestion.verdicts import Finding, Rejected

_CDA_ROOT = "urn:hl7-org:v3 ClinicalDocument"
# elements that a page made from the document would run or load
_ACTIVE_NAMES = frozenset(("script", "iframe", "object", "embed", "applet"))
_HEAD = 4096
_XML_START = b"<"


def inspect_document(
    sop_class: str, document: Bulk | None, stated: int | None, source: Source, limits: Limits
) -> list[Finding]:
    """Findings about the encapsulated document that lies at `document` in `source`.

    `stated` is the Encapsulated Document Length, which leaves out the padding byte. Raises `Rejected`.
    """
    if document is None:
        if sop_class.startswith(ENCAPSULATED_CLASSES):
            raise Rejected("document_missing")
        return []
    length = stated if stated is not None and stated == document.length - 1 else document.length
    if stated is not None and stated > document.length:
        raise Rejected("document_not_valid", f"{document.length} of {stated} bytes")
    content = SliceSource(source, document.offset, length)
    head = content.read(0, _HEAD)
    if sop_class == ENCAPSULATED_PDF or b"%PDF-" in head[:1024]:
        return inspect_pdf(content, limits)[0]
    if sop_class == ENCAPSULATED_CDA:
        return _inspect_cda(content, limits)
    if active_signature(head):
        raise Rejected("document_not_valid")
    return []


def document_patient(document: Bulk | None, source: Source, limits: Limits) -> dict[str, Any] | None:
    """The person that an admitted document names: of a CDA, whatever class its instance is of."""
    if document is None or document.length > limits.pdf_decoded_bytes:
        return None
    if _XML_START not in source.read(document.offset, min(_HEAD, document.length)).replace(b"\0", b""):
        return None  # a PDF or a model names nobody
    return cda_patient(source.read(document.offset, document.length))


def _inspect_cda(content: Source, limits: Limits) -> list[Finding]:
    if content.size > limits.pdf_decoded_bytes:
        raise Rejected("document_not_valid", "too large")
    reader = _CdaReader()
    try:
        reader.read(without_padding(content.read(0, content.size)), limits.depth * 8)
    except expat.ExpatError as error:
        raise Rejected("document_not_valid") from error
    return [finding for pdf in reader.pdfs for finding in inspect_pdf(BytesSource(pdf), limits)[0]]


class _CdaReader:
    """One pass over an HL7 CDA document: its root, nothing active, and the PDF it may carry (nonXMLBody)."""

    def __init__(self) -> None:
        self.pdfs: list[bytes] = []
        self._depth = 0
        self._deepest = 0
        self._encoded: list[str] | None = None

    def read(self, data: bytes, deepest: int) -> None:
        """Raises `Rejected`, `expat.ExpatError`."""
        self._deepest = deepest
        parser = expat.ParserCreate(marked_encoding(data), namespace_separator=" ")
        parser.StartDoctypeDeclHandler = _refuse  # entities expand without bound and reach outside
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.Parse(data, True)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth == 1 and name != _CDA_ROOT:
            raise Rejected("document_not_valid")
        local = name.rpartition(" ")[2].lower()
        if local in _ACTIVE_NAMES or self._depth > self._deepest or any(map(_acts, attributes.items())):
            raise Rejected("document_not_valid")
        if attributes.get("representation") == "B64" and attributes.get("mediaType") == "application/pdf":
            self._encoded = []

    def _text(self, text: str) -> None:
        if self._encoded is not None:
            self._encoded.append(text)

    def _end(self, name: str) -> None:
        self._depth -= 1
        if self._encoded is not None:
            try:
                self.pdfs.append(base64.b64decode("".join("".join(self._encoded).split()), validate=True))
            except ValueError as error:
                raise Rejected("document_not_valid") from error
            self._encoded = None


def _acts(attribute: tuple[str, str]) -> bool:
    name, value = attribute
    return name.lower().startswith("on") or value.lstrip().lower().startswith(("javascript:", "vbscript:"))


def _refuse(*_: object) -> None:
    raise Rejected("document_not_valid")
