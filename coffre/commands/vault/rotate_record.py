"""`coffre vault rotate-record`: two operators give one record a new key."""

from typing import Annotated

import typer

from coffre.command_line.options import AsJson, Data, Yes, settings_of
from coffre.command_line.output import confirm, show
from coffre.command_line.refusals import refusals
from coffre.command_line.two_operators import First, Second, both


def rotate_record(
    record: Annotated[str, typer.Argument(metavar="RECORD", help="INS or public id of the record.")],
    operator: First = None,
    second_operator: Second = None,
    yes: Yes = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Give one record a new key; everything under it is wrapped anew, no object is touched."""
    from coffre.safekeeping import rotating

    with refusals():
        calls = both(operator, second_operator)
        confirm(yes, "Give this record a new key?")
        found = rotating.rotate_record(settings_of(data), calls, record)
    told = {"record": str(found.public_id), "key_version": found.version}
    show(told, as_json, f"The record {found.public_id} has version {found.version} of its key.")
