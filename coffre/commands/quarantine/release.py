"""`coffre quarantine release`: two operators discharge an item into a record."""

from typing import Annotated, Any

import typer

from coffre.command_line.options import AsJson, Data, DryRun, Operator
from coffre.command_line.two_operators import SecondLater
from coffre.commands.quarantine.deciding import Why, decide
from coffre.commands.quarantine.items import Item


def discharge(
    document_id: Item,
    record: Annotated[str, typer.Option(help="INS or public id of the record that it belongs to.")],
    reason: Why,
    operator: Operator = None,
    second_operator: SecondLater = None,
    dry_run: DryRun = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Release a document into a record, through the ordinary pipeline. Two operators decide.

    The first one's command proposes; the second one's, with the same record, agrees. What is still not good
    stays under quarantine, and says why.
    """

    def ask(quarantine: Any, call: Any) -> Any:
        return quarantine.discharge(call, document_id, record, reason)

    decide(document_id, ask, "release", (operator, second_operator), dry_run, data, as_json)
