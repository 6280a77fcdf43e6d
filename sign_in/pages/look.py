"""The look of these pages, which is that of all others."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from records.text.languages import Catalogue


@dataclass(frozen=True, slots=True)
class Look:
    """The frame of every page, addresses of style sheet and icon, headers, words."""

    frame: Path
    """Of a folder, whose `frame.html` all pages extend."""
    texts: Catalogue
    """Of that frame."""
    style: str
    icon: str
    headers: Mapping[str, str]
    script_headers: Mapping[str, str]
    """Of pages with a program of ours."""
    moment: Callable[[int, str], str]
    """An instant (ms) in words of a language."""
