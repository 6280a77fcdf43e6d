"""One DICOM instance: is it whole, may it enter, and what does it say? (PS3.10, PS3.5)

Order: preamble, file meta information, encoding, walk over the elements, identifiers, pixel data, facts.
"""

import re
from typing import Any

from pydicom.uid import UID

from ingestion.dicom_elements import (
    ENCAPSULATED_DOCUMENT,
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    SHORT_VRS,
    DataSet,
    Encoding,
    Structure,
)
from ingestion.dicom_facts import Facts, facts_of, first, identifier
from ingestion.dicom_inflate import InflatedSource
from ingestion.dicom_json import JsonWriter
from ingestion.dicom_pixels import FrameTable, encapsulated, native, pixel_element, shape
from ingestion.dicom_walk import Walk
from ingestion.limits import DEFAULT_LIMITS, Limits
from ingestion.pdf import inspect_pdf
from ingestion.reader import BytesSource, SliceSource, Source
from ingestion.signatures import active_signature
from ingestion.verdicts import Finding, Outcome, Rejected, worst

DEFLATED = "1.2.840.10008.1.2.1.99"
_EXPLICIT = "1.2.840.10008.1.2.1"
_ENCODINGS = {"1.2.840.10008.1.2": IMPLICIT_LITTLE, "1.2.840.10008.1.2.2": EXPLICIT_BIG}
_NATIVE = frozenset(("1.2.840.10008.1.2", _EXPLICIT, "1.2.840.10008.1.2.2", DEFLATED))
MEDIA_DIRECTORY = "1.2.840.10008.1.3.10"
# SOP classes that describe no patient (PS3.4 §GG.3 and the hanging, protocol, palette and approval classes)
NON_PATIENT = frozenset(
    (
        "1.2.840.10008.5.1.4.38.1",
        "1.2.840.10008.5.1.4.39.1",
        "1.2.840.10008.5.1.4.43.1",
        "1.2.840.10008.5.1.4.44.1",
        "1.2.840.10008.5.1.4.45.1",
        "1.2.840.10008.5.1.4.1.1.200.1",
        "1.2.840.10008.5.1.4.1.1.200.3",
        "1.2.840.10008.5.1.4.1.1.200.7",
    )
)
_UIDS = {
    "00080016": "SOPClassUID",
    "00080018": "SOPInstanceUID",
    "0020000D": "StudyInstanceUID",
    "0020000E": "SeriesInstanceUID",
}
_ROWS, _ELSEWHERE = "00280010", "00287FE0"  # Pixel Data Provider URL: the image lies on a JPIP server
_UID = re.compile(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))*")
_ADDRESSABLE = re.compile(r"[0-9A-Za-z._-]{1,64}")


