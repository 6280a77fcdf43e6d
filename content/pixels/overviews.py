"""Small pictures that stand for a series: one of its middle image, and a strip of several."""

import io
from collections.abc import Callable, Iterable

from PIL import Image

from content.pixels.failures import CANNOT_RENDER, Unpictured
from content.pixels.image_file import ImageFile, Pieces
from content.pixels.picture import encoded, picture, within
from content.pixels.wanted import JPEG, USUAL_QUALITY

TILE = 128
"""Pixels of a strip's tile on each side."""
_STEPS = ((512, 80), (512, 60), (384, 60), (256, 60), (256, 40), (128, 40))
_TILE_QUALITIES = (75, 55, 35, 20)


def overview(image: ImageFile, number: int, pieces: Pieces | None, most_bytes: int) -> bytes:
    """A JPEG of at most `most_bytes`, as large and as good as fits. Raises `Unpictured`."""
    whole = picture(image, number, pieces, None, _STEPS[0][0])
    for side, quality in _STEPS:
        made = encoded(within(whole, side, side), JPEG, quality)
        if len(made) <= most_bytes:
            return made
    raise Unpictured(CANNOT_RENDER)


def strip(images: Iterable[Callable[[], Image.Image]], count: int, most_bytes: int) -> bytes:
    """A JPEG of `count` tiles from left to right, black where an image gives none. Raises `Unpictured`."""
    made = Image.new("RGB", (TILE * count, TILE))
    found = 0
    for place, one in enumerate(images):
        try:
            tile = within(one(), TILE, TILE)
        except MemoryError:
            raise
        except Exception:  # noqa: S112 - codecs raise what they like; the other tiles are worth showing
            continue
        made.paste(tile, (TILE * place + (TILE - tile.width) // 2, (TILE - tile.height) // 2))
        found += 1
    for quality in _TILE_QUALITIES if found else ():
        data = encoded(made, JPEG, quality)
        if len(data) <= most_bytes:
            return data
    raise Unpictured(CANNOT_RENDER)


def smaller(jpeg: bytes, width: int, height: int) -> bytes:
    """An overview in a box of fewer pixels, its aspect kept. Raises what Pillow raises."""
    with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as made:
        return encoded(within(made, width, height), JPEG, USUAL_QUALITY)
