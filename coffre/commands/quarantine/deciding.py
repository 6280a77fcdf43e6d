"""Two operators decide, then the job is run: what `coffre quarantine release` and `destroy` share."""

from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from coffre.command_line.opening import opened_system
from coffre.command_line.output import err, show
from coffre.commands.quarantine.items import line
from records.errors import CoffreError

Why = Annotated[str, typer.Option("--reason", help="Why, in ten characters or more; it goes on the log.")]


def decide(
    document_id: UUID,
    ask: Any,
    what: str,
    files: tuple[Path | None, Path | None],
    dry_run: bool,
    data: Path | None,
    as_json: bool,
) -> None:
    with opened_system(data) as system:
        from coffre.operators.calls import acting
        from coffre.operators.run_job import carry_out
        from ingestion.quarantine.listing import Quarantine

        quarantine = Quarantine(system.index, system.guard.operator)
        item = quarantine.item(acting(system, files[0]), document_id)
        if dry_run:
            show(item.to_json(), as_json, f"Would {what} {line(item.to_json())}")
            return
        job = ask(quarantine, acting(system, files[0]))
        if job.state == "proposed" and files[1] is not None:
            job = ask(quarantine, acting(system, files[1]))
        told: dict[str, Any] = {"id": str(document_id), "job": str(job.job_id), "state": job.state}
        if job.state == "proposed":
            show(told, as_json, f"Proposed to {what} it. Another operator agrees with the same command.")
            return
        with err().status("The job is being carried out."):
            row = carry_out(system, job.job_id)
        verdict = quarantine.verdict(item.part)
        if verdict.outcome == "quarantined":
            why = system.index.parts(row.submission_id)
            told |= {"state": "refused", "code": why[0].code if why else "refused"}
            show(told, as_json, "")
            sentence = why[0].reason if why else "The vault refused this job."
            raise CoffreError(f"It stays under quarantine: {sentence}", code=told["code"])
    told |= {"state": "done", "outcome": verdict.outcome, "code": verdict.code}
    if verdict.document_id is not None:
        told["document"] = str(verdict.document_id)
    show(told, as_json, verdict.reason)
