"""Find every file below the given paths: walk folders, follow DICOMDIRs, look into archives.

Each file becomes a candidate. A file that cannot be sent is a candidate with its trouble, never an exception.
"""

import os
import stat
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from pathlib import Path

from client.send.archive import members
from client.send.contents import open_regular
from client.send.medium import DICOMDIR, Medium, MediumError, plain, references, roots
from client.send.plan import HEAD, Candidate, Kind, is_archive, recognise
from content.dicom.dicomdir_reader import Reference
from records.errors import Invalid

Found = Callable[[int], None]
"""Called with the number of candidates found so far."""


_OF_A_REFERENCE = frozenset({"missing_file", "outside_medium"})


def candidates(paths: Iterable[Path], found: Found = lambda _: None) -> list[Candidate]:
    """Returns every file of these paths, each once, in a stable order.

    A DICOMDIR adds the files that it lists, an archive those that it holds. Raises `Invalid` "no_such_path".
    """
    seen = _Seen(found)
    directories = [
        (one, path if path.is_dir() else path.parent)
        for path in paths
        for one in _below(path)
        if seen.add(one) and one.trouble == "dicomdir" and one.member is None
    ]
    for one in _followed(directories):
        seen.add(one)
    return list(seen.found.values())


class _Seen:
    """What was found so far, each file once, however it is spelled and whatever lists it."""

    def __init__(self, told: Found) -> None:
        self.found: dict[tuple[str, str], Candidate] = {}
        self._told = told

    def add(self, one: Candidate) -> bool:
        """Whether it is new."""
        # a reference that leads nowhere is no file, whatever has its name
        if one.trouble in _OF_A_REFERENCE:
            key = (f"{one.path}\0", one.member.name if one.member else "")
        else:
            key = (_place(one.path), str(one.member.offset) if one.member else "")
        new = key not in self.found
        if new or one.trouble == "bad_dicomdir":  # what it is was known before it was read
            self.found[key] = one
        self._told(len(self.found))
        return new


def _place(path: Path) -> str:
    return f"{_real(str(path.parent.absolute()))}{os.sep}{path.name}"


@lru_cache(maxsize=1024)
def _real(folder: str) -> str:
    return os.path.realpath(folder)


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
        raise Invalid(f"{path} does not exist: name a file or folder.", code="no_such_path") from None
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
        yield examine(path)


def _holds_members(path: Path) -> bool:
    try:
        with open_regular(path) as file:
            return is_archive(file.read(HEAD))
    except OSError:
        return False  # examining it says so


def _followed(directories: Iterable[tuple[Candidate, Path]]) -> Iterator[Candidate]:
    """Yields what directory files list, and what those list to which they lead; each is followed once.

    DICOMDIRs first and from above: what one leads to counts from its root. With each comes what was given.
    """
    ranked = sorted(directories, key=lambda each: _rank(each[0].path))
    waiting: deque[tuple[Path, Path, Medium | None]] = deque((one.path, given, None) for one, given in ranked)
    followed: set[str] = set()
    while waiting:
        directory, given, led_from = waiting.popleft()
        if _place(directory) in followed:
            continue
        followed.add(_place(directory))
        for medium, one in _listed(directory, given, led_from):
            yield one
            if one.trouble == "dicomdir":
                waiting.appendleft((one.path, given, medium))


def _rank(directory: Path) -> tuple[bool, int, str]:
    return plain(directory.name) != DICOMDIR, len(directory.absolute().parts), str(directory)


def _listed(directory: Path, given: Path, led_from: Medium | None) -> Iterator[tuple[Medium, Candidate]]:
    """Everything that one directory file lists, with the medium that it counts from."""
    own = Medium(directory.parent)
    try:
        listed = references(directory)
    except MediumError as error:
        yield own, Candidate(directory, Kind.OTHER, 0, trouble=error.code)
        return
    possible = roots(directory, given, led_from)
    medium = next((one for one in possible if one.holds_any(listed)), led_from or own)
    for reference in listed:
        yield medium, _referenced(medium, reference)


def _referenced(medium: Medium, reference: Reference) -> Candidate:
    try:
        return examine(medium.find(reference))
    except MediumError as error:
        return Candidate(medium.shown(reference), Kind.OTHER, 0, trouble=error.code)
