"""Examine one DICOM instance: whether it is whole and may enter, and what it states (PS3.10, PS3.5).

Order: preamble, file meta information, encoding, walk over the elements, identifiers, pixel data, document,
outside, facts.
"""

import re
from typing import Any

from content.byte_source import BytesSource, Source
from content.dicom.deflated import InflatedSource, Packing, packing_of
from content.dicom.elements import ENCAPSULATED_DOCUMENT, OTHER_CONTENT, Encoding, Structure
from content.dicom.encapsulated_document import document_patients, inspect_document
from content.dicom.facts import facts_of, first, identifier
from content.dicom.file_meta import ENCODINGS, FileHead, encoding_of, read_head
from content.dicom.frame_decoding import check_decoding
from content.dicom.metadata.json_writer import JsonWriter
from content.dicom.pixel_data import encapsulated, native, pixel_element, shape
from content.dicom.registry import (
    DEFLATED_DATA_SETS,
    EXPLICIT,
    MEDIA_DIRECTORY,
    NATIVE,
    NON_PATIENT,
    is_image_class,
    is_storage_class,
    is_transfer_syntax,
)
from content.dicom.walk import Walk
from content.facts import DicomFacts
from content.limits import DEFAULT_LIMITS, Limits
from content.person import Person
from content.series_metadata import Frames
from content.signatures import ARCHIVE_TAIL, ends_as_archive
from content.verdicts import Finding, Rejected, inspected

_UIDS = {
    "00080016": "SOPClassUID",
    "00080018": "SOPInstanceUID",
    "0020000D": "StudyInstanceUID",
    "0020000E": "SeriesInstanceUID",
}
_DIRECTORY_RECORDS = 0x00041220
_ROWS, _ELSEWHERE = "00280010", "00287FE0"  # Pixel Data Provider URL: the image lies on a JPIP server
_UID = re.compile(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))*")
_ADDRESSABLE = re.compile(r"[0-9A-Za-z._-]{1,64}")
_PDF_HEADER = re.compile(rb"%PDF-\d")


