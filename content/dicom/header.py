"""The start of a DICOM file, read for what its sender has to know: its study, and whether it is a DICOMDIR.

A sender reads its own files outside of the sandbox. Only tags up to the study's UID are looked at, of bytes
that are at hand; whatever is wrong with them is for the server to say. `content.dicom.instance` judges.
"""

import warnings
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydicom.dataset import FileDataset

_STUDY = 0x0020000D
_DIRECTORY_GROUP = 0x0004  # what a DICOMDIR lists (PS3.6 section 6)


@dataclass(frozen=True, slots=True)
class Header:
    """What the start of a file says: `study` is empty where it cannot be read."""

    study: str = ""
    is_directory: bool = False


def read_header(start: bytes) -> Header:
    """Reads the first bytes of a file, as many as the caller has.

    What is deflated is not looked into: it may expand without end, and no DICOMDIR is (PS3.10 section 8.6).
    """
    # pydicom is loaded when a file is read: who asks for --help does not wait for it
    from content.dicom.registry import DEFLATED, MEDIA_DIRECTORY

    if DEFLATED.encode() in start:
        return Header()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # remarks are the server's to make
        try:
            found = _read(start)
            media = str(found.file_meta.get("MediaStorageSOPClassUID") or "")
            return Header(str(found.get("StudyInstanceUID") or ""), media == MEDIA_DIRECTORY)
        except Exception:  # whatever a damaged file does to the reader, the server is asked
            return Header()


def _read(start: bytes) -> "FileDataset":
    from pydicom.filereader import read_partial

    return read_partial(BytesIO(start), _is_beyond, force=True, specific_tags=[_STUDY])


def _is_beyond(tag: int, *_: object) -> bool:
    return tag > _STUDY or tag >> 16 == _DIRECTORY_GROUP
