"""`coffre operator list`: who operates with a key of their own."""

from dataclasses import asdict

from coffre.command_line.opening import opened_installation
from coffre.command_line.options import AsJson, Data, Operator
from coffre.command_line.output import show


def list_operators(operator: Operator = None, data: Data = None, as_json: AsJson = False) -> None:
    """Show operators' own keys: whose, the id of the key, until when."""
    with opened_installation(data) as installation:
        from coffre.operators.calls import acting, permitted
        from coffre.operators.issuers import lines_about

        known = permitted(installation.guard.operator.issuers(acting(installation, operator)))
        found = [each for each in known if each.subject is not None]
    show({"operators": [asdict(each) for each in found]}, as_json, "\n".join(map(lines_about, found)))
