"""PDF written object by object, valid and otherwise."""

import struct
import zlib

CATALOG, PAGES, PAGE = 1, 2, 3


def stream(content: bytes, entries: bytes = b"", *, packed: bool = True) -> bytes:
    """A stream object's body."""
    data = zlib.compress(content, 9) if packed else content
    flate = b"/Filter/FlateDecode" if packed else b""
    return b"<<%b%b/Length %d>>stream\n%b\nendstream" % (entries, flate, len(data), data)


def pdf(
    *objects: bytes,
    catalog: bytes = b"",
    page: bytes = b"",
    hidden: tuple[bytes, ...] = (),
    after: bytes = b"",
) -> bytes:
    """One page; `objects` get the numbers from 4 on, `hidden` ones follow in an object stream."""
    bodies = [
        b"<</Type/Catalog/Pages 2 0 R%b>>" % catalog,
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]%b>>" % page,
        *objects,
    ]
    if hidden:
        bodies.append(_object_stream(len(bodies) + 2, hidden))
    data, offsets = b"%PDF-1.7\n", []
    for number, body in enumerate(bodies, 1):
        offsets.append(len(data))
        data += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    return data + _cross_references(offsets, len(hidden), len(data)) + b"%%EOF\n" + after


def _object_stream(first: int, hidden: tuple[bytes, ...]) -> bytes:
    places, content = b"", b""
    for index, body in enumerate(hidden):
        places += b"%d %d " % (first + index, len(content))
        content += body + b" "
    return stream(places + content, b"/Type/ObjStm/N %d/First %d" % (len(hidden), len(places)))


def _cross_references(offsets: list[int], hidden: int, start: int) -> bytes:
    """A cross-reference stream (ISO 32000-1 §7.5.8)."""
    rows = [struct.pack(">BIH", 0, 0, 65535), *(struct.pack(">BIH", 1, offset, 0) for offset in offsets)]
    rows += [struct.pack(">BIH", 2, len(offsets), index) for index in range(hidden)]
    number = len(rows)
    rows.append(struct.pack(">BIH", 1, start, 0))
    entries = b"/Type/XRef/W[1 4 2]/Size %d/Root 1 0 R" % len(rows)
    body = stream(b"".join(rows), entries)
    return b"%d 0 obj\n%b\nendobj\nstartxref\n%d\n" % (number, body, start)
