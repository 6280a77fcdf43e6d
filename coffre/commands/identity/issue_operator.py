"""`coffre identity issue operator`: somebody who operates this Coffre, for five minutes."""

from typing import Annotated

import typer

from coffre.command_line.options import AsJson, Data
from coffre.commands.identity.issuing import DEFAULT_OUT, Out, issue


def operator(
    name: Annotated[str, typer.Option(help="Who operates; two of different names rotate keys together.")],
    data: Data = None,
    out: Out = DEFAULT_OUT,
    as_json: AsJson = False,
) -> None:
    """Somebody who operates this Coffre, for five minutes."""
    file = "-".join(name.casefold().split())
    issue(data, out, None, False, as_json, f"operator-{file}", "named_operator", person=name)
