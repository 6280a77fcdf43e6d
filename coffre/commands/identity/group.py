"""`coffre identity`: identities of the demo authority, in demo and test; credentials withdrawn, anywhere."""

import typer

from coffre.commands.identity.issue_depositor import depositor
from coffre.commands.identity.issue_operator import operator
from coffre.commands.identity.issue_patient import patient
from coffre.commands.identity.issue_professional import professional
from coffre.commands.identity.withdraw import withdraw

identity_app = typer.Typer(
    help="Credentials: issue them in demo and test, withdraw them anywhere.", no_args_is_help=True
)
issue_app = typer.Typer(
    help="Issue an identity: files with a token, a certificate and its key; --json prints the token, too.",
    no_args_is_help=True,
)
issue_app.command("depositor")(depositor)
issue_app.command("professional")(professional)
issue_app.command("patient")(patient)
issue_app.command("operator")(operator)
identity_app.add_typer(issue_app, name="issue")
identity_app.command("withdraw")(withdraw)
