"""`coffre operator`: hardware keys of those who operate."""

import typer

from coffre.commands.operator.end import end
from coffre.commands.operator.enrol import enrol
from coffre.commands.operator.list import list_operators
from coffre.commands.operator.token import token

operator_app = typer.Typer(
    help="Operators' hardware keys: enrol, list, end, sign a token.", no_args_is_help=True
)
operator_app.command("enrol")(enrol)
operator_app.command("list")(list_operators)
operator_app.command("end")(end)
operator_app.command("token")(token)
