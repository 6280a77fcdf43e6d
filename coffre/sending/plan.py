"""What to send: files recognised by their content, instances gathered by study into requests."""

import os
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO
from pathlib import Path

from pydicom.filereader import read_partial
from pydicom.tag import Tag
from pydicom.uid import MediaStorageDirectoryStorage

from records.errors import Invalid

MOST_IN_BATCH = 1000
LARGEST_BATCH = 1 << 30
"""Files and bytes of one request. A study beyond it becomes several submissions of the same document."""
_HEAD = 1024  # bytes: a PDF's header may stand that late (ISO 32000, annex H.3)
_START = 4 << 20  # bytes searched for the study's UID; a file that has it later is sent all the same
_STUDY = Tag("StudyInstanceUID")


class Kind(StrEnum):
    DICOM = "dicom"
    PDF = "pdf"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file to send, or not: `size` in bytes, `study` empty unless it could be read, `skip` says why not."""

    path: Path
    kind: Kind
    size: int
    study: str = ""
    skip: str = ""


def candidates(paths: Iterable[Path]) -> list[Candidate]:
    """Returns every file of these paths, folders walked; the same file once, in a stable order.

    Raises `Invalid` "no_such_path".
    """
    files: dict[Path, None] = {}
    for path in paths:
        if not path.exists():
            raise Invalid("A path to send does not exist.", code="no_such_path")
        files.update(dict.fromkeys(_walk(path)))
    return [examine(path) for path in files]


def _walk(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for folder, folders, names in os.walk(path):
        folders.sort()
        yield from (Path(folder, name) for name in sorted(names))


def examine(path: Path) -> Candidate:
    """Looks into a file; its name plays no part. The verdict on a damaged one is the server's."""
    if not path.is_file():
        return Candidate(path, Kind.OTHER, 0, skip="not a regular file")
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return Candidate(path, Kind.OTHER, 0, skip="cannot be read")
    if head[128:132] == b"DICM" or _is_bare_dataset(head):
        return _dicom(path, size)
    if b"%PDF-" in head:
        return Candidate(path, Kind.PDF, size)
    return Candidate(path, Kind.OTHER, size, skip="neither DICOM nor PDF")


def _is_bare_dataset(head: bytes) -> bool:
    """A data set without preamble begins with group 0002 or 0008 and a short first value (PS3.5 §7.1)."""
    if head[:2] not in (b"\x02\x00", b"\x08\x00") or len(head) < 12 or head[3] != 0:
        return False
    explicit = head[4:6].isalpha() and head[4:6].isupper()
    return explicit or head[6:8] == b"\0\0"


def _dicom(path: Path, size: int) -> Candidate:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # remarks are the server's to make
        try:
            with path.open("rb") as file:
                start = BytesIO(file.read(_START))
            found = read_partial(start, lambda tag, *_: tag > _STUDY, force=True, specific_tags=[_STUDY])
            meta = found.file_meta.get("MediaStorageSOPClassUID")
            study = str(found.get("StudyInstanceUID") or "")
        except Exception:  # whatever a damaged file does to the reader, the server is asked
            return Candidate(path, Kind.DICOM, size)
    if meta == MediaStorageDirectoryStorage:
        return Candidate(path, Kind.OTHER, size, skip="a DICOMDIR only lists files")
    return Candidate(path, Kind.DICOM, size, study)


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
