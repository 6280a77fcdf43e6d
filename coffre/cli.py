"""The command line: every command has --help, ends with one of `coffre.command_line.exits`."""

import sys
from typing import Annotated, ClassVar

import typer

from coffre.command_line.exits import Exit
from coffre.command_line.later import Later, LaterGroup
from coffre.processes import core_dumps


class Commands(LaterGroup):
    """Every command of Coffre, where it is defined, and what the list says of it."""

    table: ClassVar = {
        "init": Later("coffre.commands.init:init", "Make a data directory: databases, keys, demo authority."),
        "serve": Later(
            "coffre.commands.processes.serve:serve",
            "Run everything on the loopback until SIGTERM or Ctrl-C, each part a process of its own.",
        ),
        "worker": Later(
            "coffre.commands.processes.worker:worker",
            "Validate and publish what was received, in a process of its own, until SIGTERM.",
        ),
        "housekeeper": Later(
            "coffre.commands.processes.housekeeper:housekeeper",
            "Sequence the log, sweep, keep day keys, in a process of its own, until SIGTERM.",
        ),
        "vault": Later("coffre.commands.vault.group:vault_app", "The vault: keys, decisions, audit log."),
        "signin": Later(
            "coffre.commands.processes.sign_in:sign_in_app", "Who somebody is: the process of the doors."
        ),
        "account": Later(
            "coffre.commands.account:account_app", "Accounts of patients: open one, print letters."
        ),
        "record": Later("coffre.commands.record:record_app", "Records of persons."),
        "identity": Later(
            "coffre.commands.identity.group:identity_app",
            "Credentials: issue them in demo and test, withdraw them anywhere.",
        ),
        "issuers": Later(
            "coffre.commands.issuers.group:issuers_app",
            "Issuers: whose credentials are accepted, and for what.",
        ),
        "operator": Later(
            "coffre.commands.operator.group:operator_app",
            "Operators' hardware keys: enrol, list, end, sign a token.",
        ),
        "directory": Later(
            "coffre.commands.directory:directory_app",
            "Names of professionals and structures, from the public directory.",
        ),
        "proxy": Later("coffre.commands.proxy:proxy_app", "The proxy before the processes."),
        "audit": Later("coffre.commands.audit.group:audit_app", "The log of every access."),
        "send": Later(
            "coffre.commands.send:send_command",
            "Deposit DICOM files and PDF reports into a patient's record.",
        ),
        "fetch": Later(
            "coffre.commands.fetch:fetch_command",
            "Fetch what you may see of a patient's record; it is decrypted here, not on the server.",
        ),
        "quarantine": Later(
            "coffre.commands.quarantine.group:quarantine_app",
            "What was set aside: list, show, release into a record, destroy.",
        ),
        "compact": Later(
            "coffre.commands.compact:compact",
            "Repack studies that came in many deposits into one object each. Readers notice nothing.",
        ),
        "renditions": Later(
            "coffre.commands.renditions:renditions",
            "Make the small pictures of studies that have none yet. Readers notice nothing else.",
        ),
        "withdraw": Later(
            "coffre.commands.withdraw:withdraw",
            "Withdraw instances of a study, on request of the structure that deposited them.",
        ),
        "notices": Later(
            "coffre.commands.notices:notices",
            "Notices by what became of them, and the newest that reached nobody, without identity.",
        ),
        "status": Later(
            "coffre.commands.status:status", "What this Coffre holds, what waits, and which processes run."
        ),
        "doctor": Later("coffre.commands.doctor:doctor", "Say on one screen what is wrong and what to do."),
        "check": Later(
            "coffre.commands.check:check_command",
            "Compare objects, index, vault and log. Exit 0 where all is sound, 1 where something was found.",
        ),
        "backup": Later(
            "coffre.commands.backup:backup_command",
            "Back up index and vault while the servers run; never the root, never day keys.",
        ),
        "restore": Later(
            "coffre.commands.restore:restore_command",
            "Restore a backup into an empty place. The vault stays frozen.",
        ),
        "migrate": Later(
            "coffre.commands.migrate:migrate",
            "Bring the databases to this version's tables.",
        ),
        "roles": Later(
            "coffre.commands.roles:roles",
            "Give each process a role of its own in the Postgres databases, with exactly its rights.",
        ),
        "settings": Later("coffre.commands.settings:settings_app", "The settings of a site's processes."),
        "deploy": Later(
            "coffre.commands.deploy.group:deploy_app",
            "Units, users and settings of a site, from one description.",
        ),
        "demo": Later(
            "coffre.commands.demo:demo_command",
            "Play the whole story on real files, or serve its data to try the pages.",
        ),
    }


app = typer.Typer(cls=Commands, no_args_is_help=True, pretty_exceptions_enable=False)


def _show_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(f"coffre {version('coffre')}")
        raise typer.Exit


@app.callback()
def coffre(
    _: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    """Coffre: the hosting layer of a shared medical record. Demo: never with real patients."""


def main() -> None:
    """Entry point of the `coffre` command."""
    core_dumps.forbid()
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(Exit.INTERRUPTED)
    except Exception as error:  # a message or a frame could quote what was being handled
        print(f"internal: {_place_of(error)}. Tell those who maintain Coffre.", file=sys.stderr)
        sys.exit(Exit.REFUSED)


def _place_of(error: BaseException) -> str:
    """Where a fault of ours arose: its kind, module and line, and nothing else."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f" at {trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}" if trace is not None else ""
    return f"Coffre failed on something nobody foresaw, {type(error).__name__}{place}"


if __name__ == "__main__":
    main()
