"""The plan of a sending: files recognised by their content, instances gathered by study into requests."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from content.dicom.header import Header, read_header

MOST_IN_BATCH = 1000
LARGEST_BATCH = 1 << 28
"""Files and bytes of one request: a cut network costs one of them. A study beyond it becomes several
submissions of the same document."""
HEAD = 1024  # bytes: a PDF's header may stand that late (ISO 32000, annex H.3)
_STARTS = (
    1 << 14,
    4 << 20,
)  # bytes searched for the study's UID; a file that has it later is sent all the same
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
    start, header = head, Header()
    for size in _STARTS:  # nearly every file names its study in the first of them
        start += rest.read(size - len(start))
        header = read_header(start)
        if header.study or header.is_directory or len(start) < size:
            break
    if header.is_directory:
        return Recognised(Kind.OTHER, trouble="dicomdir")
    return Recognised(Kind.DICOM, header.study)


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
