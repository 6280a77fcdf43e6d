"""A whole instance in Explicit VR Little Endian: its elements as they are, its frames decoded one by one.

The attributes that describe the pixels follow them: Photometric Interpretation, Planar Configuration, and
Lossy Image Compression, which stays "01" for good (PS3.3 §C.7.6.1.1.5).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from pydicom.dataset import Dataset

from content.byte_source import SliceSource, in_pieces
from content.dicom.elements import PIXEL_TAGS, TRAILING_PADDING, UNDEFINED, Raw
from content.dicom.fragments import FragmentWalk
from content.dicom.registry import EXPLICIT
from content.limits import Limits
from content.pixels.decoding import in_other_order
from content.pixels.explicit_elements import Overrides, header, rewritten, written
from content.pixels.failures import CANNOT_TRANSCODE, DAMAGED, Unpictured
from content.pixels.image_file import ImageFile, Pieces, dataset_at
from content.pixels.native_frames import NativeFrame, native_frame

_SYNTAX, _GROUP_LENGTH, _VERSION = 0x00020010, 0x00020000, 0x00020001
_CLASS, _INSTANCE = 0x00020002, 0x00020003
_LOSSY = frozenset(f"1.2.840.10008.1.2.4.{number}" for number in (50, 51, 81, 91, 203))
_LONGEST = 0xFFFFFFFE


@dataclass(frozen=True, slots=True)
class Mark:
    """Where the file is taken up again: the frame that comes next, counted from 0, or of samples that need no
    decoding the byte. `photometric` is that of the first decoded frame.
    """

    next: int
    photometric: str | None = None


@dataclass(frozen=True, slots=True)
class KnownFrames:
    """Where the frames from `start` on lie, as far as `pieces` say; `count` is 0 where none is known."""

    start: int = 0
    count: int = 0
    pieces: Sequence[Pieces] = ()

    @property
    def end(self) -> int | None:
        """The first frame that nothing is said of; None where everything is said, or nothing."""
        end = self.start + len(self.pieces)
        return end if 0 < end < self.count else None


Marked = tuple[bytes, Mark | None]
"""A piece, and where to go on behind it; None where nobody can."""


def transcoded(
    image: ImageFile,
    limits: Limits,
    each_frame: Callable[[], None],
    after: Mark | None,
    known: KnownFrames,
) -> Iterator[Marked]:
    """The file in pieces, from its start or from a mark on. `each_frame` is called before each is decoded.

    Known frames are not looked for, and whoever reads stops where they end. The first frame is decoded before
    the first piece leaves. Raises `Unpictured`; codecs raise what they like.
    """
    if image.pixels is None or image.is_native:
        if after is None:
            yield _file_meta(image), None
            yield from ((piece, None) for piece in rewritten(_elements(image)))
        yield from _native_pixels(image, after)
    else:
        yield from _decoded(image, each_frame, after, known)
    yield from ((piece, None) for piece in _behind(image, limits))


def _elements(image: ImageFile) -> Dataset:
    """Those before the pixel data, as they are written; `image.dataset` has converted what it was asked."""
    return dataset_at(image.source, image.start, image.encoding)[0]


def _file_meta(image: ImageFile) -> bytes:
    """Preamble and file meta information (PS3.10 §7.1)."""
    meta = {tag: raw for tag, raw in image.head.meta.elements.items() if isinstance(raw, Raw)}
    elements = {tag: (raw.vr or "UN", raw.value) for tag, raw in meta.items()}
    elements.pop(_GROUP_LENGTH, None)
    elements.setdefault(_VERSION, ("OB", b"\0\1"))
    for tag, keyword in ((_CLASS, "SOPClassUID"), (_INSTANCE, "SOPInstanceUID")):
        elements.setdefault(tag, ("UI", str(image.dataset.get(keyword, "")).encode("ascii", "replace")))
    elements[_SYNTAX] = ("UI", EXPLICIT.encode())
    group = b"".join(written(tag, *elements[tag]) for tag in sorted(elements))
    return bytes(128) + b"DICM" + written(_GROUP_LENGTH, "UL", len(group).to_bytes(4, "little")) + group


def _native_pixels(image: ImageFile, after: Mark | None) -> Iterator[Marked]:
    if image.pixels is None:
        return
    tag, length = image.pixels.tag, image.pixels.length
    vr = {PIXEL_TAGS[1]: "OF", PIXEL_TAGS[2]: "OD"}.get(tag, image.pixels.vr or "OW")
    if after is None:
        yield header(tag, vr, length), None
    at = after.next if after else 0
    for piece in in_pieces(SliceSource(image.source, image.pixels.offset + at, length - at)):
        at += len(piece)
        if image.encoding.little:
            yield piece, Mark(at)
        else:
            yield in_other_order(piece, 2 if image.swaps_bytes else image.bits_allocated // 8), Mark(at)


def _decoded(
    image: ImageFile, each_frame: Callable[[], None], after: Mark | None, known: KnownFrames
) -> Iterator[Marked]:
    assert image.pixels is not None
    table = _table(image, known)
    bits = image.bits_per_frame
    size = (bits * image.frames + 7) // 8
    size += size % 2
    if size > _LONGEST:
        raise Unpictured(CANNOT_TRANSCODE)
    if after is not None:
        yield from _whole_frames(image, _following(image, table, each_frame, after))
        return
    first = native_frame(image, 1, table[0])
    yield _file_meta(image), None
    yield from ((piece, None) for piece in rewritten(_elements(image), _described_anew(image, first)))
    yield header(image.pixels.tag, "OW" if image.bits_allocated > 8 else "OB", size), None
    if bits % 8:
        frames = (frame for frame, _ in _all_frames(image, table, first, each_frame))
        yield from ((piece, None) for piece in _evened(frames, bits))
    else:
        yield from _whole_frames(image, _all_frames(image, table, first, each_frame))


def _table(image: ImageFile, known: KnownFrames) -> Mapping[int, Pieces]:
    """Where frames lie, by their number from 0."""
    if known.count and known.count >= image.frames:
        return dict(enumerate(known.pieces, known.start))
    table = image.table()
    if table is None or len(table) < image.frames:
        raise Unpictured(CANNOT_TRANSCODE)
    return dict(enumerate(table))


def _all_frames(
    image: ImageFile, table: Mapping[int, Pieces], first: NativeFrame, each_frame: Callable[[], None]
) -> Iterator[tuple[bytes, Mark]]:
    mark = Mark(1, first.photometric)
    yield first.data, mark
    yield from _following(image, table, each_frame, mark)


def _following(
    image: ImageFile, table: Mapping[int, Pieces], each_frame: Callable[[], None], after: Mark
) -> Iterator[tuple[bytes, Mark]]:
    for index in range(after.next, image.frames):
        each_frame()
        frame = native_frame(image, index + 1, table[index])
        if frame.photometric != after.photometric:
            raise Unpictured(DAMAGED)
        yield frame.data, Mark(index + 1, after.photometric)


def _whole_frames(image: ImageFile, frames: Iterator[tuple[bytes, Mark]]) -> Iterator[Marked]:
    """Frames of whole bytes, and one byte behind the last where together they have an odd length."""
    size = image.bits_per_frame // 8
    for data, mark in frames:
        if len(data) != size:
            raise Unpictured(DAMAGED)
        yield data, mark
    if size * image.frames % 2:
        yield b"\0", None


def _described_anew(image: ImageFile, first: NativeFrame) -> Overrides:
    anew: dict[int, tuple[str, bytes]] = {}
    if first.photometric is not None:
        anew[0x00280004] = ("CS", (first.photometric + " " * (len(first.photometric) % 2)).encode())
    if int(image.dataset.get("SamplesPerPixel") or 1) > 1:
        anew[0x00280006] = ("US", b"\0\0")
    if image.syntax in _LOSSY:
        anew[0x00282110] = ("CS", b"01")
    return anew


def _evened(frames: Iterator[bytes], bits: int) -> Iterator[bytes]:
    """Frames of single bits without padding between them, and one byte to an even length."""
    total, left = 0, np.zeros(0, np.uint8)
    for frame in frames:
        if len(frame) != (bits + 7) // 8:
            raise Unpictured(DAMAGED)
        cells = np.unpackbits(np.frombuffer(frame, np.uint8), bitorder="little")[:bits]
        cells = np.concatenate([left, cells])
        whole = len(cells) - len(cells) % 8
        data, left = np.packbits(cells[:whole], bitorder="little").tobytes(), cells[whole:]
        total += len(data)
        yield data
    if len(left):
        total += 1
        yield np.packbits(left, bitorder="little").tobytes()
    if total % 2:
        yield b"\0"


def _behind(image: ImageFile, limits: Limits) -> Iterator[bytes]:
    """The elements behind the pixel data, padding left out."""
    if image.pixels is None:
        return
    end = image.pixels.offset + image.pixels.length
    if image.pixels.length == UNDEFINED:
        walk = FragmentWalk(image.source, image.encoding, image.pixels.tag, image.source.size, limits)
        end = walk.run(image.pixels.offset).end
    found, _ = dataset_at(image.source, end, image.encoding)
    if TRAILING_PADDING in found:
        del found[TRAILING_PADDING]
    yield from rewritten(found)
