"""`coffre audit`: the log of every access."""

import typer

from coffre.commands.common import AsJson, Data, refusals, settings_of, show

audit_app = typer.Typer(help="The log of every access.", no_args_is_help=True)


@audit_app.command("verify")
def audit_verify(data: Data = None, as_json: AsJson = False) -> None:
    """Check the whole log: entries, tiles, checkpoints, chains, digests; name the first divergence."""
    from coffre.wiring import System

    with refusals(), System(settings_of(data)) as system:
        report = system.guard.inspector.verify_log()
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
    }
    text = (
        f"The log is sound: {report.size} entries, {report.checkpoints} checkpoints, {report.chains} chains, "
        f"{report.events} events.\nRoot {report.root.hex()}"
    )
    if report.pending:
        text += f"\n{report.pending} entries wait for their position; that is no fault."
    show(found, as_json, text)
