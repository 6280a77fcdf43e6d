"""`coffre identity issue depositor`: a laboratory's or hospital's system that deposits."""

from typing import Annotated

import typer

from coffre.command_line.options import AsJson, Data
from coffre.commands.identity.issuing import DEFAULT_OUT, Bound, Out, issue


def depositor(
    structure: Annotated[str, typer.Option(help="National number of the structure, such as 1750000001.")],
    setting: Annotated[str | None, typer.Option(help="AMO for the health insurer's feed.")] = None,
    data: Data = None,
    out: Out = DEFAULT_OUT,
    bound: Bound = False,
    as_json: AsJson = False,
) -> None:
    """A laboratory's or hospital's system that deposits."""
    name = f"depositor-{structure}"
    issue(data, out, None, bound, as_json, name, "depositor", structure=structure, setting=setting)
