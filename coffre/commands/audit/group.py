"""`coffre audit`: the log of every access."""

import typer

from coffre.commands.audit.officer import officer_lines
from coffre.commands.audit.proof import proof
from coffre.commands.audit.traces import traces
from coffre.commands.audit.verify import verify

audit_app = typer.Typer(help="The log of every access.", no_args_is_help=True)
audit_app.command("verify")(verify)
audit_app.command("proof")(proof)
audit_app.command("officer")(officer_lines)
audit_app.command("traces")(traces)
