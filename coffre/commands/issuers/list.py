"""`coffre issuers list`: whose credentials are accepted, and for what."""

from dataclasses import asdict

from coffre.command_line.opening import opened_installation
from coffre.command_line.options import AsJson, Data, Operator
from coffre.command_line.output import show


def list_issuers(operator: Operator = None, data: Data = None, as_json: AsJson = False) -> None:
    """Show every issuer: its name, the id of its key, what it may say of people, until when."""
    with opened_installation(data) as installation:
        from coffre.operators.calls import acting, permitted
        from coffre.operators.issuers import lines_about

        found = permitted(installation.guard.operator.issuers(acting(installation, operator)))
    show({"issuers": [asdict(each) for each in found]}, as_json, "\n".join(map(lines_about, found)))