class _Inspection:
    def __init__(self, source: Source, limits: Limits) -> None:
        self._source = source
        self._limits = limits
        self._deflated = False
        self.findings: list[Finding] = []

    def run(self) -> DicomFacts:
        head = read_head(self._source, self._limits)
        self.findings = head.findings
        meta = JsonWriter().dataset(head.meta)
        if identifier(meta, "00020002") == MEDIA_DIRECTORY:
            raise Rejected("dicomdir")
        structure, syntax = self._data_set(head, identifier(meta, "00020010") or "")
        if _DIRECTORY_RECORDS in structure.dataset.elements:
            raise Rejected("dicomdir")
        writer = JsonWriter(inflated=self._deflated)
        attributes = writer.dataset(structure.dataset)
        self._check_identifiers(attributes, meta)
        frames = self._frames(structure, attributes, syntax)
        document_patients = self._check_document(structure, attributes, head)
        self._check_outside(structure, head)
        self.findings += check_decoding(self._source, frames, attributes, syntax, self._limits)
        if writer.not_valid:
            self._note("value_not_valid", writer.not_valid[0])
        if writer.undeclared:
            self._note("character_set_differs", writer.undeclared[0])
        return facts_of(attributes, syntax, frames, document_patients)

    def _note(self, code: str, where: str | None = None) -> None:
        self.findings.append(Finding(code, where))

    def _data_set(self, head: FileHead, syntax: str) -> tuple[Structure, str]:
        if syntax and not _UID.fullmatch(syntax):
            raise Rejected("transfer_syntax_not_valid")
        source, start = self._source, head.start
        if syntax in DEFLATED_DATA_SETS:
            source, start = self._inflated(head)
        encoding = encoding_of(source.read(start, 16), syntax, head)
        if not syntax:
            syntax = next((uid for uid, known in ENCODINGS.items() if known == encoding), EXPLICIT)
            if not head.has("meta_missing"):
                self._note("meta_transfer_syntax_missing")
        elif not is_transfer_syntax(syntax):
            self._note("transfer_syntax_unusual")
        structure = self._walk(source, encoding, start, head)
        self.findings += [finding for finding in structure.findings if finding not in self.findings]
        return structure, syntax

    def _inflated(self, head: FileHead) -> tuple[Source, int]:
        """The data set that is declared deflated, and where it starts; some writers only declare it."""
        packing = packing_of(self._source.read(head.start, 16))
        if packing is Packing.NONE:
            self._note("deflate_missing")
            return self._source, head.start
        if packing is not Packing.RAW:
            self._note("deflate_wrapped")
        self._deflated = True
        return InflatedSource(self._source, head.start, self._limits), 0

    def _walk(self, source: Source, encoding: Encoding, start: int, head: FileHead) -> Structure:
        try:
            return Walk(source, self._limits, encoding, start).run()
        except Rejected as error:
            guessed = head.has("preamble_missing")
            if guessed and error.finding.code in {"element_not_valid", "truncated"}:
                raise Rejected("not_dicom") from error
            raise

    def _check_identifiers(self, attributes: dict[str, Any], meta: dict[str, Any]) -> None:
        sop_class = identifier(attributes, "00080016")
        if sop_class in NON_PATIENT:
            raise Rejected("not_patient_object")
        missing = [name for tag, name in _UIDS.items() if not identifier(attributes, tag)]
        if missing:
            raise Rejected("uid_missing", ", ".join(missing))
        for tag, name in _UIDS.items():
            self._check_uid(str(identifier(attributes, tag)), name)
        if not is_storage_class(str(sop_class)):
            self._note("sop_class_unusual")
        for tag, in_meta in (("00080016", "00020002"), ("00080018", "00020003")):
            if identifier(meta, in_meta) not in (None, identifier(attributes, tag)):
                self._note("meta_differs", _UIDS[tag])
        if not first(attributes, "00100020"):
            self._note("patient_id_empty")

    def _check_uid(self, uid: str, name: str) -> None:
        if _UID.fullmatch(uid) and len(uid) <= 64:
            return
        if not _ADDRESSABLE.fullmatch(uid):
            raise Rejected("uid_unusable", name)
        self._note("uid_not_valid", name)

    def _frames(self, structure: Structure, attributes: dict[str, Any], syntax: str) -> Frames | None:
        pixels = pixel_element(structure.bulk)
        if pixels is None:
            if first(attributes, _ELSEWHERE):
                raise Rejected("pixel_data_elsewhere")
            if self._describes_an_image(structure, attributes):
                self._note("pixel_data_missing")
            return None
        form = shape(attributes, pixels.tag)
        if (syntax in NATIVE) != (pixels.fragments is None) and is_transfer_syntax(syntax):
            self._note("encoding_differs")
        if pixels.fragments is None:
            found = native(pixels, form, self._limits)
        else:
            found = encapsulated(structure.bulk, form, syntax, self._source, self._limits)
        self.findings += found.findings
        return None if self._deflated else found.frames

    def _describes_an_image(self, structure: Structure, attributes: dict[str, Any]) -> bool:
        """Rows and columns alone don't say so: an object may lay out other content by them."""
        if is_image_class(str(identifier(attributes, "00080016"))):
            return True
        held = structure.bulk.keys() | structure.dataset.elements.keys()
        return bool(first(attributes, _ROWS)) and not held & OTHER_CONTENT

    def _check_document(
        self, structure: Structure, attributes: dict[str, Any], head: FileHead
    ) -> list[Person]:
        """Examine the encapsulated document; answers the persons that it says it is about."""
        document, source = structure.bulk.get(ENCAPSULATED_DOCUMENT), self._source
        if document is not None and self._deflated:
            if document.length > self._limits.pdf_decoded_bytes:
                raise Rejected("pdf_too_large")
            inflated = InflatedSource(self._source, head.start, self._limits)
            source = BytesSource(inflated.read(document.offset, document.length))
            document.offset = 0
        stated, label = first(attributes, "00420015"), first(attributes, "00420012")
        self.findings += inspect_document(
            str(identifier(attributes, "00080016")),
            document,
            stated if isinstance(stated, int) else None,
            label if isinstance(label, str) else None,
            source,
            self._limits,
        )
        return document_patients(document, source, self._limits)

    def _check_outside(self, structure: Structure, head: FileHead) -> None:
        """Readers of other formats may look at the first kilobyte, or from the end."""
        document = structure.bulk.get(ENCAPSULATED_DOCUMENT)
        own = 1024 if self._deflated or document is None else min(1024, document.offset)
        if _PDF_HEADER.search(self._source.read(0, head.start if self._deflated else own)):
            raise Rejected("polyglot", "PDF")
        pixels = pixel_element(structure.bulk)
        after = head.start
        if pixels is not None and not self._deflated and not head.has("pixel_data_longer"):
            after = pixels.offset + pixels.length
        tail = max(after, self._source.size - ARCHIVE_TAIL)
        if ends_as_archive(self._source.read(tail, ARCHIVE_TAIL)):
            raise Rejected("polyglot", "ZIP")


def inspect_dicom(source: Source, limits: Limits = DEFAULT_LIMITS) -> tuple[list[Finding], DicomFacts | None]:
    """Findings and facts of one instance; no facts where it is rejected."""
    return inspected(_Inspection(source, limits))
