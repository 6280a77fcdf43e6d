"""`coffre audit traces`: what one professional did over a period, for whoever may ask for it."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from coffre.command_line.opening import opened_installation
from coffre.command_line.options import AsJson, Data, Operator
from coffre.command_line.output import bar, show


class Form(StrEnum):
    CSV = "csv"
    JSON = "json"


def traces(
    key: Annotated[Path, typer.Option("--key", help="The officer's private key, from where it is kept.")],
    professional: Annotated[
        str, typer.Option("--professional", help="National number, as the credentials name it.")
    ],
    out: Annotated[Path, typer.Option("--out", help="A new file, which its owner alone may read.")],
    structure: Annotated[
        list[str] | None,
        typer.Option("--structure", help="A structure that the credentials name; may be repeated. Else all."),
    ] = None,
    subject: Annotated[
        str | None,
        typer.Option("--subject", help="The subject of the credentials, where it is not that number."),
    ] = None,
    since: Annotated[str | None, typer.Option("--since", help="Date or time, UTC, included.")] = None,
    until: Annotated[str | None, typer.Option("--until", help="Date or time, UTC, not included.")] = None,
    form: Annotated[Form, typer.Option("--format", help="json has one object a line.")] = Form.CSV,
    operator: Operator = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Write all traces of one professional over a period to a file, each checked against the signed log.

    Lines are opened here, with the officer's key; the vault hands them out sealed and puts that on the log.
    Without --structure the officer's lines of everybody are opened once, to find the structures.
    """
    with opened_installation(data) as installation:
        from coffre.operators.calls import acting
        from coffre.safekeeping import officer
        from coffre.safekeeping import traces as reading
        from keyvault.verbs.operator.officer import Credentialed

        wanted = officer.Wanted(
            since=officer.moment(since, "--since"), until=officer.moment(until, "--until")
        )
        private = officer.read_key(key)
        call = lambda: acting(installation, operator)  # noqa: E731
        with bar("lines") as progress:
            told = lambda done: progress(done, done)  # noqa: E731
            places = structure or reading.structures(installation, call, private, wanted, told)
            of = [Credentialed(subject or professional, each) for each in places]
            lines = reading.traces(installation, call, private, wanted, of, told) if of else iter(())
            found = reading.write(out, lines, as_csv=form is Form.CSV)
    shown = {"file": str(out), "lines": found.lines, "pending": found.pending, "structures": len(places)}
    text = f"{found.lines} lines, each checked against the signed log, in {out}."
    if found.pending:
        text += f"\n{found.pending} of them wait for a checkpoint; that is no fault."
    show(shown, as_json, text)
