"""Files that a directory file lists (PS3.10 section 8), found whatever case the medium kept.

References count from the root of the file-set, where its DICOMDIR lies; a directory file further down counts
from there, too. All of it is a stranger's word about places on this machine: a reference leads below the
folder that was given, by names alone and through no symbolic link, or nowhere.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from client.send.contents import open_regular
from client.send.verdicts import TROUBLES
from content.dicom import dicomdir_reader
from content.dicom.dicomdir_reader import Reference
from records.errors import Invalid

DICOMDIR = "dicomdir"  # PS3.10 section 8.6: the one at the root has this name
MOST_COMPONENTS = 8  # PS3.10 section 8.2
_VERSION = re.compile(r";[0-9]+$")


class MediumError(Invalid):
    """A reference, or the whole directory, that cannot be followed; `code` is a key of `TROUBLES`."""

    def __init__(self, code: str) -> None:
        super().__init__(TROUBLES[code][1], code=code)


def references(directory: Path) -> list[Reference]:
    """Returns the files that a directory file lists, each once, in its order.

    Raises `MediumError` "bad_dicomdir".
    """
    try:
        with open_regular(directory) as file:
            return listed_in(file)
    except OSError:
        raise MediumError("bad_dicomdir") from None


def listed_in(file: BinaryIO) -> list[Reference]:
    """`references` of a directory file that is open and can be sought."""
    try:
        return dicomdir_reader.references(file)
    except dicomdir_reader.DamagedDirectory:
        raise MediumError("bad_dicomdir") from None


class Medium:
    """A file-set by its root. Of what is found, only places below the folder `given` count.

    The root may lie above that folder, whose name a reference then begins with.
    """

    def __init__(self, root: Path, given: Path | None = None) -> None:
        self._root = root
        self._given = root if given is None else given
        self._names: dict[Path, dict[str, Path]] = {}

    def find(self, reference: Reference) -> Path:
        """Raises `MediumError` "outside_medium", "symbolic_link" or "missing_file"."""
        check_inside(reference)
        place, border = self._root.absolute(), self._given.absolute()
        for part in reference:
            place = self._below(place, part, border)
        if not place.is_relative_to(border):
            raise MediumError("missing_file")
        return self._given / place.relative_to(border)

    def shown(self, reference: Reference) -> Path:
        """Where a reference would lead, for people alone."""
        return self._root.joinpath(*reference)

    def holds_any(self, listed: Sequence[Reference]) -> bool:
        """Whether this is a root from which one of these files is found."""
        return any(self._holds(reference) for reference in listed)

    def _holds(self, reference: Reference) -> bool:
        try:
            self.find(reference)
        except MediumError as error:
            return error.code == "symbolic_link"  # it is there, and not followed
        return True

    def _below(self, folder: Path, part: str, border: Path) -> Path:
        if folder not in self._names:
            self._names[folder] = dict(_listed(folder))
        found = self._names[folder].get(part) or self._names[folder].get(plain(part))
        if found is None:
            raise MediumError("missing_file")
        if found.is_symlink() and not border.is_relative_to(found):  # what was given may be reached by one
            raise MediumError("symbolic_link")
        return found


def roots(directory: Path, given: Path, led_from: Medium | None) -> Iterator[Medium]:
    """Yields where references of a directory file may count from, the likeliest first.

    `given` is the folder below which everything was asked for. One that another directory file led to
    (`led_from`) counts from the same root; a DICOMDIR lies at its own; any other, or a part of a medium that
    was copied alone, counts from a folder above.
    """
    own = directory.parent
    if led_from is not None:
        yield led_from
    yield Medium(own)
    border = own if plain(directory.name) == DICOMDIR else given
    for above in [*own.absolute().parents][: MOST_COMPONENTS - 1]:
        yield Medium(above, border)


def check_inside(reference: Reference) -> None:
    """A reference goes down by names alone. Raises `MediumError` "outside_medium"."""
    if len(reference) > MOST_COMPONENTS or any(not _is_name(part) for part in reference):
        raise MediumError("outside_medium")


def _is_name(part: str) -> bool:
    return part not in ("", ".", "..") and "\0" not in part and ":" not in part


def plain(name: str) -> str:
    """A name as ISO 9660 has it, without version and final point."""
    return _VERSION.sub("", name.strip().lower()).removesuffix(".")


def _listed(folder: Path) -> Iterator[tuple[str, Path]]:
    """The files of a folder by their plain names and by their own, which count first where two are alike."""
    try:
        paths = sorted(folder.iterdir(), reverse=True)
    except OSError:
        return
    yield from ((plain(path.name), path) for path in paths)
    yield from ((path.name, path) for path in paths)
