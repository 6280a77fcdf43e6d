"""The child that makes pictures: `python -m content.pixels.child <control fd> <limits as JSON> [faults]`.

A job names what is wanted and the images inside of the source. The answer is pieces, the media type first and
then bytes, and at last a result: `{}`, or `{"failed": code}`.
"""

import json
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, NoReturn

from PIL import Image

from content.byte_source import BlockReader, SliceSource, Source, in_pieces
from content.limits import Limits
from content.pixels.decoding import load_decoders
from content.pixels.document import pdf_of
from content.pixels.failures import DAMAGED, TOO_LARGE, Unpictured
from content.pixels.image_file import DESCRIPTION, ImageFile, Pieces
from content.pixels.native_frames import native_frame
from content.pixels.overviews import overview, strip
from content.pixels.picture import picture, rendered
from content.pixels.wanted import JPEG, PDF, from_json
from content.sandbox.confined import fetch, limit_cpu, serve
from content.sandbox.faults import misbehave
from content.sandbox.wire import LARGEST_READ, META_LENGTH, Message, WireClosed, WireViolation, send
from content.verdicts import Rejected

Made = Iterator[bytes]
Maker = Callable[["Job"], Made]


class Job:
    """One job's images and options; each image is read when it is asked for, with CPU time of its own."""

    def __init__(self, source: Source, options: Mapping[str, Any], limits: Limits) -> None:
        self._source = source
        self._images: list[Mapping[str, Any]] = options["images"]
        self._limits = limits
        self.options = options

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

    def more_time(self) -> None:
        limit_cpu(self._limits.cpu_seconds)

    @property
    def limits(self) -> Limits:
        return self._limits


def _rendered(job: Job) -> Made:
    image, number, pieces = job.image()
    if image.pixels is None:
        document = pdf_of(image, job.limits)
        yield PDF.encode()
        yield from in_pieces(document)
        return
    wanted = from_json(job.options["wanted"])
    made = rendered(image, number, pieces, wanted)
    yield wanted.media_type.encode()
    yield made


def _overview(job: Job) -> Made:
    made = overview(*job.image(), job.options["most_bytes"])
    yield JPEG.encode()
    yield made


def _strip(job: Job) -> Made:
    def one(index: int) -> Image.Image:
        return picture(*job.image(index), None)

    made = strip((partial(one, index) for index in range(len(job))), len(job), job.options["most_bytes"])
    yield JPEG.encode()
    yield made


def _native_frame(job: Job) -> Made:
    made = native_frame(*job.image()).data
    yield b"application/octet-stream"
    yield made


_MAKERS: Mapping[str, Maker] = {
    "rendered": _rendered,
    "overview": _overview,
    "strip": _strip,
    "native_frame": _native_frame,
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
    failed: str | None = None
    try:
        if faults and options.get("fault"):
            misbehave(options["fault"], sock)
        source = BlockReader(partial(fetch, sock), meta["size"], head)
        for piece in _MAKERS[meta["kind"]](Job(source, options, limits)):
            for start in range(0, len(piece), LARGEST_READ):
                send(sock, Message.PIECE, piece[start : start + LARGEST_READ])
    except (WireClosed, WireViolation):
        raise
    except Unpictured as error:
        failed = error.code
    except MemoryError:
        failed = TOO_LARGE
    except (Rejected, Exception):  # codecs and pydicom raise what they like
        failed = DAMAGED
    send(sock, Message.RESULT, json.dumps({} if failed is None else {"failed": failed}).encode())
    return failed != TOO_LARGE


if __name__ == "__main__":
    main(sys.argv[1:])
