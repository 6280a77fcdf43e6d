"""Options that commands share, and the settings that `--data` names."""

from pathlib import Path
from typing import Annotated

import typer

from coffre.processes import logs
from coffre.settings import Settings, load

Data = Annotated[
    Path | None,
    # a process apart may enter the directory and open its own files there, but not list it
    typer.Option("--data", readable=False, help=r"Data directory.  \[default: COFFRE_DATA or .data]"),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
Pulse = Annotated[
    Path | None,
    typer.Option("--pulse", file_okay=False, help="Folder for signs of life, which nothing else writes to."),
]
OneRecord = Annotated[str | None, typer.Option("--record", help="INS or public id: this record alone.")]
MostStudies = Annotated[int, typer.Option("--most", min=1, help="Studies of this run.")]
Yes = Annotated[bool, typer.Option("--yes", help="Don't ask whether to go on.")]
Operator = Annotated[
    Path | None,
    typer.Option(
        "--operator", help=r"File with an operator's token.  \[default: in demo and test, made here]"
    ),
]


def settings_of(data: Path | None, *, for_init: bool = False, **more: object) -> Settings:
    found = load(for_init=for_init, data=data, **more)
    logs.configure(found.log_format)
    return found
