"""`coffre quarantine`: list what was set aside; two operators discharge or destroy it."""

import typer

from coffre.commands.quarantine.destroy import destroy
from coffre.commands.quarantine.list import list_items
from coffre.commands.quarantine.release import discharge
from coffre.commands.quarantine.show import show_item

quarantine_app = typer.Typer(
    help="What was set aside: list, show, release into a record, destroy.", no_args_is_help=True
)
quarantine_app.command("list")(list_items)
quarantine_app.command("show")(show_item)
quarantine_app.command("release")(discharge)
quarantine_app.command("destroy")(destroy)
