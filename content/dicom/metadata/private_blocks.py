"""Find the block of private elements that the Native DICOM Model gives a creator alone (PS3.19 §A.1.5)."""

from collections.abc import Iterable
from typing import Any

_FIRST, _LAST = 0x10, 0xFF  # PS3.5 section 7.8.1


class PrivateBlocks:
    """The blocks of one data set. `named` are the tags of all other elements with their first value.

    `creators` are the elements that reserve a block and that the data set has not itself.
    """

    def __init__(self, named: Iterable[tuple[str, str]]) -> None:
        reserved = {tag.upper(): value.strip() for tag, value in named if tag[4:6] == "00"}
        self._taken = set(reserved)
        self._blocks = {(tag[:4], creator): tag[6:] for tag, creator in reserved.items()}
        self.creators: dict[str, dict[str, Any]] = {}

    def tag(self, tag: str, creator: str | None) -> str:
        """The tag as it is encoded. Raises `ValueError` where a group has no block left."""
        tag = tag.upper()
        if creator is None or tag[4:6] != "00":
            return tag
        group, creator = tag[:4], creator.strip()
        if (group, creator) not in self._blocks:
            self._blocks[group, creator] = self._reserve(group, creator)
        return group + self._blocks[group, creator] + tag[6:]

    def _reserve(self, group: str, creator: str) -> str:
        for number in range(_FIRST, _LAST + 1):
            block = f"{number:02X}"
            if f"{group}00{block}" not in self._taken:
                self._taken.add(f"{group}00{block}")
                self.creators[f"{group}00{block}"] = {"vr": "LO", "Value": [creator]}
                return block
        raise ValueError
