"""Read a candidate in pieces, from disk or out of an archive; a file that changes meanwhile is refused."""

import hashlib
import os
import stat
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from client.send.plan import Candidate, Member
from client.send.verdicts import TROUBLES
from records.errors import CoffreError

CHUNK = 1 << 18
_LOCAL_HEADER, _LOCAL_SIGNATURE = 30, b"PK\x03\x04"  # APPNOTE 4.3.7
_STORED = 0


class FileTrouble(CoffreError):  # noqa: N818 - a kind of verdict
    """One file of a request cannot be sent; the others can."""

    def __init__(self, candidate: Candidate, code: str) -> None:
        super().__init__(TROUBLES[code][1], code=code)
        self.candidate = candidate


def open_regular(path: str | os.PathLike[str]) -> BinaryIO:
    """Opens a regular file, without waiting for the other end of a pipe. Raises `OSError`."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError("not a regular file")
    return os.fdopen(descriptor, "rb")


def content(candidate: Candidate) -> Iterator[bytes]:
    """Yields a candidate's `size` bytes. Raises `FileTrouble`, at the latest before it ends."""
    left = candidate.size
    try:
        with open_regular(candidate.path) as file:
            _check_unchanged(candidate, file)
            for piece in _pieces(candidate, file):
                left -= len(piece)
                if left < 0:
                    break
                yield piece
            _check_unchanged(candidate, file)
    except OSError:
        raise FileTrouble(candidate, "unreadable") from None
    if left:
        raise FileTrouble(candidate, "zip_damaged" if candidate.member else "file_changed")


def digest(candidate: Candidate) -> bytes:
    """The SHA-256 of a candidate's bytes. Raises `FileTrouble`."""
    found = hashlib.sha256()
    for piece in content(candidate):
        found.update(piece)
    return found.digest()


def _check_unchanged(candidate: Candidate, file: BinaryIO) -> None:
    if candidate.modified and os.fstat(file.fileno()).st_mtime_ns != candidate.modified:
        raise FileTrouble(candidate, "file_changed")


def _pieces(candidate: Candidate, file: BinaryIO) -> Iterator[bytes]:
    if candidate.member is None:
        while piece := file.read(CHUNK):
            yield piece
        return
    try:
        yield from member_pieces(candidate.member, file)
    except (EOFError, zlib.error):
        raise FileTrouble(candidate, "zip_damaged") from None


def member_pieces(member: Member, file: BinaryIO) -> Iterator[bytes]:
    """Yields a member unpacked, at most `CHUNK` bytes at a time, however much it expands.

    Raises `EOFError` or `zlib.error` if the archive is damaged or the checksum is another.
    """
    file.seek(member.offset)
    header = file.read(_LOCAL_HEADER)
    if len(header) < _LOCAL_HEADER or not header.startswith(_LOCAL_SIGNATURE):
        raise EOFError
    name, extra = (int.from_bytes(header[at : at + 2], "little") for at in (26, 28))
    file.seek(name + extra, os.SEEK_CUR)
    packed = _packed(file, member.packed)
    checksum = 0
    for piece in packed if member.method == _STORED else _inflated(packed):
        checksum = zlib.crc32(piece, checksum)
        yield piece
    if checksum != member.checksum:
        raise EOFError


def _packed(file: BinaryIO, left: int) -> Iterator[bytes]:
    while left:
        piece = file.read(min(CHUNK, left))
        if not piece:
            raise EOFError
        left -= len(piece)
        yield piece


def _inflated(packed: Iterator[bytes]) -> Iterator[bytes]:
    engine = zlib.decompressobj(-zlib.MAX_WBITS)
    while not engine.eof:
        data = engine.unconsumed_tail or next(packed, b"")
        piece = engine.decompress(data, CHUNK)
        if piece:
            yield piece
        elif not data:
            raise EOFError
