"""`coffre quarantine`: list what was set aside; two operators discharge or destroy it."""

from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from coffre.command_line.opening import opened_installation, opened_system
from coffre.command_line.options import AsJson, Data, DryRun, Operator, Yes
from coffre.command_line.output import confirm, err, listed, show
from coffre.command_line.two_operators import SecondLater
from records.errors import CoffreError

quarantine_app = typer.Typer(
    help="What was set aside: list, show, release into a record, destroy.", no_args_is_help=True
)
Item = Annotated[UUID, typer.Argument(metavar="ID", help="The document's id, from coffre quarantine list.")]
Why = Annotated[str, typer.Option("--reason", help="Why, in ten characters or more; it goes on the log.")]


@quarantine_app.command("list")
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
    lines = [_line(item.to_json()) for item in page.items] or ["Nothing lies under quarantine."]
    if page.after is not None:
        lines.append(f"More with --after {found['next']}")
    show(found, as_json, "\n".join(lines))


@quarantine_app.command("show")
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


@quarantine_app.command("release")
def release(
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

    _decide(document_id, ask, "release", (operator, second_operator), dry_run, data, as_json)


@quarantine_app.command("destroy")
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
    _decide(document_id, ask, "destroy", (operator, second_operator), dry_run, data, as_json)


def _decide(
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
            show(item.to_json(), as_json, f"Would {what} {_line(item.to_json())}")
            return
        job = ask(quarantine, acting(system, files[0]))
        if job.state == "proposed" and files[1] is not None:
            job = ask(quarantine, acting(system, files[1]))
        told: dict[str, Any] = {"id": str(document_id), "job": str(job.job_id), "state": job.state}
        if job.state == "proposed":
            show(told, as_json, f"Proposed to {what} it. Another operator agrees with the same command.")
            return
        with err.status("The job is being carried out."):
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


def _line(item: dict[str, Any]) -> str:
    job = f", {item['job']['kind']} {item['job']['state']}" if "job" in item else ""
    size = f"{item['size']} bytes of {item['structure']}"
    return f"{item['id']}  {item['code']}  {item['received']}  {size}{job}"
