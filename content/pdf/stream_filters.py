"""The expanded size of a PDF stream, found piece by piece: memory stays small whatever the stream claims.

Filters of ISO 32000-2 §7.4. Each decoder maps pieces to pieces and stops at damage, as viewers do.
"""

import base64
import re
import zlib
from collections.abc import Callable, Iterable, Iterator

_PIECE = 65_536
_NOT_HEX = re.compile(rb"[^0-9A-Fa-f]")
_BLANK = re.compile(rb"[\0\t\n\f\r ]")
_LZW_CLEAR, _LZW_END, _LZW_MOST = 256, 257, 4096

Pieces = Iterable[bytes]
Decoder = Callable[[Pieces], Iterator[bytes]]


def flate(pieces: Pieces) -> Iterator[bytes]:
    """§7.4.4"""
    inflater = zlib.decompressobj()
    try:
        for piece in pieces:
            while piece and not inflater.eof:
                yield inflater.decompress(piece, _PIECE)
                piece = inflater.unconsumed_tail  # noqa: PLW2901 - the rest of the same piece
            if inflater.eof:
                return
        yield inflater.flush()
    except zlib.error:
        return


def ascii_hex(pieces: Pieces) -> Iterator[bytes]:
    """§7.4.2"""
    text = b"".join(pieces).split(b">")[0]
    digits = _NOT_HEX.sub(b"", text)
    yield bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode("ascii"))


def ascii_85(pieces: Pieces) -> Iterator[bytes]:
    """§7.4.3"""
    text = _BLANK.sub(b"", b"".join(pieces)).split(b"~")[0].removeprefix(b"<~")
    try:
        yield base64.a85decode(text)
    except ValueError:
        return


def run_length(pieces: Pieces) -> Iterator[bytes]:
    """§7.4.5"""
    data = b"".join(pieces)
    out: list[bytes] = []
    place = size = 0
    while place < len(data) and data[place] != 128:
        length = data[place]
        if length < 128:
            run = data[place + 1 : place + 2 + length]
            place += 2 + length
        else:
            run = data[place + 1 : place + 2] * (257 - length)
            place += 2
        out.append(run)
        size += len(run)
        if size > _PIECE:
            yield b"".join(out)
            out, size = [], 0
    yield b"".join(out)


def lzw(pieces: Pieces) -> Iterator[bytes]:
    """§7.4.4.2, with the early change that all writers use."""
    table = [bytes((value,)) for value in range(256)] + [b"", b""]
    entries, previous, width, bits, held = list(table), b"", 9, 0, 0
    out: list[bytes] = []
    size = 0
    for piece in pieces:
        for byte in piece:
            held, bits = (held << 8 | byte) & 0xFFFFFF, bits + 8
            if bits < width:
                continue
            bits -= width
            code = held >> bits & (1 << width) - 1
            if code == _LZW_CLEAR:
                entries, previous, width = list(table), b"", 9
                continue
            if code == _LZW_END or code > len(entries):
                yield b"".join(out)
                return
            entry = entries[code] if code < len(entries) else previous + previous[:1]
            if previous and len(entries) < _LZW_MOST:
                entries.append(previous + entry[:1])
                width = min(12, (len(entries) + 1).bit_length())
            previous = entry
            out.append(entry)
            size += len(entry)
            if size > _PIECE:
                yield b"".join(out)
                out, size = [], 0
    yield b"".join(out)


# by name and abbreviation
DECODERS: dict[str, Decoder] = {
    "/FlateDecode": flate,
    "/Fl": flate,
    "/LZWDecode": lzw,
    "/LZW": lzw,
    "/RunLengthDecode": run_length,
    "/RL": run_length,
    "/ASCIIHexDecode": ascii_hex,
    "/AHx": ascii_hex,
    "/ASCII85Decode": ascii_85,
    "/A85": ascii_85,
}
