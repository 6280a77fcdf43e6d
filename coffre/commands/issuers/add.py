"""`coffre issuers add`: two operators accept the credentials of one more key."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from coffre.command_line.opening import opened_installation
from coffre.command_line.options import AsJson, Data, Yes
from coffre.command_line.output import confirm, show
from coffre.command_line.two_operators import First, Second, both


def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As its tokens name it, in iss.")],
    key: Annotated[Path, typer.Option("--key", help="File with its Ed25519 public key, PEM or hexadecimal.")],
    role: Annotated[list[str], typer.Option("--role", help="Whom it may name; give one option for each.")],
    until: Annotated[str, typer.Option("--until", help="Day on which it ends, YYYY-MM-DD.")],
    since: Annotated[str | None, typer.Option("--since", help="Day on which it begins.")] = None,
    claim: Annotated[
        list[str] | None, typer.Option("--claim", help=r"What it may say.  \[default: all of its roles]")
    ] = None,
    subject: Annotated[
        str | None, typer.Option("--subject", help="The operator whose own key this is.")
    ] = None,
    environment: Annotated[
        str | None, typer.Option("--environment", help=r"Whose it is.  \[default: that of this Coffre]")
    ] = None,
    beside: Annotated[
        list[str] | None, typer.Option("--beside", help="An issuer that may go on to name the same roles.")
    ] = None,
    operator: First = None,
    second_operator: Second = None,
    yes: Yes = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Accept the credentials that one more key signs, for these roles, from now or a later day on."""
    with opened_installation(data) as installation:
        from coffre.operators.calls import permitted
        from coffre.operators.issuers import day_in, lines_about, public_key_in
        from keyvault.verbs.operator.issuers import NewIssuer

        wanted = NewIssuer(
            name=name,
            public=public_key_in(key),
            roles=role,
            claims=claim or [],
            environment=environment,
            not_before=day_in(since) if since else 0,
            not_after=day_in(until),
            subject=subject,
            beside=beside or [],
        )
        calls = both(operator, second_operator)
        confirm(yes, f"Believe {name} when it says who is {', '.join(role)}?")
        found = permitted(installation.guard.operator.add_issuer(calls, wanted))
    show(asdict(found), as_json, lines_about(found))
