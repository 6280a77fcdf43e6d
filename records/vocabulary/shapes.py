"""Sealed shapes that have followed an earlier one of the same name: since which version each is read, and
since which it is written. Those of a first version need no line.

During a rolling restart programs of two versions open each other's rows. So the version that first reads a
shape goes on writing the former one, and the next version writes it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

FIRST_ROLLING = "0.2.0"
"""Until then all processes stop for an upgrade, and who first reads a shape may write it at once."""


@dataclass(frozen=True, slots=True)
class Since:
    """`written` is None where no release writes it: not yet, or only development between two of them did."""

    read: str
    written: str | None


_TOGETHER = Since("0.2.0", "0.2.0")
SHAPES: Mapping[str, Since] = {
    "coffre-actor-v2": _TOGETHER,
    "coffre-card-v2": Since("0.2.0", None),
    "coffre-card-v3": _TOGETHER,
    "coffre-details-v2": _TOGETHER,
    "coffre-facts-v2": _TOGETHER,
    "coffre-grant-row-v2": _TOGETHER,
    "coffre-issuer-v2": _TOGETHER,
    "coffre-issuers-v2": _TOGETHER,
    "coffre-notice-v2": _TOGETHER,
    "coffre-own-v2": _TOGETHER,
    "coffre-own-v3": _TOGETHER,
    "coffre-segment-v2": _TOGETHER,
}
"""By label, as it stands in the associated data or the name of a key."""
