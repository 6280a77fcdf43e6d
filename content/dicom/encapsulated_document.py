"""Examine a document inside an instance by its content, whatever it is called (PS3.3 §A.45, §C.24.2)."""

from content.byte_source import SliceSource, Source
from content.carried_content import Judge
from content.cda.patient import cda_patients
from content.dicom.elements import Bulk
from content.dicom.registry import ENCAPSULATED_CDA, ENCAPSULATED_CLASSES, ENCAPSULATED_PDF
from content.kinds import HEAD, Kind, kind_of, labelled
from content.limits import Limits
from content.pdf.report import inspect_pdf
from content.person import Person
from content.verdicts import Finding, Rejected

_XML_START = b"<"
_MODELS = frozenset((Kind.TEXT, Kind.OTHER))  # STL, OBJ and MTL have no first bytes of their own
_PROMISED = {ENCAPSULATED_PDF: Kind.PDF, ENCAPSULATED_CDA: Kind.XML}


def inspect_document(
    sop_class: str,
    document: Bulk | None,
    stated: int | None,
    label: str | None,
    source: Source,
    limits: Limits,
) -> list[Finding]:
    """Findings about the encapsulated document that lies at `document` in `source`.

    `stated` is the Encapsulated Document Length, which leaves out the padding byte; `label` the MIME Type of
    Encapsulated Document. Raises `Rejected`.
    """
    if document is None:
        if sop_class.startswith(ENCAPSULATED_CLASSES):
            raise Rejected("document_missing")
        return []
    length = stated if stated is not None and stated == document.length - 1 else document.length
    if stated is not None and stated > document.length:
        raise Rejected("document_not_valid", f"{document.length} of {stated} bytes")
    content = SliceSource(source, document.offset, length)
    judge = Judge(limits, lambda pdf: inspect_pdf(pdf, limits)[0])
    kind, promised = kind_of(content.read(0, HEAD)), _PROMISED.get(sop_class)
    if promised is Kind.PDF and kind is not Kind.PDF:
        raise Rejected("not_pdf")
    if promised is Kind.XML and kind is not Kind.PDF:
        findings = judge.xml(content, clinical=True)
    else:
        findings = judge.inspect(content)
    other = promised is None and sop_class.startswith(ENCAPSULATED_CLASSES) and kind not in _MODELS
    if other or {promised, labelled(label)} - {None, kind}:
        findings.append(Finding("document_type_differs", kind))
    return findings


def document_patients(document: Bulk | None, source: Source, limits: Limits) -> list[Person]:
    """The persons that an admitted document names: of a CDA, whatever class its instance is of."""
    if document is None or document.length > limits.pdf_decoded_bytes:
        return []
    if _XML_START not in source.read(document.offset, min(HEAD, document.length)).replace(b"\0", b""):
        return []  # a PDF or a model names nobody
    return cda_patients(source.read(document.offset, document.length))
