"""`coffre audit officer`: the audit officer's lines, opened with the officer's key."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from coffre.command_line.opening import opened_installation
from coffre.command_line.options import AsJson, Data, Operator
from coffre.command_line.output import bar, show


def officer_lines(
    key: Annotated[Path, typer.Option("--key", help="The officer's private key, from where it is kept.")],
    subject: Annotated[
        str | None,
        typer.Option(
            "--subject", help="Lines of one person, whose credentials name this subject: wherever she works."
        ),
    ] = None,
    subject_structure: Annotated[
        str, typer.Option("--subject-structure", help="The structure that those credentials name.")
    ] = "",
    structure: Annotated[str | None, typer.Option("--structure", help="Lines of this structure.")] = None,
    action: Annotated[str | None, typer.Option("--action", help="Such as search, retrieve, deposit.")] = None,
    record: Annotated[str | None, typer.Option("--record", help="Public id of a record.")] = None,
    since: Annotated[str | None, typer.Option("--since", help="Date or time, UTC, included.")] = None,
    until: Annotated[str | None, typer.Option("--until", help="Date or time, UTC, not included.")] = None,
    operator: Operator = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Open the audit officer's lines here, with the officer's key: when, which structure, what, whose record.

    The vault hands them out sealed and puts that on the log. They tell no name and nothing of content.
    """
    with opened_installation(data) as installation:
        from coffre.operators.calls import acting
        from coffre.safekeeping import officer
        from keyvault.verbs.operator.officer import Credentialed

        wanted = officer.Wanted(
            structure=structure,
            action=action,
            record=record,
            since=officer.moment(since, "--since"),
            until=officer.moment(until, "--until"),
        )
        of = Credentialed(subject, subject_structure) if subject is not None else None
        private = officer.read_key(key)
        with bar("lines") as progress:
            found = officer.lines(
                installation,
                lambda: acting(installation, operator),
                private,
                wanted,
                of,
                lambda done: progress(done, done),
            )
    text = "\n".join(map(_told, found))
    show({"lines": found}, as_json, f"{text}\n{len(found)} lines." if found else "No line fits.")


def _told(line: Mapping[str, Any]) -> str:
    time = datetime.fromtimestamp(line["time"] / 1000, UTC).isoformat(timespec="milliseconds")
    return f"{time}  {line['structure'] or '-':12}  {line['action']:18}  {line['public_id'] or '-'}"
