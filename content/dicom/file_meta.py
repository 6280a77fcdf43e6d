"""The outside of a DICOM file: preamble, file meta information, encoding of the data set (PS3.10 §7)."""

from dataclasses import dataclass, field

from content.byte_source import Source
from content.dicom.elements import (
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    SHORT_VRS,
    DataSet,
    Encoding,
    Structure,
)
from content.dicom.registry import BIG_ENDIAN, IMPLICIT, is_transfer_syntax
from content.dicom.walk import Walk
from content.limits import Limits
from content.signatures import active_signature, could_run
from content.verdicts import Finding, Rejected

ENCODINGS = {
    IMPLICIT: IMPLICIT_LITTLE,
    BIG_ENDIAN: EXPLICIT_BIG,
    "1.2.840.10008.1.20": IMPLICIT_LITTLE,  # Papyrus 3, retired
}
_PREFIX = b"DICM"
_LONG_VRS = (b"OB", b"OW", b"SQ", b"UN", b"UT", b"UC", b"UR")


@dataclass(slots=True)
class FileHead:
    """The file before its data set: `meta` may be empty, `start` is where the data set begins."""

    meta: DataSet
    start: int
    findings: list[Finding] = field(default_factory=list)

    def has(self, code: str) -> bool:
        return any(finding.code == code for finding in self.findings)


def read_head(source: Source, limits: Limits) -> FileHead:
    """Raises `Rejected`: "preamble_active", and what the walk over the file meta information finds."""
    findings = []
    head, start = source.read(0, 132), 0
    if head[128:132] == _PREFIX:
        start = 132
        if active_signature(head[:128]) or could_run(head[:128]):
            raise Rejected("preamble_active")
        if head[:128].strip(b"\0"):
            findings.append(Finding("preamble_not_zero"))
    else:
        findings.append(Finding("preamble_missing"))
    structure = _walk_meta(source, limits, start)
    if not structure.dataset.elements:
        findings.append(Finding("meta_missing"))
    findings += [finding for finding in structure.findings if finding.code == "encoding_differs"]
    return FileHead(structure.dataset, structure.end, findings)


def _walk_meta(source: Source, limits: Limits, start: int) -> Structure:
    if source.read(start, 2) != b"\x02\x00":
        return Structure(DataSet(EXPLICIT_LITTLE), end=start)
    try:
        return Walk(source, limits, EXPLICIT_LITTLE, start, stop_group=2).run()
    except Rejected as error:
        raise Rejected("not_dicom" if start == 0 else error.finding.code) from error


def encoding_of(first: bytes, syntax: str, head: FileHead) -> Encoding:
    """The encoding that the transfer syntax says, unless the first element plainly says otherwise.

    `first` are the data set's first sixteen bytes; `syntax` is empty where the file does not name one.
    """
    declared = ENCODINGS.get(syntax, EXPLICIT_LITTLE)
    seen = _recognise(first)
    if seen is None:
        if not syntax or head.has("preamble_missing"):
            raise Rejected("not_dicom")
        return declared
    if is_transfer_syntax(syntax) and seen != declared:
        head.findings.append(Finding("encoding_differs"))
    return seen


def _recognise(first: bytes) -> Encoding | None:
    """The encoding of a data set that starts so: a low group, then a VR or a plausible length."""
    if len(first) < 8:
        return None
    little = first[1] == 0 or first[0] > first[1]
    group = int.from_bytes(first[:2], "little" if little else "big")
    if group > 0x0020 or group == 0:
        return None
    vr = first[4:6]
    if vr in SHORT_VRS or vr in _LONG_VRS:
        return EXPLICIT_LITTLE if little else EXPLICIT_BIG
    length = int.from_bytes(first[4:8], "little")
    return IMPLICIT_LITTLE if little and length < 0x10000 and not vr.isalpha() else None
