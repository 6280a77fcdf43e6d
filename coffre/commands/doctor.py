"""`coffre doctor`: what is wrong with this installation, on one screen, and what to do about it."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coffre.command_line.exits import Exit
from coffre.command_line.options import AsJson, Data
from coffre.command_line.output import show

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

    Exit 1 where anything is. It changes nothing. Each line has its page in docs/operate.md.
    """
    from coffre.doctor.examination import examine
    from coffre.doctor.metrics import written

    found = examine(data, etc)
    if metrics is not None:
        written(found, metrics)
    show({"findings": [asdict(each) for each in found]}, as_json, _screen(found))
    if found:
        raise typer.Exit(Exit.REFUSED)


def _screen(found: "list[Finding]") -> str:
    from coffre.doctor.findings import CHECKS

    wrong = {each.check for each in found}
    lines = [f"ok     {check}: {what}" for check, what in CHECKS.items() if check not in wrong]
    for each in found:
        lines += [f"WRONG  {each.check}: {each.sentence}", f"       do: {each.remedy}"]
    return "\n".join([*lines, "" if not found else f"docs/operate.md has a page for each of {len(wrong)}."])
