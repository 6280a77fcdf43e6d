"""`coffre quarantine show`: one item that was set aside."""

from coffre.command_line.opening import opened_installation
from coffre.command_line.options import AsJson, Data, Operator
from coffre.command_line.output import listed, show
from coffre.commands.quarantine.items import Item


def show_item(
    document_id: Item, operator: Operator = None, data: Data = None, as_json: AsJson = False
) -> None:
    """One of them: code and sentence, when, size, depositor, what was asked of it."""
    with opened_installation(data) as installation:
        from coffre.operators.calls import acting
        from ingestion.quarantine.listing import Quarantine

        quarantine = Quarantine(installation.index, installation.guard.operator)
        found = quarantine.item(acting(installation, operator), document_id).to_json()
    show(found, as_json, listed(found))
