"""References of series metadata to bulk data: places in a stored instance (PS3.18 section F.2.2).

A reference is relative to the instance: `?offset=…&length=…` in bytes from its start, or
`?inflated&offset=…&length=…` from the start of the data set that a deflated instance inflates to. Of
encapsulated pixel data it names all fragments, item headers included.
"""

import re
from dataclasses import dataclass

REFERENCED_VRS = frozenset(
    (
        *("DS", "FL", "FD", "IS", "LT", "OB", "OD", "OF", "OL", "OV", "OW", "SL", "SS", "ST", "SV"),
        *("UC", "UL", "UN", "US", "UT", "UV"),
    )
)
"""What may be bulk data (PS3.18 section F.2.2, BulkDataURI)."""
_FORM = re.compile(r"\?(inflated&)?offset=(0|[1-9][0-9]{0,17})&length=([1-9][0-9]{0,17})")


@dataclass(frozen=True, slots=True)
class Reference:
    """The place of a value, in bytes."""

    offset: int
    length: int
    inflated: bool


def reference(offset: int, length: int, *, inflated: bool) -> str:
    """The text of a reference."""
    return f"?{'inflated&' if inflated else ''}offset={offset}&length={length}"


def read_reference(text: object) -> Reference | None:
    """What a reference names; None where it is none."""
    found = _FORM.fullmatch(text) if isinstance(text, str) else None
    return None if found is None else Reference(int(found[2]), int(found[3]), found[1] is not None)
