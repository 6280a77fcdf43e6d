"""Compare the files that a DICOMDIR inside an archive lists with the names of the archive's members.

Every member is sent, listed or not; a DICOMDIR only tells which files are missing.
"""

import io
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from client.send.contents import member_pieces
from client.send.medium import (
    DICOMDIR,
    MOST_COMPONENTS,
    MediumError,
    check_inside,
    listed_in,
    plain,
)
from client.send.plan import Candidate, Kind, Member
from content.dicom.dicomdir_reader import LARGEST, Reference, split


def absent(path: Path, members: Sequence[Candidate], file: BinaryIO) -> Iterator[Candidate]:
    """Yields a candidate for each file that is listed and not in the archive, and for each damaged list."""
    directories = [one for one in members if one.trouble == "dicomdir" and one.member is not None]
    if not directories:
        return
    names = {_plain(split(one.member.name)) for one in members if one.member is not None}
    for one in directories:
        assert one.member is not None
        try:
            listed = listed_in(_read(one, one.member, file))
        except MediumError as error:
            yield Candidate(path, Kind.OTHER, one.size, trouble=error.code, member=one.member)
            continue
        yield from _missing(path, one.member, listed, names)


def _read(one: Candidate, member: Member, file: BinaryIO) -> BinaryIO:
    if one.size > LARGEST:
        raise MediumError("bad_dicomdir")
    content = io.BytesIO()
    try:
        for piece in member_pieces(member, file):
            content.write(piece)
            if content.tell() > one.size:
                raise EOFError
    except (EOFError, zlib.error):
        raise MediumError("bad_dicomdir") from None
    return content


def _missing(
    path: Path, directory: Member, listed: Sequence[Reference], names: set[Reference]
) -> Iterator[Candidate]:
    ways = [*_ways(directory, names)]
    way = next((one for one in ways if any(_led(each, one) in names for each in listed)), ways[0])
    for reference in listed:
        try:
            check_inside(reference)
        except MediumError as error:
            trouble = error.code
        else:
            trouble = "" if _led(reference, way) in names else "missing_file"
        if trouble:
            missed = Member("/".join([*split(directory.name)[:-1], *reference]), -1, 0, 0, 0)
            yield Candidate(path, Kind.OTHER, 0, trouble=trouble, member=missed)


Way = tuple[Reference, int]
"""The folder of the archive that references count from, and how many of their first names lie above it."""


def _ways(directory: Member, names: set[Reference]) -> Iterator[Way]:
    """Where references may count from, the likeliest first, as `medium.roots` has it."""
    *folder, name = _plain(split(directory.name))
    yield tuple(folder), 0
    for depth in reversed(range(len(folder))):
        if name != DICOMDIR or (*folder[:depth], DICOMDIR) in names:
            yield tuple(folder[:depth]), 0
    yield from (((), above) for above in range(1, MOST_COMPONENTS))


def _led(reference: Reference, way: Way) -> Reference:
    root, above = way
    return (*root, *_plain(reference[above:]))


def _plain(names: Iterable[str]) -> Reference:
    return tuple(map(plain, names))
