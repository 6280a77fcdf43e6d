"""What the process of `warm.py` loads before it forks: every command."""

from importlib import import_module

import coffre.processes.run
import coffre.serving.app  # noqa: F401
from coffre.cli import Commands

for _later in Commands.table.values():
    import_module(_later.place.partition(":")[0])
