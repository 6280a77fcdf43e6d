"""`coffre quarantine list`: what was set aside, in pages."""

from typing import Annotated

import typer

from coffre.command_line.opening import opened_installation
from coffre.command_line.options import AsJson, Data, Operator
from coffre.command_line.output import show
from coffre.commands.quarantine.items import line


def list_items(
    limit: Annotated[int, typer.Option(min=1, max=500, help="Items of a page.")] = 50,
    after: Annotated[str | None, typer.Option(help="The `next` of the page before.")] = None,
    operator: Operator = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """What lies under quarantine, oldest first. Never content, never an identity."""
    with opened_installation(data) as installation:
        from coffre.operators.calls import acting
        from ingestion.quarantine.listing import Quarantine, read_key, write_key

        quarantine = Quarantine(installation.index, installation.guard.operator)
        page = quarantine.page(acting(installation, operator), read_key(after), limit)
    found = {"quarantined": [item.to_json() for item in page.items], "next": write_key(page.after)}
    lines = [line(item.to_json()) for item in page.items] or ["Nothing lies under quarantine."]
    if page.after is not None:
        lines.append(f"More with --after {found['next']}")
    show(found, as_json, "\n".join(lines))
