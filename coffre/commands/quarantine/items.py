"""An item under quarantine: how a command names it, and its line in a list."""

from typing import Annotated, Any
from uuid import UUID

import typer

Item = Annotated[UUID, typer.Argument(metavar="ID", help="The document's id, from coffre quarantine list.")]


def line(item: dict[str, Any]) -> str:
    job = f", {item['job']['kind']} {item['job']['state']}" if "job" in item else ""
    size = f"{item['size']} bytes of {item['structure']}"
    return f"{item['id']}  {item['code']}  {item['received']}  {size}{job}"
