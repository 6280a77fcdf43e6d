"""Packages that parsers load where they find them and that no file needs: less to attack, less to load."""

import sys

UNNEEDED = ("requests", "fontTools")
"""pydicom's download of examples and pypdf's embedding of fonts: a quarter of what a zygote's start costs."""
DECODING = ("numpy", "PIL")
"""Native code that reading structure does not need, and decoding frames does."""


def leave_out(*names: str) -> None:
    """An import of these fails from here on, as if they were not installed. Before any parser is imported."""
    for name in names:
        sys.modules[name] = None  # type: ignore[assignment]
