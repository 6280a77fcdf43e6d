"""What a DICOMDIR lists (PS3.10 section 8): files of its own medium, found whatever case the medium kept.

A DICOMDIR is a stranger's word about places on this machine: a reference leads below the DICOMDIR's folder,
by names alone and through no symbolic link, or nowhere.
"""

import os
import re
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import pydicom
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset

from coffre.sending.contents import open_regular
from records.errors import Invalid

LARGEST_DICOMDIR = 128 << 20
_RECORDS = "DirectoryRecordSequence"
MOST_COMPONENTS = 8  # PS3.10 section 8.2
_SEPARATORS = re.compile(r"[\\/]")  # a slash inside of a component is how some writers err


class MediumError(Invalid):
    """A reference, or the whole directory, that cannot be followed; `code` is a key of `TROUBLES`."""


def references(dicomdir: Path) -> list[tuple[str, ...]]:
    """Returns the files that a DICOMDIR lists, each once and as components of its path, in its order.

    Raises `MediumError` "bad_dicomdir".
    """
    try:
        with open_regular(dicomdir) as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # remarks on names that no DICOMDIR should hold
            listed = [_components(record.get("ReferencedFileID")) for record in _records(file)]
    except Exception:  # a damaged file may do anything to its reader
        raise MediumError("not readable", code="bad_dicomdir") from None
    return [each for each in dict.fromkeys(listed) if each]


def _records(file: BinaryIO) -> Sequence[Dataset]:
    if file.seek(0, os.SEEK_END) > LARGEST_DICOMDIR:
        raise ValueError
    file.seek(0)
    found = pydicom.dcmread(file, specific_tags=[_RECORDS])
    raw = found.get_item(_RECORDS)
    # a truncated value is read without a word, and what it listed would go missing
    if isinstance(raw, RawDataElement) and len(raw.value or b"") != raw.length:
        raise EOFError
    records: Sequence[Dataset] = found[_RECORDS].value
    return records


def _components(value: object) -> tuple[str, ...]:
    if not value:
        return ()
    parts = [value] if isinstance(value, str) else [str(part) for part in value]  # type: ignore[attr-defined]
    return tuple(name for part in parts for name in _SEPARATORS.split(part))


class Medium:
    """The folder of one DICOMDIR."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names: dict[Path, dict[str, Path]] = {}

    def find(self, reference: tuple[str, ...]) -> Path:
        """Raises `MediumError` "outside_medium", "symbolic_link" or "missing_file"."""
        if len(reference) > MOST_COMPONENTS or any(not _is_name(part) for part in reference):
            raise MediumError("outside", code="outside_medium")
        place = self._folder
        for part in reference:
            place = self._within(place, part)
        return place

    def _within(self, folder: Path, part: str) -> Path:
        if folder not in self._names:
            self._names[folder] = dict(_listed(folder))
        found = self._names[folder].get(_plain(part))
        if found is None:
            raise MediumError("missing", code="missing_file")
        if found.is_symlink():
            raise MediumError("link", code="symbolic_link")
        return found


def _is_name(part: str) -> bool:
    return part not in ("", ".", "..") and "\0" not in part and ":" not in part


def _plain(name: str) -> str:
    """A name as ISO 9660 has it, without version and final point."""
    return name.strip().lower().removesuffix(";1").removesuffix(".")


def _listed(folder: Path) -> Iterator[tuple[str, Path]]:
    try:
        yield from ((_plain(path.name), path) for path in sorted(folder.iterdir(), reverse=True))
    except OSError:
        return
