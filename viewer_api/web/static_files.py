"""Style sheet, mark and programs of the pages, under names that change with their content."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file whose name changes with its content, so that it may be kept for good."""

    name: str
    content: bytes = field(repr=False)
    media_type: str


def static_file(name: str, media_type: str) -> StaticFile:
    content = (HERE / "static" / name).read_bytes()
    stem, suffix = name.split(".")
    return StaticFile(f"{stem}.{hashlib.sha256(content).hexdigest()[:12]}.{suffix}", content, media_type)


def static_folder(folder: Path) -> dict[str, StaticFile]:
    """Modules that import each other by name: the folder's name changes with the content of all of them."""
    files = {path.name: path.read_bytes() for path in sorted(folder.glob("*.js"))}
    digest = hashlib.sha256(b"".join(hashlib.sha256(each).digest() for each in files.values()))
    at = f"{folder.name}.{digest.hexdigest()[:12]}"
    return {
        f"{at}/{name}": StaticFile(f"{at}/{name}", content, "text/javascript")
        for name, content in files.items()
    }


STYLE = f"/static/{static_file('coffre.css', 'text/css').name}"
ICON = f"/static/{static_file('coffre.svg', 'image/svg+xml').name}"
"""Addresses that pages of other rooms share."""
FRAMES = HERE / "frame"
"""The folder of the frame that they share, `frame.html`."""
