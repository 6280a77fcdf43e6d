"""`coffre renditions`: make the small pictures of studies that are there and have none."""

from typing import Any

import typer

from coffre.command_line.exits import Exit
from coffre.command_line.opening import opened_system
from coffre.command_line.options import AsJson, Data, DryRun, MostStudies, OneRecord, Operator
from coffre.command_line.output import bar, show


def renditions(
    record: OneRecord = None,
    most: MostStudies = 1000,
    dry_run: DryRun = False,
    operator: Operator = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Make the small pictures of studies that have none yet. Readers notice nothing else.

    An image that cannot be decoded is left without one and not tried again. What a run that was stopped has
    made stays, and the next run goes on behind it.
    """
    with opened_system(data) as system:
        from coffre.operators.maintained_studies import carry_out_each, record_of
        from records.vocabulary.codes import Action

        record_id = record_of(system, record, Action.RENDER, operator)
        studies = system.index.unrendered_studies(record_id=record_id, limit=most)
        told: dict[str, Any] = {"studies": len(studies), "done": 0}
        if not dry_run:
            with bar("studies") as progress:
                ask = system.guard.operator.render
                told["done"] = carry_out_each(system, studies, ask, operator, progress)
    found = f"{told['studies']} studies"
    show(told, as_json, f"Would render {found}." if dry_run else f"Rendered {told['done']} of {found}.")
    if not dry_run and told["done"] != told["studies"]:
        raise typer.Exit(Exit.REFUSED)
