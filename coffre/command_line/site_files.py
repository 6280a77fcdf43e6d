"""The description of a site that a command takes: a file, or standard input."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from coffre.deploying.site import Site

SiteFile = Annotated[
    Path,
    typer.Argument(help="TOML, or what terraform output -json prints; - is standard input.", allow_dash=True),
]


def read_site(path: Path) -> "Site":
    """Raises `Invalid` "bad_site", OSError."""
    from coffre.deploying.site import read
    from records.errors import Invalid

    content = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    try:
        return read(content.decode())
    except UnicodeDecodeError:
        raise Invalid("It is no text in UTF-8: give TOML or JSON.", code="bad_site") from None
