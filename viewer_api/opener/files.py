"""The opener's modules as a browser imports them: read once, named by what they are."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent / "module"


@dataclass(frozen=True, slots=True)
class Module:
    """One ES module; `tag` is its entity tag (RFC 9110 section 8.8.3)."""

    content: bytes = field(repr=False)
    tag: str


class OpenerFiles:
    """All modules; `version` changes with any of them, since each imports others by their plain names."""

    def __init__(self, folder: Path = HERE) -> None:
        files = {path.name: path.read_bytes() for path in sorted(folder.glob("*.js"))}
        self.modules = {name: Module(content, f'"{_digest(content)}"') for name, content in files.items()}
        every = b"".join(
            name.encode() + b"\0" + hashlib.sha256(data).digest() for name, data in files.items()
        )
        self.version = _digest(every)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]
