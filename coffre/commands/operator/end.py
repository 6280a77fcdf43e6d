"""`coffre operator end`: two operators accept nothing more that a person's key signs."""

from typing import Annotated

import typer

from coffre.command_line.options import AsJson, Data, DryRun, Yes
from coffre.command_line.refusals import refusals
from coffre.command_line.two_operators import First, Second
from coffre.commands.issuers.end import end as end_issuer


def end(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As coffre operator list shows it.")],
    key: Annotated[
        str | None, typer.Option("--key", help="The id of the key, of a person who has several.")
    ] = None,
    operator: First = None,
    second_operator: Second = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Refuse what a person's key signs from the next call on."""
    with refusals():
        from coffre.operators.hardware_keys import operator_named

        named = operator_named(name)
    end_issuer(named, key, operator, second_operator, dry_run, yes, data, as_json)
