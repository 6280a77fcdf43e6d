"""`coffre doctor`: what is wrong with this installation, on one screen, and what to do about it."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coffre.command_line.exits import Exit
from coffre.command_line.options import AsJson, Data
from coffre.command_line.output import show
from coffre.command_line.refusals import refusals

if TYPE_CHECKING:
    from coffre.doctor.findings import Finding


def doctor(
    data: Data = None,
    etc: Annotated[Path, typer.Option("--etc", help="Where roles/ and secrets/ lie.")] = Path("/etc/coffre"),
    metrics: Annotated[
        Path | None, typer.Option("--metrics", help="Also write it for node_exporter's textfile collector.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say on one screen what is wrong and what to do.

    Exit 1 where anything is. It writes the file of --metrics and changes nothing else. docs/operate.md has
    a page for each name.
    """
    from coffre.doctor.examination import examine
    from coffre.doctor.findings import not_looked_at
    from coffre.doctor.metrics import written

    with refusals():
        found = examine(data, etc)
        if metrics is not None:
            written(found, metrics)
    told = {"findings": [asdict(each) for each in found], "not_looked_at": not_looked_at(found)}
    show(told, as_json, _screen(found))
    if found:
        raise typer.Exit(Exit.REFUSED)


def _screen(found: "list[Finding]") -> str:
    from coffre.doctor.findings import CHECKS, not_looked_at

    unmade = not_looked_at(found)
    passed = CHECKS.keys() - {each.check for each in found} - set(unmade)
    lines = [f"ok     {check}: {what}" for check, what in CHECKS.items() if check in passed]
    lines += [f"-      {check}: not looked at, because of what is wrong below" for check in unmade]
    for each in found:
        lines += [f"WRONG  {each.check}: {each.sentence}", f"       do: {each.remedy}"]
    return "\n".join([*lines, "docs/operate.md has a page for each name." if found else ""])
