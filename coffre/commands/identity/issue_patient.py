"""`coffre identity issue patient`: the holder of a record."""

from typing import Annotated

import typer

from coffre.command_line.options import AsJson, Data
from coffre.commands.identity.issuing import DEFAULT_OUT, Bound, Link, Out, issue


def patient(
    ins: Annotated[str, typer.Option(help="INS: 15 characters, key included.")],
    data: Data = None,
    out: Out = DEFAULT_OUT,
    link: Link = None,
    bound: Bound = False,
    as_json: AsJson = False,
) -> None:
    """The holder of a record."""
    issue(data, out, link, bound, as_json, "patient", "patient", ins_text=ins)
