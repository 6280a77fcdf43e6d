"""`coffre compact`: repack studies that came in many deposits."""

import time
from typing import Annotated, Any

import typer

from coffre.command_line.exits import Exit
from coffre.command_line.opening import opened_system
from coffre.command_line.options import AsJson, Data, DryRun, Operator
from coffre.command_line.output import bar, show

DAY_MS = 24 * 3_600_000
Record = Annotated[str | None, typer.Option("--record", help="INS or public id: this record alone.")]


def compact(
    quiet_for: Annotated[
        float, typer.Option("--quiet-for", min=0, help="Days since the last deposit joined the study.")
    ] = 7.0,
    record: Record = None,
    most: Annotated[int, typer.Option("--most", min=1, help="Studies of this run.")] = 1000,
    dry_run: DryRun = False,
    operator: Operator = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Repack studies that came in many deposits into one object each. Readers notice nothing.

    Every instance's digest is compared while it is copied; what is replaced is erased once no grant leads to
    it any more, half an hour later.
    """
    with opened_system(data) as system:
        from coffre.operators.calls import acting, permitted
        from coffre.operators.run_job import carry_out
        from ingestion.jobs.dispatch import FEWEST_SUBMISSIONS
        from records.vocabulary.codes import Action

        vault, record_id = system.guard.operator, None
        if record is not None:
            call = acting(system, operator)
            record_id = permitted(vault.find_study(call, record, Action.COMPACT)).record_id
        studies = system.index.grown_studies(
            least=FEWEST_SUBMISSIONS,
            quiet_since=int(time.time() * 1000) - int(quiet_for * DAY_MS),
            record_id=record_id,
            limit=most,
        )
        told: dict[str, Any] = {
            "studies": len(studies),
            "submissions": sum(study.submissions for study in studies),
            "compacted": 0,
        }
        if not dry_run:
            with bar("studies") as progress:
                for number, study in enumerate(studies, 1):
                    call = acting(system, operator)
                    job = permitted(vault.compact(call, study.record_id, study.document_id))
                    row = carry_out(system, job)
                    told["compacted"] += row.state == "published"
                    progress(number, len(studies))
    found = f"{told['studies']} studies of {told['submissions']} deposits"
    show(
        told, as_json, f"Would compact {found}." if dry_run else f"Compacted {told['compacted']} of {found}."
    )
    if not dry_run and told["compacted"] != told["studies"]:
        raise typer.Exit(Exit.REFUSED)
