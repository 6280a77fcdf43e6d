"""`coffre migrate`: bring the databases to this version."""

from coffre.command_line.opening import settings_of_installation
from coffre.command_line.options import Data
from coffre.command_line.refusals import refusals


def migrate(data: Data = None) -> None:
    """Bring the databases to this version's tables. Stop the servers first, and back up."""
    with refusals():
        settings = settings_of_installation(data)
        from coffre.installation import install

        with_roles = install.migrate(settings)
    print("The databases are at this version.")
    if with_roles:
        print("Run coffre roles, too: what a migration added is nobody's but the owner's until then.")
