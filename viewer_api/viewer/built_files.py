"""Files of the viewer page, as Vite built them from `frontend/`; a name changes with its content.

They say nothing of anybody. An installation without them works; its pages offer no viewer.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Self

FOLDER = Path(__file__).parent / "built"
_MANIFEST, _ENTRY = "manifest.json", "src/main.js"
MEDIA_TYPES = {
    "bcmap": "application/octet-stream",
    "css": "text/css",
    "icc": "application/vnd.iccprofile",
    "js": "text/javascript",
    "mjs": "text/javascript",
    "pfb": "application/octet-stream",
    "ttf": "font/ttf",
    "txt": "text/plain",
    "wasm": "application/wasm",
}
BASE = "/viewer"
FASTER = ".gz"
"""Ends the name of a copy that the build compressed (RFC 1952)."""


@dataclass(frozen=True, slots=True)
class BuiltViewer:
    """`script` and `styles` are the addresses that the page names; the script asks for the rest."""

    folder: Path
    script: str
    styles: tuple[str, ...]

    @classmethod
    def find(cls, folder: Path = FOLDER) -> Self | None:
        """What was built in `folder`; None where nothing was, or not to the end."""
        try:
            entry = json.loads((folder / _MANIFEST).read_text("utf-8"))[_ENTRY]
            styles = tuple(f"{BASE}/{name}" for name in entry.get("css", ()))
            return cls(folder, f"{BASE}/{entry['file']}", styles)
        except (OSError, ValueError, KeyError):
            return None

    def file(self, name: str) -> Path | None:
        """A file of a known kind; None for anything else, links out of the folder included."""
        root = self.folder.resolve()
        try:
            found = (root / name).resolve()
            is_ours = found.is_file() and found.is_relative_to(root)
        except (OSError, ValueError):  # a name that no file can have
            return None
        return found if is_ours and found.suffix[1:] in MEDIA_TYPES else None
