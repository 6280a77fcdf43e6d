"""`coffre quarantine destroy`: two operators destroy an item for good."""

from typing import Any

from coffre.command_line.options import AsJson, Data, DryRun, Operator, Yes
from coffre.command_line.output import confirm
from coffre.command_line.two_operators import SecondLater
from coffre.commands.quarantine.deciding import Why, decide
from coffre.commands.quarantine.items import Item


def destroy(
    document_id: Item,
    reason: Why,
    operator: Operator = None,
    second_operator: SecondLater = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Destroy a document: its keys first, then its object. Two operators decide; nothing brings it back."""

    def ask(quarantine: Any, call: Any) -> Any:
        return quarantine.destroy(call, document_id, reason)

    confirm(yes or dry_run, "Destroy it for good?")
    decide(document_id, ask, "destroy", (operator, second_operator), dry_run, data, as_json)
