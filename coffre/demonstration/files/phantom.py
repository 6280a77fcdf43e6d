"""A chest for the scanner: ellipses of air, lung, muscle and bone, other in each slice, and noise."""

import numpy as np
from numpy.typing import NDArray

INTERCEPT = -1024
SLOPE = 0.0625
"""Hounsfield units per stored step: a sixteenth, so that noise reaches both bytes of a pixel."""
_NOISE = 28.0  # standard deviation in HU, as in a low-dose acquisition
_AIR, _LUNG, _MUSCLE, _HEART, _BONE, _MARROW, _TABLE = -1000, -830, 45, 60, 900, 250, -150

Image = NDArray[np.float32]


class Phantom:
    """Slices of 16-bit pixels, the same for the same size, count and seed."""

    def __init__(self, size: int, slices: int, seed: int) -> None:
        axis = np.linspace(-1, 1, size, dtype=np.float32)
        self._x, self._y = axis[np.newaxis, :], axis[:, np.newaxis]
        self._slices = slices
        self._seed = seed

    def slice(self, index: int) -> NDArray[np.uint16]:
        """Returns the stored pixels of one slice, shape (size, size), little-endian unsigned."""
        along = index / max(1, self._slices - 1)  # 0 at the apex, 1 at the diaphragm
        image = self._anatomy(along)
        noise = np.random.default_rng([self._seed, index]).standard_normal(image.shape, dtype=np.float32)
        stored = np.rint((image + _NOISE * noise - INTERCEPT) / SLOPE)
        return np.clip(stored, 0, 65535).astype("<u2")

    def _anatomy(self, along: float) -> Image:
        image = np.full((self._y.size, self._x.size), _AIR, dtype=np.float32)
        image[(np.abs(self._y - 0.78) < 0.03) & (np.abs(self._x) < 0.7)] = _TABLE
        girth = 0.80 + 0.08 * along
        self._fill(image, 0, 0.05, girth, 0.62, _MUSCLE)
        self._lungs(image, along)
        self._fill(image, 0.10, 0.0, 0.16 + 0.12 * along, 0.14 + 0.10 * along, _HEART)
        self._ribs(image, along, girth)
        self._fill(image, 0, 0.46, 0.11, 0.10, _BONE)
        self._fill(image, 0, 0.46, 0.08, 0.07, _MARROW)
        self._fill(image, 0.02 * np.sin(9 * along), -0.48, 0.09, 0.03, _BONE)
        return image

    def _lungs(self, image: Image, along: float) -> None:
        breadth = 0.30 * (1 - 0.5 * (2 * along - 0.9) ** 2)
        for side in (-1, 1):
            self._fill(image, side * 0.40, 0.04, breadth, 0.46 - 0.10 * along, _LUNG)
            for branch in range(5):  # vessels
                turn = 1.3 * branch + 5 * along
                self._fill(
                    image, side * (0.38 + 0.13 * np.cos(turn)), 0.2 * np.sin(turn), 0.018, 0.018, _HEART
                )

    def _ribs(self, image: Image, along: float, girth: float) -> None:
        for rib in range(14):
            turn = 2 * np.pi * (rib + 0.5 + 3 * along) / 14
            self._fill(image, (girth - 0.1) * np.cos(turn), 0.05 + 0.54 * np.sin(turn), 0.05, 0.025, _BONE)

    def _fill(
        self, image: Image, x: float, y: float, half_width: float, half_height: float, hounsfield: float
    ) -> None:
        inside = ((self._x - x) / half_width) ** 2 + ((self._y - y) / half_height) ** 2 <= 1
        image[inside] = hounsfield
