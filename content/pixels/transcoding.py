"""A whole instance in Explicit VR Little Endian: its elements as they are, its frames decoded one by one.

The attributes that describe the pixels follow them: Photometric Interpretation, Planar Configuration, and
Lossy Image Compression, which stays "01" for good (PS3.3 §C.7.6.1.1.5).
"""

from collections.abc import Callable, Iterator, Sequence

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


def transcoded(image: ImageFile, limits: Limits, each_frame: Callable[[], None]) -> Iterator[bytes]:
    """The file in pieces. `each_frame` is called before each is decoded. The first frame is decoded before
    the first piece leaves. Raises `Unpictured`; codecs raise what they like.
    """
    if image.pixels is None or image.is_native:
        yield _file_meta(image)
        yield from rewritten(_elements(image))
        yield from _native_pixels(image)
    else:
        yield from _decoded(image, each_frame)
    yield from _behind(image, limits)


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


def _native_pixels(image: ImageFile) -> Iterator[bytes]:
    if image.pixels is None:
        return
    tag, length = image.pixels.tag, image.pixels.length
    vr = {PIXEL_TAGS[1]: "OF", PIXEL_TAGS[2]: "OD"}.get(tag, image.pixels.vr or "OW")
    yield header(tag, vr, length)
    for piece in in_pieces(SliceSource(image.source, image.pixels.offset, length)):
        if image.encoding.little:
            yield piece
        else:
            yield in_other_order(piece, 2 if image.swaps_bytes else image.bits_allocated // 8)


def _decoded(image: ImageFile, each_frame: Callable[[], None]) -> Iterator[bytes]:
    assert image.pixels is not None
    table = image.table()
    if table is None or len(table) < image.frames:
        raise Unpictured(CANNOT_TRANSCODE)
    bits = image.bits_per_frame
    size = (bits * image.frames + 7) // 8
    size += size % 2
    if size > _LONGEST:
        raise Unpictured(CANNOT_TRANSCODE)
    first = native_frame(image, 1, table[0])
    yield _file_meta(image)
    yield from rewritten(_elements(image), _described_anew(image, first))
    yield header(image.pixels.tag, "OW" if image.bits_allocated > 8 else "OB", size)
    yield from _evened(_all_frames(image, table, first, each_frame), bits)


def _described_anew(image: ImageFile, first: NativeFrame) -> Overrides:
    anew: dict[int, tuple[str, bytes]] = {}
    if first.photometric is not None:
        anew[0x00280004] = ("CS", (first.photometric + " " * (len(first.photometric) % 2)).encode())
    if int(image.dataset.get("SamplesPerPixel") or 1) > 1:
        anew[0x00280006] = ("US", b"\0\0")
    if image.syntax in _LOSSY:
        anew[0x00282110] = ("CS", b"01")
    return anew


def _all_frames(
    image: ImageFile, table: Sequence[Pieces], first: NativeFrame, each_frame: Callable[[], None]
) -> Iterator[bytes]:
    yield first.data
    for number in range(2, image.frames + 1):
        each_frame()
        frame = native_frame(image, number, table[number - 1])
        if frame.photometric != first.photometric:
            raise Unpictured(DAMAGED)
        yield frame.data


def _evened(frames: Iterator[bytes], bits: int) -> Iterator[bytes]:
    """Frames without padding between them, be they of single bits, and one byte to an even length."""
    total, left = 0, np.zeros(0, np.uint8)
    for frame in frames:
        if len(frame) != (bits + 7) // 8:
            raise Unpictured(DAMAGED)
        data = frame
        if bits % 8:
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
