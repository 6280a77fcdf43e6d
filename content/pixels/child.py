"""The child that makes pictures: `python -m content.pixels.child <control fd> <limits as JSON> [faults]`.

A job names what is wanted and the images inside of the source. The answer is pieces, the media type first and
then bytes, and at last a result: `{}`, or `{"failed": code}`.
"""

import json
import socket
import sys
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import asdict
from functools import partial
from itertools import chain, islice
from typing import Any, NoReturn

from content.sandbox.left_out import UNNEEDED, leave_out

if __name__ == "__main__":
    leave_out(*UNNEEDED)

from PIL import Image

from content.byte_source import BlockReader, SliceSource, Source, in_pieces
from content.dicom.metadata.bulk_values import value_at
from content.limits import Limits
from content.pixels.decoding import load_decoders
from content.pixels.document import place_of_pdf
from content.pixels.failures import DAMAGED, NO_VALUE, TOO_LARGE, Unpictured
from content.pixels.image_file import DESCRIPTION, ImageFile, Pieces
from content.pixels.native_frames import native_frame
from content.pixels.overviews import TILE, overview, smaller, strip
from content.pixels.picture import picture, rendered
from content.pixels.transcoding import KnownFrames, Mark, Marked, transcoded
from content.pixels.wanted import DICOM, JPEG, PDF, SAMPLES, from_json
from content.sandbox.confined import fetch, limit_cpu, serve
from content.sandbox.faults import misbehave
from content.sandbox.wire import LARGEST_READ, META_LENGTH, Message, WireClosed, WireViolation, send
from content.verdicts import Rejected

Made = Generator[bytes, None, dict[str, Any] | None]
"""Media type and bytes; what it returns goes into the result."""
_MOST_CPU_SECONDS = 600
"""Of one job: what the largest multi-frame objects take that are known."""
_FEW, _LARGEST_PART = 8, 32 * 2**20
"""Where each part is read from the beginning they grow: to an eighth of what was sent, and these bytes."""
Maker = Callable[["Job"], Made]


class Job:
    """One job's images and options; each image is read when it is asked for, with CPU time of its own."""

    def __init__(self, source: Source, options: Mapping[str, Any], limits: Limits) -> None:
        self._source = source
        self._images: list[Mapping[str, Any]] = options["images"]
        self._limits = limits
        self.options = options
        self._started = time.process_time()

    def __len__(self) -> int:
        return len(self._images)

    def place(self, index: int) -> tuple[Source, int, Pieces | None]:
        """The instance's bytes, the number of the frame that is wanted, and where that one lies."""
        one = self._images[index]
        return SliceSource(self._source, one["offset"], one["size"]), one["frame"], one["pieces"]

    def image(self, index: int = 0) -> tuple[ImageFile, int, Pieces | None]:
        source, number, pieces = self.place(index)
        self.more_time()
        return ImageFile(source, self._limits, DESCRIPTION), number, pieces

    def known_frames(self) -> KnownFrames:
        """What the parent knows of where frames lie."""
        return KnownFrames(**self.options["frames"])

    def more_time(self) -> None:
        """The CPU time of one more frame. Raises `Unpictured` where the job has had its share."""
        if time.process_time() - self._started > _MOST_CPU_SECONDS:
            raise Unpictured(TOO_LARGE)
        limit_cpu(self._limits.cpu_seconds)

    @property
    def limits(self) -> Limits:
        return self._limits


def _rendered(job: Job) -> Made:
    image, number, pieces = job.image()
    if image.pixels is None:
        return (yield from _document(job, image))
    wanted = from_json(job.options["wanted"])
    made = rendered(image, number, pieces, wanted)
    yield wanted.media_type.encode()
    yield made
    return None


def _document(job: Job, image: ImageFile) -> Made:
    """The parent reads the PDF where it lies; of a deflated data set it gets the bytes."""
    offset, length = place_of_pdf(image, job.limits)
    if not image.is_deflated:
        return {"document": [offset, length]}
    yield PDF.encode()
    yield from in_pieces(SliceSource(image.source, offset, length))
    return None


def _overview(job: Job) -> Made:
    made = overview(*job.image(), job.options["most_bytes"])
    yield JPEG.encode()
    yield made
    return None


def _strip(job: Job) -> Made:
    def one(index: int) -> Image.Image:
        return picture(*job.image(index), None, TILE)

    made = strip((partial(one, index) for index in range(len(job))), len(job), job.options["most_bytes"])
    yield JPEG.encode()
    yield made
    return None


