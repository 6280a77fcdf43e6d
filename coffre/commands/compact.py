"""`coffre compact`: repack studies that came in many deposits."""

import time
from typing import Annotated, Any

import typer

from coffre.command_line.exits import Exit
from coffre.command_line.opening import opened_system
from coffre.command_line.options import AsJson, Data, DryRun, MostStudies, OneRecord, Operator
from coffre.command_line.output import bar, show
from records.durations import DAY_MS


def compact(
    quiet_for: Annotated[
        float, typer.Option("--quiet-for", min=0, help="Days since the last deposit joined the study.")
    ] = 7.0,
    record: OneRecord = None,
    most: MostStudies = 1000,
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
        from coffre.operators.maintained_studies import carry_out_each, record_of
        from ingestion.jobs.dispatch import FEWEST_SUBMISSIONS
        from records.vocabulary.codes import Action

        studies = system.index.grown_studies(
            least=FEWEST_SUBMISSIONS,
            quiet_since=int(time.time() * 1000) - int(quiet_for * DAY_MS),
            record_id=record_of(system, record, Action.COMPACT, operator),
            limit=most,
        )
        told: dict[str, Any] = {
            "studies": len(studies),
            "submissions": sum(study.submissions for study in studies),
            "compacted": 0,
        }
        if not dry_run:
            with bar("studies") as progress:
                ask = system.guard.operator.compact
                told["compacted"] = carry_out_each(system, studies, ask, operator, progress)
    found = f"{told['studies']} studies of {told['submissions']} deposits"
    show(
        told, as_json, f"Would compact {found}." if dry_run else f"Compacted {told['compacted']} of {found}."
    )
    if not dry_run and told["compacted"] != told["studies"]:
        raise typer.Exit(Exit.REFUSED)
