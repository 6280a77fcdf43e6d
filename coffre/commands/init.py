"""`coffre init`: make a data directory."""

from typing import Annotated

import typer

from coffre.command_line.options import Data, settings_of
from coffre.command_line.refusals import refusals


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
