"""Every file below the paths given, as a candidate: folders walked, DICOMDIRs followed, archives looked into.

Whatever cannot be sent is a candidate with its trouble, never an exception: nothing goes unsaid.
"""

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from coffre.sending.archive import members
from coffre.sending.contents import open_regular
from coffre.sending.medium import Medium, MediumError, references
from coffre.sending.plan import HEAD, Candidate, Kind, is_archive, recognise
from records.errors import Invalid

Found = Callable[[int], None]
"""Called with the number of candidates found so far."""


def candidates(paths: Iterable[Path], found: Found = lambda _: None) -> list[Candidate]:
    """Returns every file of these paths, each once, in a stable order.

    A DICOMDIR adds the files that it lists, an archive those that it holds. Raises `Invalid` "no_such_path".
    """
    seen: dict[tuple[Path, int], Candidate] = {}
    for path in paths:
        for candidate in _below(path):
            key = (candidate.path, candidate.member.offset if candidate.member else -1)
            # a folder may have shown a file before the DICOMDIR that lists it too
            seen.setdefault(key, candidate)
            found(len(seen))
    return list(seen.values())


def examine(path: Path) -> Candidate:
    """Looks into one file, but into no archive."""
    try:
        with open_regular(path) as file:
            status = os.fstat(file.fileno())
            head = file.read(HEAD)
            found = recognise(head, file)
    except OSError:
        return Candidate(path, Kind.OTHER, 0, trouble="unreadable")
    return Candidate(path, found.kind, status.st_size, found.study, found.trouble, status.st_mtime_ns)


def _below(path: Path) -> Iterator[Candidate]:
    try:
        mode = path.stat().st_mode  # a link that is named on purpose is followed
    except (FileNotFoundError, NotADirectoryError, ValueError):
        raise Invalid("A path to send does not exist.", code="no_such_path") from None
    except OSError:
        yield Candidate(path, Kind.OTHER, 0, trouble="unreadable")
        return
    if stat.S_ISDIR(mode):
        yield from _walked(path)
    else:
        yield from _opened(path, mode)


def _walked(path: Path) -> Iterator[Candidate]:
    closed: list[OSError] = []
    for folder, folders, names in os.walk(path, onerror=closed.append):
        folders.sort()
        links = [name for name in folders if Path(folder, name).is_symlink()]
        for name in sorted([*names, *links]):
            yield from _inside(Path(folder, name))
    for error in closed:
        yield Candidate(Path(error.filename or path), Kind.OTHER, 0, trouble="unreadable")


def _inside(path: Path) -> Iterator[Candidate]:
    try:
        mode = path.lstat().st_mode
    except OSError:
        yield Candidate(path, Kind.OTHER, 0, trouble="unreadable")
        return
    yield from _opened(path, mode)


def _opened(path: Path, mode: int) -> Iterator[Candidate]:
    if stat.S_ISLNK(mode):
        yield Candidate(path, Kind.OTHER, 0, trouble="symbolic_link")
    elif not stat.S_ISREG(mode):
        yield Candidate(path, Kind.OTHER, 0, trouble="not_regular")
    elif _holds_members(path):
        yield from members(path)
    else:
        candidate = examine(path)
        yield from _listed(candidate) if candidate.trouble == "dicomdir" else [candidate]


def _holds_members(path: Path) -> bool:
    try:
        with open_regular(path) as file:
            return is_archive(file.read(HEAD))
    except OSError:
        return False  # examining it says so


def _listed(dicomdir: Candidate) -> Iterator[Candidate]:
    """A DICOMDIR with what it lists."""
    try:
        listed = references(dicomdir.path)
    except MediumError as error:
        yield Candidate(dicomdir.path, Kind.OTHER, dicomdir.size, trouble=error.code)
        return
    yield dicomdir
    medium = Medium(dicomdir.path.parent)
    for reference in listed:
        try:
            place = medium.find(reference)
        except MediumError as error:
            yield Candidate(dicomdir.path.parent.joinpath(*reference), Kind.OTHER, 0, trouble=error.code)
        else:
            yield examine(place)
