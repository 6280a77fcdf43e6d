"""`coffre migrate`: bring the databases to this version, and choices to rows of their own."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from coffre.command_line.opening import settings_of_installation
from coffre.command_line.options import AsJson, Data, DryRun
from coffre.command_line.output import bar, show
from coffre.command_line.refusals import refusals
from coffre.settings import Settings

if TYPE_CHECKING:
    from storage.migrations.migrate import Planned
    from storage.migrations.revisions import Branch

Choices = Annotated[
    bool,
    typer.Option(
        "--choices",
        help="Move authorisations off cards of earlier versions instead; servers may run, no right changes.",
    ),
]
After = Annotated[
    UUID | None,
    typer.Option("--after", help="With --choices: go on after this record, where a run said so."),
]


def migrate(
    choices: Choices = False,
    after: After = None,
    dry_run: DryRun = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Bring the databases to this version's tables.

    Back up first. docs/upgrade.md says whether the servers may go on.
    """
    with refusals():
        settings = settings_of_installation(data)
        if choices:
            told = _move(settings, after, dry_run)
            would = "Would move" if dry_run else "Moved"
            text = f"{would} {told['authorisations']} authorisations of {told['cards']} records"
            show(told, as_json, f"{text}; looked at {told['records']}.")
            return
        if after is not None:
            raise typer.BadParameter("--after goes with --choices.")
        from coffre.installation import install

        if dry_run:
            plan = install.planned_migrations(settings)
            show(
                {name: [asdict(each) for each in found] for name, found in plan.items()}, as_json, _plan(plan)
            )
            return
        with_roles = install.migrate(settings)
    print("The databases are at this version.")
    if with_roles:
        print("Run coffre roles, too: what a migration added is nobody's but the owner's until then.")


def _plan(plan: "Mapping[Branch, list[Planned]]") -> str:
    lines = [
        f"{branch} {each.revision}{', beside the processes' if each.online else ''}: {each.what}"
        for branch, found in plan.items()
        for each in found
    ]
    return "\n".join(lines or ["The databases are at this version."])


def _move(settings: Settings, after: UUID | None, dry_run: bool) -> dict[str, int]:
    from coffre.installation.installation import Installation
    from coffre.operators.moving_choices import move_choices

    with Installation(settings) as installation, bar("records") as progress:
        return move_choices(installation, after, dry_run, progress)
