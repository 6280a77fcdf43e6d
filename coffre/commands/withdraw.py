"""`coffre withdraw`: withdraw instances of a study (IHE IOCM)."""

from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from coffre.command_line.exits import Exit
from coffre.command_line.opening import opened_system
from coffre.command_line.options import AsJson, Data, DryRun, Operator, Yes
from coffre.command_line.output import confirm, show


def withdraw(
    record: Annotated[str, typer.Option("--record", help="INS or public id of the record.")],
    study: Annotated[str, typer.Option("--study", help="Study Instance UID.")],
    code: Annotated[
        str,
        typer.Option(
            "--code",
            help="Why (IHE IOCM): 113001 quality, 113037 patient safety (another patient's), 113038 worklist "
            "entry, 113039 retention.",
        ),
    ],
    instance: Annotated[
        list[str] | None, typer.Option("--instance", help="SOP Instance UID; again for each one.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every instance: the study is deleted.")] = False,
    document: Annotated[
        UUID | None,
        typer.Option("--document", help="Id of the document, where several structures used the study's UID."),
    ] = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    operator: Operator = None,
    token_file: Annotated[
        Path | None, typer.Option("--token-file", help="The depositor's own token, instead of an operator's.")
    ] = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Withdraw instances of a study, on request of the structure that deposited them.

    Its bytes are erased once no grant leads to them any more. A study of which nothing is left is deleted
    logically: nobody sees it, and it is kept until retention ends.
    """
    chosen = sorted(set(instance or []))
    if every == bool(chosen):
        raise typer.BadParameter("Name instances with --instance, or --all of them.")
    what = "every instance" if every else f"{len(chosen)} instances"
    told: dict[str, Any] = {"study": study, "instances": chosen, "all": every}
    with opened_system(data) as system:
        from coffre.operators.calls import acting, permitted
        from coffre.operators.instance_withdrawal import Withdrawal
        from coffre.operators.run_job import carry_out
        from records.vocabulary.rejections import check_rejection

        check_rejection(code)
        withdrawal = Withdrawal(system, record, study, chosen, code, document)
        withdrawal.find(acting(system, token_file or operator))
        if token_file is None:
            withdrawal.check_one()
        if dry_run:
            text = (
                f"Would ask to withdraw {what} of this study. Checked: the code, the record and that it has "
                "this study. Whether you may, and whether it has the instances, is decided when it is asked."
            )
            show(told | {"state": "found", "checked": ["code", "record", "study"]}, as_json, text)
            return
        confirm(yes, f"Withdraw {what} of this study for good?")
        job = permitted(withdrawal.ask(acting(system, token_file or operator)))
        row = carry_out(system, job)
    state = "done" if row.state == "published" else "refused"
    show(told | {"job": str(job), "state": state}, as_json, f"Withdrew {what} of this study: {state}.")
    if state != "done":
        raise typer.Exit(Exit.REFUSED)
