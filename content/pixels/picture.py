"""Decoded frames as pictures: gray or colour, cropped, flipped, scaled as asked for, as JPEG or PNG."""

import io
import math
from dataclasses import replace

from PIL import Image

from content.pixels.colour import from_palette, from_rgb
from content.pixels.decoding import decode
from content.pixels.failures import CANNOT_RENDER, OUTSIDE, Unpictured
from content.pixels.grayscale import levels
from content.pixels.image_file import LARGEST_FRAME, ImageFile, Pieces
from content.pixels.wanted import JPEG, LONGEST_SIDE, MOST_PIXELS, PNG, Rendering, Viewport, Window

Image.MAX_IMAGE_PIXELS = LARGEST_FRAME

_GRAY = ("MONOCHROME1", "MONOCHROME2")
_COLOUR = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_RCT", "YBR_ICT")
_PNG_EFFORT = 3


def picture(
    image: ImageFile, number: int, pieces: Pieces | None, window: Window | None, side: int | None = None
) -> Image.Image:
    """Frame `number`, counted from 1, in its own size. Raises `Unpictured`.

    `side`: pixels of the box that it will be made to fit into. Of a frame of more than twice as many, samples
    are left out at equal distances before they become levels.
    """
    decoded = decode(image, number, pieces, as_rgb=True)
    if side is not None:
        step = max(1, max(decoded.samples.shape[:2]) // (2 * side))
        decoded = replace(decoded, samples=decoded.samples[::step, ::step])
    found, photometric = image.dataset, decoded.photometric
    if photometric == "PALETTE COLOR":
        return Image.fromarray(from_palette(decoded.samples, found, little=image.encoding.little))
    if decoded.samples.ndim == 3 and photometric in _COLOUR:
        return Image.fromarray(from_rgb(decoded))
    if decoded.samples.ndim == 2 and photometric in _GRAY:
        return Image.fromarray(levels(decoded.samples, found, number, photometric, window))
    raise Unpictured(CANNOT_RENDER)


def rendered(image: ImageFile, number: int, pieces: Pieces | None, wanted: Rendering) -> bytes:
    """The encoded picture. Raises `Unpictured`."""
    made = fitted(picture(image, number, pieces, wanted.window), wanted.viewport)
    return encoded(made, wanted.media_type, wanted.quality)


def fitted(made: Image.Image, viewport: Viewport | None) -> Image.Image:
    """The region of the viewport, as large as fits into its box (PS3.18 §8.3.5.1.3)."""
    if viewport is None:
        return within(made, *made.size) if made.width * made.height > MOST_PIXELS else _short(made)
    box = _region(made, viewport)
    width, height = box[2] - box[0], box[3] - box[1]
    scale = min(viewport.width / width, viewport.height / height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    turned = made.resize(size, Image.Resampling.BICUBIC, box=box)
    if (viewport.region_width or 0) < 0:
        turned = turned.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if (viewport.region_height or 0) < 0:
        turned = turned.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    return turned


def within(made: Image.Image, width: int, height: int) -> Image.Image:
    """The whole picture, its aspect kept, no larger than the box, the bound on pixels, and it is."""
    scale = min(1.0, width / made.width, height / made.height, LONGEST_SIDE / max(made.size))
    scale = min(scale, math.sqrt(MOST_PIXELS / (made.width * made.height)))
    size = (max(1, int(made.width * scale)), max(1, int(made.height * scale)))
    return made if size == made.size else made.resize(size, Image.Resampling.BICUBIC)


def _short(made: Image.Image) -> Image.Image:
    return made if max(made.size) <= LONGEST_SIDE else within(made, LONGEST_SIDE, LONGEST_SIDE)


def _region(made: Image.Image, viewport: Viewport) -> tuple[float, float, float, float]:
    left, top = viewport.left or 0.0, viewport.top or 0.0
    width = made.width - left if viewport.region_width is None else abs(viewport.region_width)
    height = made.height - top if viewport.region_height is None else abs(viewport.region_height)
    right, bottom = min(left + width, made.width), min(top + height, made.height)
    if right - left <= 0 or bottom - top <= 0:
        raise Unpictured(OUTSIDE)
    return left, top, right, bottom


def encoded(made: Image.Image, media_type: str, quality: int) -> bytes:
    written = io.BytesIO()
    if media_type == JPEG:
        made.save(written, "JPEG", quality=quality)
    else:
        assert media_type == PNG
        made.save(written, "PNG", compress_level=_PNG_EFFORT)
    return written.getvalue()
