"""`coffre audit verify`: the whole log checked."""

from pathlib import Path
from typing import Annotated

import typer

from coffre.command_line.opening import opened_installation
from coffre.command_line.options import AsJson, Data
from coffre.command_line.output import show
from coffre.command_line.refusals import refusals


def verify(
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option("--checkpoint", help="A signed checkpoint kept elsewhere; may be repeated."),
    ] = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Check the whole log: entries, tiles, checkpoints, chains, digests; name the first divergence.

    It must agree with the newest checkpoint of COFFRE_SECOND_PLACE_URL, where that is set.
    """
    kept = _kept(checkpoint) if checkpoint else []
    with opened_installation(data, judging=True) as installation:
        from coffre.safekeeping.kept_checkpoints import in_second_place

        witnessed = [*in_second_place(installation), *kept]
        report = installation.guard.inspector.verify_log(witnessed)
    found = {
        "size": report.size,
        "root": report.root.hex(),
        "checkpoints": report.checkpoints,
        "signed": report.signed,
        "chains": report.chains,
        "events": report.events,
        "closed_events": report.closed_events,
        "accountability": report.lines,
        "pending": report.pending,
        "witnessed": len(witnessed),
    }
    text = (
        f"The log is sound: {report.size} entries, {report.checkpoints} checkpoints, {report.chains} chains, "
        f"{report.events} events.\nRoot {report.root.hex()}"
    )
    if witnessed:
        text += f"\nIt agrees with {len(witnessed)} checkpoints kept elsewhere."
    if report.pending:
        text += f"\nWaiting for their position: {report.pending}; that is no fault."
    show(found, as_json, text)


def _kept(files: list[Path]) -> list[str]:
    """A file that is no checkpoint is misuse, and nothing that was found in the log."""
    from coffre.safekeeping.kept_checkpoints import read_checkpoint

    with refusals():
        return [read_checkpoint(path) for path in files]
