"""`coffre roles`: a database role for each process, run by the owner of the databases."""

from pathlib import Path
from typing import Annotated

import typer

from coffre.command_line.options import AsJson, Data, settings_of
from coffre.command_line.output import show
from coffre.command_line.refusals import refusals


def roles(
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Folder for one file per process (0600) with the addresses it needs."),
    ] = None,
    rotate: Annotated[
        list[str] | None,
        typer.Option("--rotate", help="Draw a new password for this process, or all; may be repeated."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the SQL, without passwords; change nothing.")
    ] = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Give each process a role of its own in the Postgres databases, with exactly its rights.

    Run it as owner of the databases after `init`, `migrate` and `restore`; again changes nothing more.
    """
    from coffre.installation import database_roles

    with refusals():
        settings = settings_of(data)
        if dry_run:
            planned = database_roles.planned(settings)
            show({"databases": planned}, as_json, _script(planned))
            return
        given = database_roles.give(settings, out, rotate or ())
    told = [
        {
            "process": each.process,
            "role": each.role,
            "file": str(each.file) if each.file else None,
            "password": each.password,
        }
        for each in given
    ]
    lines = [f"{each['process']:<12} {each['role']:<18} {_of_password(each)}" for each in told]
    show({"roles": told}, as_json, "\n".join([*lines, *_advice(told)]))


def _script(planned: dict[str, list[str]]) -> str:
    return "\n".join(
        line
        for database, statements in planned.items()
        for line in (f"\\connect {database}", *(f"{statement.strip()};" for statement in statements))
    )


def _of_password(told: dict[str, str | None]) -> str:
    words = {
        "new": f"new password in {told['file']}",
        "kept": f"password of {told['file']}",
        "untouched": "password as it was",
        "none": "no password yet",
    }
    return words[str(told["password"])]


def _advice(told: list[dict[str, str | None]]) -> list[str]:
    found = {each["password"] for each in told}
    advice = []
    if "new" in found:
        advice.append(
            "Start each process with the variables of its file, at once where a password is new: the"
        )
        advice.append("old one opens no connection any more (docs/operate.md, A secret changes).")
    if "none" in found:
        advice.append("A role without a password cannot sign in: run this again with --out FOLDER.")
    return advice
