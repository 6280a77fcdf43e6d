"""The makers of small pictures without their sandbox: these tests are about what comes after the picture."""

from collections.abc import Callable, Sequence
from functools import partial

from PIL import Image

from content.byte_source import BytesSource
from content.limits import DEFAULT_LIMITS
from content.pixels.image_file import DESCRIPTION, ImageFile, Pieces
from content.pixels.overviews import TILE, overview, strip
from content.pixels.picture import picture
from ingestion.worker.renditions import Images, Pictured

Spent = Callable[[float], None]


class PicturesHere:
    """Decodes in this process, and reckons that it costs nothing: a strip has as many frames as it may."""

    def overview(self, source: Pictured, frame: int, most_bytes: int, spent: Spent) -> bytes:
        return overview(*_image(source, frame), most_bytes)

    def strip(self, images: Images, most_bytes: int, spent: Spent) -> bytes:
        return strip(_tiles(images), len(images), most_bytes)


def _tiles(images: Images) -> Sequence[Callable[[], Image.Image]]:
    return [partial(_tile, source, frame) for source, frame in images]


def _tile(source: Pictured, frame: int) -> Image.Image:
    return picture(*_image(source, frame), None, TILE)


def _image(source: Pictured, frame: int) -> tuple[ImageFile, int, Pieces | None]:
    file = ImageFile(BytesSource(source.read(0, source.size)), DEFAULT_LIMITS, DESCRIPTION)
    return file, frame, source.frames[frame - 1] if source.frames else None
