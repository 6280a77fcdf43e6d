"""`coffre init`, `migrate` and `status`: the installation as a whole."""

from typing import Annotated

import typer

from coffre.command_line.options import AsJson, Data, listed, refusals, settings_of, show


def init(
    data: Data = None,
    environment: Annotated[str | None, typer.Option(help="demo, test or production.")] = None,
) -> None:
    """Make a data directory: databases, keys, demo authority."""
    from coffre.installation.install import initialise

    with refusals():
        settings = settings_of(data, for_init=True, environment=environment)
        places = initialise(settings)
    print(f"Coffre is ready in {settings.data} (environment {settings.environment.value}).")
    if settings.root_url.startswith("file:") and settings.passphrase() is None:
        print(
            "The root key lies in the data directory without a passphrase: whoever copies the whole "
            "directory can read it.\nFor more than a demo set COFFRE_VAULT_PASSPHRASE before init."
        )
    if not settings.pages() and not places.objects.startswith("file:"):
        print(
            "Browsers fetch from the object store itself, which admits no page yet: set COFFRE_PUBLIC_URL "
            "and run coffre migrate."
        )
    shares = sorted(places.data.absolute().parent.glob(f"{places.data.name}-share-*.txt"))
    if shares:
        print(
            "Hand each of these shares of the root to its holder and remove it here: "
            f"{', '.join(map(str, shares))}."
        )
    print(
        f"Keep {settings.root_url} safe: without it every document is lost for good.\n"
        f"The audit officer's private key is in {places.officer_key}: give it to the officer, then "
        "remove it here."
    )


def migrate(data: Data = None) -> None:
    """Bring the databases to this version's tables. Stop the servers first, and back up."""
    from coffre.installation import install

    with refusals():
        with_roles = install.migrate(settings_of(data))
    print("The databases are at this version.")
    if with_roles:
        print("Run coffre roles, too: what a migration added is nobody's but the owner's until then.")


def status(data: Data = None, as_json: AsJson = False) -> None:
    """What this Coffre holds and what waits."""
    from coffre.wiring import System

    with refusals(), System(settings_of(data)) as system:
        today = system.cpu_today()
        found = {
            "environment": system.identity.environment.value,
            "origin": system.identity.origin,
            "submissions": system.index.counts(),
            "validation_today": {
                "cpu_s": round(today.cpu_ms / 1000),
                "structures": today.structures,
                "past_allowance": today.past_allowance,
            },
            "parts_sharing_identifiers": system.index.sharing_identifiers(),
            **system.guard.inspector.status(),
        }
    show(found, as_json, listed(found))
