"""The bounds of one walk over a data set: elements that it may meet, bytes of metadata that it may keep."""

from content.limits import Limits
from content.verdicts import Rejected


class Budget:
    """Two bounds: beyond one an item's values are no longer kept, beyond the other the file is refused."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._elements = 0
        self._kept_bytes = 0

    def count(self) -> None:
        """One more element, item or delimiter. Raises `Rejected` "too_many_elements"."""
        self._elements += 1
        if self._elements > self._limits.elements:
            raise Rejected("too_many_elements")

    @property
    def is_spent(self) -> bool:
        """Whether values of items are left out from here on.

        Enhanced multi-frame objects describe each frame in an item of their own (PS3.3 section C.7.6.16), so
        that an honest file may have more than anybody looks up; its structure is checked to the end all the
        same.
        """
        limits = self._limits
        return self._elements > limits.kept_elements or self._kept_bytes > limits.kept_bytes

    def keep(self, length: int, beside: int) -> None:
        """One more value of `length` bytes in a data set that holds `beside` elements. Raises `Rejected`.

        The top level is never left out, since identifiers stand there: too much of it refuses the file.
        """
        self._kept_bytes += length
        if self._kept_bytes > self._limits.metadata_bytes:
            raise Rejected("metadata_too_large")
        if beside > self._limits.kept_elements:
            raise Rejected("too_many_elements")
