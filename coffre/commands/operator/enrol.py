"""`coffre operator enrol`: two operators accept one more person's hardware key."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from coffre.command_line.opening import opened_installation
from coffre.command_line.options import AsJson, Data, Yes
from coffre.command_line.output import confirm, show
from coffre.command_line.two_operators import First, Second, both


def enrol(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the person; the same for all their keys.")],
    key: Annotated[
        Path, typer.Option("--key", help="File with what the page /sign-in/operateur showed for it.")
    ],
    until: Annotated[str, typer.Option("--until", help="Day on which it ends, YYYY-MM-DD.")],
    beside: Annotated[
        list[str] | None, typer.Option("--beside", help="An issuer that may go on to name operators.")
    ] = None,
    operator: First = None,
    second_operator: Second = None,
    yes: Yes = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Accept what a hardware key signs as its holder's word; she operates until that day."""
    with opened_installation(data) as installation:
        from coffre.operators.calls import permitted
        from coffre.operators.hardware_keys import key_in, operator_named, origin_of
        from coffre.operators.issuers import day_in, lines_about
        from keyvault.verbs.operator.issuers import NewIssuer
        from records.vocabulary.codes import Role

        named, origin = operator_named(name), origin_of(installation)
        wanted = NewIssuer(
            name=named,
            public=key_in(key, origin),
            roles=[Role.OPERATOR.value],
            not_after=day_in(until),
            subject=named,
            beside=beside or [],
            origin=origin,
        )
        calls = both(operator, second_operator)
        confirm(yes, f"Take what this key signs for the word of {name}?")
        found = permitted(installation.guard.operator.add_issuer(calls, wanted))
    show(asdict(found), as_json, lines_about(found))
