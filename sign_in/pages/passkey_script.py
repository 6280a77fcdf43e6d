"""Programs of the pages with passkeys: modules under a name that changes with the content of all of them."""

import hashlib
from pathlib import Path

_FILES = sorted((Path(__file__).parent / "static").glob("*.js"))
_DIGEST = hashlib.sha256(b"".join(hashlib.sha256(file.read_bytes()).digest() for file in _FILES)).hexdigest()[
    :12
]
CONTENT = {f"{_DIGEST}/{file.name}": file.read_bytes() for file in _FILES}


def address(name: str) -> str:
    """Of a module, as pages name it."""
    return f"/sign-in/static/{_DIGEST}/{name}"