def _smaller(job: Job) -> Made:
    source, _, _ = job.place(0)
    made = smaller(source.read(0, source.size), *job.options["box"])
    yield JPEG.encode()
    yield made
    return None


def _native_frame(job: Job) -> Made:
    made = native_frame(*job.image()).data
    yield SAMPLES.encode()
    yield made
    return None


def _transcoded(job: Job) -> Made:
    source, _, _ = job.place(0)
    after = job.options["after"] and Mark(**job.options["after"])
    image, known = ImageFile(source, job.limits, DESCRIPTION), job.known_frames()
    made = transcoded(image, job.limits, job.more_time, after, known)
    first = [*islice(made, 1)]  # none where a part ended with the last bytes
    yield (SAMPLES if after else DICOM).encode()
    again = image.is_deflated or not (image.is_native or known.count)
    least = _grown(after.next if image.is_native else after.next * image.bits_per_frame // 8) if after else 0
    return (yield from _one_part(job, chain(first, made), least if again else 0))


def _value(job: Job) -> Made:
    source, _, _ = job.place(0)
    start = job.options["after"]["next"] if job.options["after"] else 0
    try:
        pieces = value_at(source, job.options["path"], job.limits, start)
    except LookupError:
        raise Unpictured(NO_VALUE) from None
    yield SAMPLES.encode()
    return (yield from _one_part(job, _marked(job, pieces, start), _grown(start)))


def _grown(sent: int) -> int:
    return min(sent // _FEW, _LARGEST_PART)


def _marked(job: Job, pieces: Iterator[bytes], at: int) -> Iterator[Marked]:
    for piece in pieces:
        job.more_time()
        at += len(piece)
        yield piece, Mark(at)


def _one_part(job: Job, made: Iterator[Marked], least: int) -> Made:
    """So much of it as is wanted at once, and where to go on; the last part does not say so."""
    left, end = max(job.options["part"], least), job.known_frames().end
    for piece, mark in made:
        yield piece
        left -= len(piece)
        if mark is not None and (left <= 0 or mark.next == end):
            return {"after": asdict(mark)}
    return None


_MAKERS: Mapping[str, Maker] = {
    "value": _value,
    "rendered": _rendered,
    "overview": _overview,
    "strip": _strip,
    "smaller": _smaller,
    "native_frame": _native_frame,
    "transcoded": _transcoded,
}


def main(arguments: list[str]) -> NoReturn:
    limits = Limits(**json.loads(arguments[1]))
    answer = partial(_answer, limits, "faults" in arguments[2:])
    serve(int(arguments[0]), limits, load_decoders, answer)


def _answer(limits: Limits, faults: bool, sock: socket.socket, payload: bytes) -> bool:
    (length,) = META_LENGTH.unpack_from(payload)
    meta = json.loads(payload[META_LENGTH.size : META_LENGTH.size + length])
    options, head = meta["options"], payload[META_LENGTH.size + length :]
    limit_cpu(limits.cpu_seconds)
    result: dict[str, Any] = {}
    try:
        if faults and options.get("fault"):
            misbehave(options["fault"], sock)
        source = BlockReader(partial(fetch, sock), meta["size"], head)
        result = _sent(sock, _MAKERS[meta["kind"]](Job(source, options, limits)))
    except (WireClosed, WireViolation):
        raise
    except Unpictured as error:
        result = {"failed": error.code}
    except MemoryError:
        result = {"failed": TOO_LARGE}
    except (Rejected, Exception):  # codecs and pydicom raise what they like
        result = {"failed": DAMAGED}
    send(sock, Message.RESULT, json.dumps(result).encode())
    return result.get("failed") != TOO_LARGE


def _sent(sock: socket.socket, made: Made) -> dict[str, Any]:
    """Sends the media type, then the bytes in pieces of a bounded size; answers what the maker returns."""
    waiting, media_type = bytearray(), b""
    while True:
        try:
            piece = next(made)
        except StopIteration as end:
            _send_pieces(sock, waiting)
            return end.value or {}
        if not media_type:
            media_type = piece
            send(sock, Message.PIECE, media_type)
            continue
        waiting += piece
        if len(waiting) >= LARGEST_READ:
            _send_pieces(sock, waiting)
            waiting.clear()


def _send_pieces(sock: socket.socket, data: bytearray) -> None:
    for start in range(0, len(data), LARGEST_READ):
        send(sock, Message.PIECE, bytes(data[start : start + LARGEST_READ]))


if __name__ == "__main__":
    main(sys.argv[1:])
