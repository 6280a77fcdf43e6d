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

    return read(sys.stdin.read() if str(path) == "-" else path.read_text("utf-8"))