class _Inspection:
    def __init__(self, source: Source, limits: Limits) -> None:
        self._source = source
        self._limits = limits
        self._start = 0
        self.findings: list[Finding] = []

    def run(self) -> Facts:
        meta, start = self._file_meta()
        self._start = start
        attributes_meta = JsonWriter().dataset(meta)
        syntax = identifier(attributes_meta, "00020010") or ""
        if identifier(attributes_meta, "00020002") == MEDIA_DIRECTORY:
            raise Rejected("dicomdir")
        structure, syntax = self._data_set(start, syntax)
        writer = JsonWriter()
        attributes = writer.dataset(structure.dataset)
        if 0x00041220 in structure.dataset.elements:
            raise Rejected("dicomdir")
        self._check_identifiers(attributes, attributes_meta)
        frames = self._frames(structure, attributes, syntax)
        self._check_document(structure, syntax)
        if writer.not_valid:
            self._note("value_not_valid", writer.not_valid[0])
        return facts_of(attributes, syntax, frames)

    def _note(self, code: str, where: str | None = None) -> None:
        self.findings.append(Finding(code, where))

    def _file_meta(self) -> tuple[DataSet, int]:
        """The file meta information (may be empty) and where the data set starts."""
        head = self._source.read(0, 132)
        if head[128:132] == b"DICM":
            self._check_preamble(head[:128])
            start = 132
        else:
            self._note("preamble_missing")
            start = 0
        structure = self._walk_meta(start)
        if not structure.dataset.elements:
            self._note("meta_missing")
        return structure.dataset, structure.end

    def _walk_meta(self, start: int) -> Structure:
        if self._source.read(start, 2) != b"\x02\x00":
            return Structure(DataSet(EXPLICIT_LITTLE), end=start)
        try:
            return Walk(self._source, self._limits, EXPLICIT_LITTLE, start, stop_group=2).run()
        except Rejected as error:
            raise Rejected("not_dicom" if start == 0 else error.finding.code) from error

    def _check_preamble(self, preamble: bytes) -> None:
        if active_signature(preamble):
            raise Rejected("preamble_active")
        if preamble.strip(b"\0"):
            self._note("preamble_not_zero")

    def _data_set(self, start: int, syntax: str) -> tuple[Structure, str]:
        if syntax and not _UID.fullmatch(syntax):
            raise Rejected("transfer_syntax_not_valid")
        source: Source = self._source
        if syntax == DEFLATED:
            source, start = InflatedSource(self._source, start, self._limits), 0
        encoding = self._encoding(source.read(start, 16), syntax)
        if not syntax:
            syntax = next((uid for uid, known in _ENCODINGS.items() if known == encoding), _EXPLICIT)
            if not any(f.code == "meta_missing" for f in self.findings):
                self._note("meta_transfer_syntax_missing")
        elif not _is_known(syntax):
            self._note("transfer_syntax_unusual", syntax)
        structure = self._walk(source, encoding, start)
        self.findings += structure.findings
        return structure, syntax

    def _encoding(self, head: bytes, syntax: str) -> Encoding:
        """What the transfer syntax says, unless the first element plainly says otherwise."""
        declared = _ENCODINGS.get(syntax, EXPLICIT_LITTLE)
        seen = _recognise(head)
        if seen is None:
            if not syntax or any(f.code == "preamble_missing" for f in self.findings):
                raise Rejected("not_dicom")
            return declared
        if syntax and seen != declared:
            self._note("encoding_differs")
        return seen

    def _walk(self, source: Source, encoding: Encoding, start: int) -> Structure:
        try:
            return Walk(source, self._limits, encoding, start).run()
        except Rejected as error:
            guessed = any(f.code == "preamble_missing" for f in self.findings)
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

    def _frames(self, structure: Structure, attributes: dict[str, Any], syntax: str) -> FrameTable | None:
        pixels = pixel_element(structure.bulk)
        if pixels is None:
            if first(attributes, _ROWS) and _ELSEWHERE not in attributes:
                self._note("pixel_data_missing")
            return None
        form = shape(attributes, pixels.tag)
        if (syntax in _NATIVE) != (pixels.fragments is None) and _is_known(syntax):
            self._note("encoding_differs")
        if pixels.fragments is None:
            found = native(pixels, form, self._limits)
        else:
            found = encapsulated(pixels, form, syntax, self._source, self._limits)
        self.findings += found.findings
        return None if syntax == DEFLATED else found.frames

    def _check_document(self, structure: Structure, syntax: str) -> None:
        """An encapsulated PDF is a PDF like any other (PS3.3 §C.24.2)."""
        document = structure.bulk.get(ENCAPSULATED_DOCUMENT)
        if document is None:
            return
        source: Source = SliceSource(self._source, document.offset, document.length)
        if syntax == DEFLATED:
            if document.length > self._limits.pdf_decoded_bytes:
                raise Rejected("pdf_too_large")
            inflated = InflatedSource(self._source, self._start, self._limits)
            source = BytesSource(inflated.read(document.offset, document.length))
        if b"%PDF-" in source.read(0, 1024):
            self.findings += inspect_pdf(source, self._limits)[0]


def _is_known(syntax: str) -> bool:
    return UID(syntax).type == "Transfer Syntax"


def _recognise(head: bytes) -> Encoding | None:
    """The encoding of a data set that starts with `head`: a low group, then a VR or a plausible length."""
    if len(head) < 8:
        return None
    little = head[1] == 0 or head[0] > head[1]
    group = int.from_bytes(head[:2], "little" if little else "big")
    if group > 0x0020 or group == 0:
        return None
    vr = head[4:6]
    if vr in SHORT_VRS or vr in (b"OB", b"OW", b"SQ", b"UN", b"UT", b"UC", b"UR"):
        return EXPLICIT_LITTLE if little else EXPLICIT_BIG
    length = int.from_bytes(head[4:8], "little")
    return IMPLICIT_LITTLE if little and length < 0x10000 and not vr.isalpha() else None


def inspect_dicom(source: Source, limits: Limits = DEFAULT_LIMITS) -> tuple[list[Finding], dict[str, Any]]:
    """Findings and facts of one instance; the facts are empty where it is rejected.

    Facts (all JSON): `sop_class sop study series transfer_syntax modality media_type`, `patient`,
    `study_attributes`, `series_attributes`, `instance_attributes`, `dicom` (DICOM JSON without bulk data) and
    `frames` (per frame a list of `[offset, length]`, or null). Dates are `YYYY-MM-DD`, times `HH:MM:SS`.
    """
    inspection = _Inspection(source, limits)
    try:
        facts = inspection.run()
    except Rejected as rejected:
        inspection.findings.append(rejected.finding)
    if worst(inspection.findings) is Outcome.REJECT:
        facts = {}
    return inspection.findings, facts
