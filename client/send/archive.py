"""The members of a zip archive as candidates: looked at in place, never unpacked to disk, names never used.

Only the central directory is trusted to say where members lie, and only within bounds that a bomb exceeds:
its own size, the number of members, what they expand to, and members that share bytes.
"""

import io
import itertools
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from client.send.archived_medium import absent
from client.send.contents import CHUNK, member_pieces, open_regular
from client.send.plan import HEAD, Candidate, Kind, Member, Recognised, is_archive, recognise

LARGEST_DIRECTORY = 32 << 20
MOST_MEMBERS = 100_000
LARGEST_RATIO, ALWAYS_ADMITTED = 100, 1 << 30
"""An archive may expand to this many times its size, and to this many bytes whatever its size."""
_END, _LONGEST_END = b"PK\x05\x06", 22 + 0xFFFF  # APPNOTE 4.3.16
_END64, _LOCATOR64 = b"PK\x06\x06", b"PK\x06\x07"  # 4.3.14, 4.3.15
_END64_SIZE, _LOCATOR64_SIZE = 56, 20
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})  # those of PS3.12 annex V
_ENCRYPTED = 0x1 | 0x40
_OFFICE = frozenset({"[Content_Types].xml", "mimetype", "META-INF/MANIFEST.MF"})


class _Bomb(Exception):  # noqa: N818 - a kind of archive
    pass


def members(path: Path) -> Iterator[Candidate]:
    """Yields a candidate for each file of the archive, or one for the archive if it cannot be used."""
    try:
        with open_regular(path) as file:
            status = os.fstat(file.fileno())
            listed = _directory(file, status.st_size)
            if any(info.filename in _OFFICE for info in listed):
                yield Candidate(path, Kind.OTHER, status.st_size, trouble="not_taken")
                return
            files = [info for info in listed if not info.is_dir()]
            found = [_candidate(path, status.st_mtime_ns, info, file) for info in files]
            yield from found
            yield from absent(path, found, file)
            if not files:
                yield Candidate(path, Kind.OTHER, status.st_size, trouble="zip_empty")
    except _Bomb:
        yield Candidate(path, Kind.OTHER, 0, trouble="zip_too_large")
    except OSError:
        yield Candidate(path, Kind.OTHER, 0, trouble="unreadable")
    except (zipfile.BadZipFile, struct.error, ValueError, NotImplementedError, OverflowError):
        yield Candidate(path, Kind.OTHER, 0, trouble="zip_damaged")


def _directory(file: BinaryIO, size: int) -> list[zipfile.ZipInfo]:
    """The members listed, in their order in the file."""
    if _directory_size(file, size) > LARGEST_DIRECTORY:
        raise _Bomb
    with zipfile.ZipFile(file) as archive:
        listed = sorted(archive.infolist(), key=lambda info: info.header_offset)
    expanded = sum(info.file_size for info in listed)
    if len(listed) > MOST_MEMBERS or expanded > max(ALWAYS_ADMITTED, LARGEST_RATIO * size):
        raise _Bomb
    for one, following in itertools.pairwise(listed):
        if one.header_offset + one.compress_size > following.header_offset:
            raise _Bomb  # members that share bytes: the archive holds less than it lists
    return listed


def _directory_size(file: BinaryIO, size: int) -> int:
    """Bytes of the central directory as the end records say; it would be read whole."""
    before = _END64_SIZE + _LOCATOR64_SIZE
    file.seek(max(0, size - _LONGEST_END - before))
    tail = file.read(_LONGEST_END + before)
    at = tail.rfind(_END)
    if at < 0 or len(tail) < at + 22:
        raise zipfile.BadZipFile
    stated = int.from_bytes(tail[at + 12 : at + 16], "little")
    record = tail[max(0, at - before) : at]
    if record.startswith(_END64) and record[_END64_SIZE:].startswith(_LOCATOR64):
        return int.from_bytes(record[40:48], "little")  # the reader accepts it whatever the other says
    # 0xFFFFFFFF without the zip64 record before it: one that stands elsewhere is no larger than the file
    return stated if stated != 0xFFFFFFFF and not record[_END64_SIZE:].startswith(_LOCATOR64) else size


def _candidate(path: Path, modified: int, info: zipfile.ZipInfo, file: BinaryIO) -> Candidate:
    member = Member(info.filename, info.header_offset, info.compress_size, info.compress_type, info.CRC)
    found = _recognised(info, member, file)
    return Candidate(path, found.kind, info.file_size, found.study, found.trouble, modified, member)


def _recognised(info: zipfile.ZipInfo, member: Member, file: BinaryIO) -> Recognised:
    if info.flag_bits & _ENCRYPTED:
        return Recognised(Kind.OTHER, trouble="zip_encrypted")
    if info.compress_type not in _METHODS:
        return Recognised(Kind.OTHER, trouble="zip_method")
    start = io.BufferedReader(_Pieces(member_pieces(member, file)), CHUNK)
    try:
        head = start.read(HEAD)
        if is_archive(head):
            return Recognised(Kind.OTHER, trouble="zip_nested")
        return recognise(head, start)
    except (EOFError, zlib.error):
        return Recognised(Kind.OTHER, trouble="zip_damaged")


class _Pieces(io.RawIOBase):
    """Pieces read as a file."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        self._left = self._left or next(self._pieces, b"")
        taken = self._left[: len(buffer)]
        self._left = self._left[len(taken) :]
        buffer[: len(taken)] = taken
        return len(taken)
