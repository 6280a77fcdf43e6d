"""`coffre audit`: the log of every access."""

from pathlib import Path
from typing import Annotated

import typer

from coffre.commands.common import AsJson, Data, refusals, settings_of, show
from records.errors import Invalid

audit_app = typer.Typer(help="The log of every access.", no_args_is_help=True)


@audit_app.command("verify")
def audit_verify(
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
    from coffre.wiring import System

    with refusals(), System(settings_of(data)) as system:
        witnessed = [*system.witnessed(), *(_read(path) for path in checkpoint or [])]
        report = system.guard.inspector.verify_log(witnessed)
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


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        raise Invalid(f"{path} is no signed checkpoint.", code="checkpoint_malformed") from None
