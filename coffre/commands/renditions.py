"""`coffre renditions`: make the small pictures of studies that are there and have none."""

from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from coffre.command_line.exits import Exit
from coffre.command_line.opening import opened_system
from coffre.command_line.options import AsJson, Data, DryRun, Operator
from coffre.command_line.output import bar, show
from records.errors import CoffreError

if TYPE_CHECKING:
    from pathlib import Path

    from coffre.wiring import System
    from storage.rows import UnrenderedStudy

Record = Annotated[str | None, typer.Option("--record", help="INS or public id: this record alone.")]
_LEFT = frozenset({"job_in_hand", "job_waits", "no_such_document"})
"""Why one study has to wait for another run, and the others don't."""


def renditions(
    record: Record = None,
    most: Annotated[int, typer.Option("--most", min=1, help="Studies of this run.")] = 1000,
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
        record_id = None if record is None else _record(system, record, operator)
        studies = system.index.unrendered_studies(record_id=record_id, limit=most)
        told: dict[str, Any] = {"studies": len(studies), "done": 0}
        if not dry_run:
            with bar("studies") as progress:
                for number, study in enumerate(studies, 1):
                    told["done"] += _rendered(system, study, operator)
                    progress(number, len(studies))
    found = f"{told['studies']} studies"
    show(told, as_json, f"Would render {found}." if dry_run else f"Rendered {told['done']} of {found}.")
    if not dry_run and told["done"] != told["studies"]:
        raise typer.Exit(Exit.REFUSED)


def _record(system: "System", record: str, operator: "Path | None") -> UUID:
    from coffre.operators.calls import acting, permitted
    from records.vocabulary.codes import Action

    call = acting(system, operator)
    return permitted(system.guard.operator.find_study(call, record, Action.RENDER)).record_id


def _rendered(system: "System", study: "UnrenderedStudy", operator: "Path | None") -> bool:
    """False where it is left for another run."""
    from coffre.operators.calls import acting, permitted
    from coffre.operators.run_job import carry_out

    try:
        call = acting(system, operator)
        job = permitted(system.guard.operator.render(call, study.record_id, study.document_id))
        return carry_out(system, job).state == "published"
    except CoffreError as error:
        if error.code not in _LEFT:
            raise
        return False
