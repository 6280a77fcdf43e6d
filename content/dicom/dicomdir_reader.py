"""The files that a DICOMDIR lists (PS3.10 section 8, PS3.3 annex F), as it names them.

A sender reads the directory of its own medium; where the names lead is for the sender to judge.
"""

import os
import re
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

LARGEST = 128 << 20
"""Bytes of a DICOMDIR that is read."""
_RECORDS = "DirectoryRecordSequence"
_SEPARATORS = re.compile(r"[\\/]")  # a slash inside of a component is how some writers err

Reference = tuple[str, ...]
"""A Referenced File ID (0004,1500): the components of a path from the root of the file-set."""


class DamagedDirectory(ValueError):  # noqa: N818 - what was found, not what was done
    """A DICOMDIR that cannot be read, or not to its end."""


def references(file: BinaryIO) -> list[Reference]:
    """Returns the files that an open directory file lists, each once, in its order.

    `file` can be sought. Raises `DamagedDirectory`.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # remarks on names that no DICOMDIR should hold
            listed = [_components(record.get("ReferencedFileID")) for record in _records(file)]
    except Exception:  # a damaged file may do anything to its reader
        raise DamagedDirectory from None
    return [each for each in dict.fromkeys(listed) if each]


def _records(file: BinaryIO) -> "Sequence[Dataset]":
    # loaded when a directory is read: who asks for --help does not wait for it
    import pydicom
    from pydicom.dataelem import RawDataElement

    if file.seek(0, os.SEEK_END) > LARGEST:
        raise ValueError
    file.seek(0)
    found = pydicom.dcmread(file, specific_tags=[_RECORDS])
    raw = found.get_item(_RECORDS)
    # a truncated value is read without a word, and what it listed would go missing
    if isinstance(raw, RawDataElement) and len(raw.value or b"") != raw.length:
        raise EOFError
    records: Sequence[Dataset] = found[_RECORDS].value
    return records


def split(path: str) -> list[str]:
    """The names of a path, whichever of the two slashes its writer took."""
    return _SEPARATORS.split(path)


def _components(value: object) -> Reference:
    if not value:
        return ()
    parts = [value] if isinstance(value, str) else [str(part) for part in value]  # type: ignore[attr-defined]
    return tuple(name for part in parts for name in split(part))
