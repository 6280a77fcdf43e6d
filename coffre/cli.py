"""The command line: every command has --help, exits 0 done, 1 refused or failed, 2 misused."""

import sys
from enum import StrEnum
from typing import Annotated

import typer

from coffre.commands.audit import audit_app
from coffre.commands.common import MISUSED, AsJson, Data, refusals, run_process, settings_of, show
from coffre.commands.identity import identity_app
from coffre.commands.record import record_app
from coffre.commands.vault import vault_app
from coffre.install import initialise
from coffre.install import migrate as migrate_databases
from coffre.wiring import System

app = typer.Typer(
    help="Coffre: the hosting layer of a shared medical record. Demo: never with real patients.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(record_app, name="record")
app.add_typer(vault_app, name="vault")
app.add_typer(identity_app, name="identity")
app.add_typer(audit_app, name="audit")


class OnlyPart(StrEnum):
    """What `serve --only` takes; coffre.serving.app has its meaning and loads too slowly for --help."""

    INTAKE = "intake"
    READER = "reader"
    GATEWAY = "gateway"


@app.command()
def init(
    data: Data = None,
    environment: Annotated[str | None, typer.Option(help="demo or test.")] = None,
) -> None:
    """Make a data directory: databases, keys, demo authority."""
    with refusals(MISUSED):
        settings = settings_of(data, environment=environment)
        places = initialise(settings)
    print(f"Coffre is ready in {settings.data} (environment {settings.environment.value}).")
    if settings.passphrase() is None:
        print(
            "The root key lies in the data directory without a passphrase: whoever copies the whole "
            "directory can read it.\nFor more than a demo set COFFRE_VAULT_PASSPHRASE before init."
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


@app.command()
def serve(
    data: Data = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on 127.0.0.1.")] = 8080,
    only: Annotated[OnlyPart | None, typer.Option(help="Serve one part alone.")] = None,
) -> None:
    """Run everything in one process on the loopback, until SIGTERM or Ctrl-C."""
    from coffre.serving.app import Part
    from coffre.serving.serve import run

    with refusals():
        run(settings_of(data), port, only=Part(only.value) if only else None)


@app.command()
def worker(data: Data = None) -> None:
    """Validate and publish what was received, in a process of its own, until SIGTERM."""
    run_process("run_worker", data)


@app.command()
def housekeeper(data: Data = None) -> None:
    """Sequence the log, sweep, send notices, in a process of its own, until SIGTERM."""
    run_process("run_housekeeper", data)


@app.command()
def migrate(data: Data = None) -> None:
    """Bring the databases to this version's tables. Stop the servers first, and back up."""
    with refusals():
        migrate_databases(settings_of(data))
    print("The databases are at this version.")


@app.command()
def status(data: Data = None, as_json: AsJson = False) -> None:
    """What this Coffre holds and what waits."""
    with refusals(), System(settings_of(data)) as system:
        found = {
            "environment": system.identity.environment.value,
            "origin": system.identity.origin,
            "submissions": system.index.counts(),
            **system.guard.inspector.status(),
        }
    show(found, as_json, "\n".join(f"{key}: {value}" for key, value in found.items()))


def main() -> None:
    """Entry point of the `coffre` command."""
    _add_later_commands()
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)


def _add_later_commands() -> None:
    from coffre.demo import demo_command
    from coffre.fetch import fetch_command
    from coffre.safekeeping.backup import backup_command
    from coffre.safekeeping.check import check_command
    from coffre.safekeeping.restore import restore_command
    from coffre.safekeeping.thaw import accept_gap_command, replay_command
    from coffre.send import send_command

    app.command("send")(send_command)
    app.command("fetch")(fetch_command)
    app.command("demo")(demo_command)
    app.command("check")(check_command)
    app.command("backup")(backup_command)
    app.command("restore")(restore_command)
    vault_app.command("replay")(replay_command)
    vault_app.command("accept-gap")(accept_gap_command)


if __name__ == "__main__":
    main()
