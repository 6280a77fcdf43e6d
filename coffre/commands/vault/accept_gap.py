"""`coffre vault accept-gap`: end the freeze of a restored vault although choices are lost."""

from typing import Annotated

import typer

from coffre.command_line.options import Data, Operator, Yes, settings_of
from coffre.command_line.output import confirm
from coffre.command_line.refusals import refusals


def accept_gap(
    reason: Annotated[str, typer.Option("--reason", help="Why nothing newer can be had; goes on the log.")],
    operator: Operator = None,
    yes: Yes = False,
    data: Data = None,
) -> None:
    """End the freeze although choices made since the backup are lost. The log says so, with the reason.

    Run it where the vault runs; on Postgres with the addresses of the databases' owner.
    """
    from coffre.safekeeping.unfreeze import accept_the_gap

    with refusals():
        settings = settings_of(data)
        confirm(yes, "Give up every choice and deletion made since the backup, for good?")
        accept_the_gap(settings, reason, operator)
    print("The vault is no longer frozen. What was decided after the backup is lost: tell those concerned.")
