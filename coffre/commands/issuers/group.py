"""`coffre issuers`: whose credentials are accepted, and for what."""

import typer

from coffre.commands.issuers.add import add
from coffre.commands.issuers.end import end
from coffre.commands.issuers.list import list_issuers
from coffre.commands.issuers.token import token

issuers_app = typer.Typer(help="Issuers: whose credentials are accepted, and for what.", no_args_is_help=True)
issuers_app.command("list")(list_issuers)
issuers_app.command("add")(add)
issuers_app.command("end")(end)
issuers_app.command("token")(token)
