"""The plan of a sending: files recognised by their content, instances gathered by study into requests."""

import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from pydicom.filereader import read_partial
from pydicom.tag import BaseTag, Tag
from pydicom.uid import DeflatedExplicitVRLittleEndian, MediaStorageDirectoryStorage

MOST_IN_BATCH = 1000
LARGEST_BATCH = 1 << 28
"""Files and bytes of one request: a cut network costs one of them. A study beyond it becomes several
submissions of the same document."""
HEAD = 1024  # bytes: a PDF's header may stand that late (ISO 32000, annex H.3)
_STARTS = (
    1 << 14,
    4 << 20,
)  # bytes searched for the study's UID; a file that has it later is sent all the same
_STUDY = Tag("StudyInstanceUID")
_DIRECTORY_GROUP = 0x0004  # what a DICOMDIR lists
_ARCHIVE = (b"PK\x03\x04", b"PK\x05\x06")


class Kind(StrEnum):
    DICOM = "dicom"
    PDF = "pdf"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Member:
    """A file inside a zip archive. `name` is for people alone; `offset` is that of the local header."""

    name: str
    offset: int
    packed: int
    method: int
    checksum: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file to send, or not: `size` in bytes, `study` empty unless it could be read.

    `trouble` (a key of `TROUBLES`) says why it is not sent; `modified` is the time in ns at which the file or
    archive was last changed, 0 if that does not matter.
    """

    path: Path
    kind: Kind
    size: int
    study: str = ""
    trouble: str = ""
    modified: int = 0
    member: Member | None = None


@dataclass(frozen=True, slots=True)
class Recognised:
    """The kind of a file, by its first bytes."""

    kind: Kind
    study: str = ""
    trouble: str = ""


def is_archive(head: bytes) -> bool:
    """Whether these are the first bytes of a zip archive and of nothing Coffre takes."""
    return head.startswith(_ARCHIVE) and head[128:132] != b"DICM"


def recognise(head: bytes, start: BinaryIO) -> Recognised:
    """Says what a file is by its first `HEAD` bytes and, for DICOM, by its start; its name plays no part.

    `start` is read from where it stands. The verdict on a damaged file is the server's.
    """
    if not head:
        return Recognised(Kind.OTHER, trouble="empty_file")
    if head[128:132] == b"DICM" or _is_bare_dataset(head):
        return _dicom(head, start)
    if b"%PDF-" in head:
        return Recognised(Kind.PDF)
    return Recognised(Kind.OTHER, trouble="not_taken")


def _is_bare_dataset(head: bytes) -> bool:
    """A data set without preamble begins with group 0002 or 0008 and a short first value (PS3.5 §7.1)."""
    if head[:2] not in (b"\x02\x00", b"\x08\x00") or len(head) < 12 or head[3] != 0:
        return False
    explicit = head[4:6].isalpha() and head[4:6].isupper()
    return explicit or head[6:8] == b"\0\0"


def _dicom(head: bytes, rest: BinaryIO) -> Recognised:
    start = head
    for size in _STARTS:  # nearly every file names its study in the first of them
        start += rest.read(size - len(start))
        media, study = _named(start)
        if study or media == MediaStorageDirectoryStorage or len(start) < size:
            break
    if media == MediaStorageDirectoryStorage:
        return Recognised(Kind.OTHER, trouble="dicomdir")
    return Recognised(Kind.DICOM, study)


def _named(start: bytes) -> tuple[str, str]:
    """The media storage class and the study of a file that begins so, empty where they cannot be read.

    What is deflated is not looked into: it may expand without end, and no DICOMDIR is (PS3.10 section 8.6).
    """
    if DeflatedExplicitVRLittleEndian.encode() in start:
        return "", ""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # remarks are the server's to make
        try:
            found = read_partial(BytesIO(start), _is_beyond, force=True, specific_tags=[_STUDY])
            media = str(found.file_meta.get("MediaStorageSOPClassUID") or "")
            return media, str(found.get("StudyInstanceUID") or "")
        except Exception:  # whatever a damaged file does to the reader, the server is asked
            return "", ""


def _is_beyond(tag: BaseTag, *_: object) -> bool:
    return tag > _STUDY or tag.group == _DIRECTORY_GROUP


def batches(found: Iterable[Candidate]) -> Iterator[list[Candidate]]:
    """Yields the DICOM files study by study, as many as one request takes."""
    studies: dict[str, list[Candidate]] = {}
    for candidate in found:
        if candidate.kind is Kind.DICOM:
            studies.setdefault(candidate.study, []).append(candidate)
    for study in studies.values():
        batch: list[Candidate] = []
        size = 0
        for candidate in study:
            if batch and (len(batch) == MOST_IN_BATCH or size + candidate.size > LARGEST_BATCH):
                yield batch
                batch, size = [], 0
            batch.append(candidate)
            size += candidate.size
        yield batch
