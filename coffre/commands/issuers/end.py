"""`coffre issuers end`: two operators accept nothing more of a key."""

from dataclasses import asdict
from typing import Annotated

import typer

from coffre.command_line.opening import opened_installation
from coffre.command_line.options import AsJson, Data, DryRun, Yes
from coffre.command_line.output import confirm, show
from coffre.command_line.two_operators import First, Second, both


def end(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As coffre issuers list shows it.")],
    key: Annotated[str | None, typer.Option("--key", help="The id of its key, where it has several.")] = None,
    operator: First = None,
    second_operator: Second = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Refuse the credentials of an issuer from the next call on: everybody who signed in there is out."""
    with opened_installation(data) as installation:
        from coffre.operators.calls import acting, permitted
        from coffre.operators.issuers import lines_about
        from keyvault.verbs.operator.issuers import the_one

        ending = installation.guard.operator
        if dry_run:
            known = permitted(ending.issuers(acting(installation, operator)))
            found = the_one([each for each in known if each.is_named(name, key)])
        else:
            calls = both(operator, second_operator)
            confirm(yes, f"Sign out everybody who signed in at {name}, and accept nobody from there?")
            found = permitted(ending.end_issuer(calls, name, key))
    told = "It would end; nothing was changed." if dry_run else "It has ended."
    show(asdict(found) | {"dry_run": dry_run}, as_json, f"{lines_about(found)}\n{told}")
