"""Data directories of the demo, copied from one that each process of the tests initialises once.

They have the same keys and the same name: where two have to differ, both are initialised.
"""

import shutil
import tempfile
from functools import cache
from pathlib import Path

from coffre.installation.install import initialise
from coffre.settings import load


@cache
def _made() -> "tempfile.TemporaryDirectory[str]":
    folder = tempfile.TemporaryDirectory(prefix="coffre-installed-")
    initialise(load(data=Path(folder.name) / "data"))
    return folder


def installed(data: Path) -> None:
    """What `coffre init` makes, in a tenth of the time."""
    shutil.copytree(Path(_made().name) / "data", data)
    shutil.copy2(Path(_made().name) / "data-officer.key", data.with_name(f"{data.name}-officer.key"))
