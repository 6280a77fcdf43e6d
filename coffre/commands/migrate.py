"""`coffre migrate`: bring the databases to this version."""

from coffre.command_line.options import Data, settings_of
from coffre.command_line.refusals import refusals


def migrate(data: Data = None) -> None:
    """Bring the databases to this version's tables. Stop the servers first, and back up."""
    from coffre.installation import install

    with refusals():
        with_roles = install.migrate(settings_of(data))
    print("The databases are at this version.")
    if with_roles:
        print("Run coffre roles, too: what a migration added is nobody's but the owner's until then.")
