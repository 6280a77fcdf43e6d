"""The command line: every command has --help, exits 0 done, 1 refused or failed, 2 misused."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from coffre import identity_files, logs
from coffre.identities import Identities
from coffre.install import initialise
from coffre.install import migrate as migrate_databases
from coffre.settings import Settings, load
from coffre.wiring import System
from keyvault.verbs.attempt import Denied
from records.errors import CoffreError, Invalid
from records.identity import Traits

app = typer.Typer(
    help="Coffre: the hosting layer of a shared medical record. Demo: never with real patients.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
record_app = typer.Typer(help="Records of persons.", no_args_is_help=True)
identity_app = typer.Typer(
    help="Identities of the demo authority (demo and test only).", no_args_is_help=True
)
audit_app = typer.Typer(help="The log of every access.", no_args_is_help=True)
vault_app = typer.Typer(help="The vault: keys, decisions, audit log.", no_args_is_help=True)
app.add_typer(record_app, name="record")
app.add_typer(vault_app, name="vault")
app.add_typer(identity_app, name="identity")
app.add_typer(audit_app, name="audit")

err = Console(stderr=True, highlight=False)
Data = Annotated[Path | None, typer.Option("--data", help="Data directory.  [default: COFFRE_DATA or .data]")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


class OnlyPart(StrEnum):
    """What `serve --only` takes; coffre.app has its meaning and loads too slowly for --help."""

    INTAKE = "intake"
    READER = "reader"
    GATEWAY = "gateway"


class Sex(StrEnum):
    FEMALE = "F"
    MALE = "M"
    UNKNOWN = "U"


REFUSED, MISUSED = 1, 2


@contextmanager
def refusals(invalid: int = REFUSED) -> Iterator[None]:
    """What can be explained is one sentence and exit 1, never a traceback; `invalid` for a bad value."""
    try:
        yield
    except CoffreError as error:
        code, sentence = error.code, error.sentence
        status = invalid if isinstance(error, Invalid) else REFUSED
    except OSError as error:
        code, status = "no_access", REFUSED
        sentence = f"{error.filename or 'A file'} cannot be used: {error.strerror or 'the system refuses'}."
    else:
        return
    # not as markup: a path may hold brackets
    err.print(Text.assemble((code, "red"), f": {sentence}"), soft_wrap=True)
    raise typer.Exit(status)


def show(data: dict[str, Any], as_json: bool, text: str) -> None:
    print(json.dumps(data, ensure_ascii=False) if as_json else text)


def settings_of(data: Path | None, **more: object) -> Settings:
    found = load(data=data, **more)
    logs.configure(found.log_format)
    return found


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
    from coffre.app import Part
    from coffre.serve import run

    with refusals():
        run(settings_of(data), port, only=Part(only.value) if only else None)


@app.command()
def worker(data: Data = None) -> None:
    """Validate and publish what was received, in a process of its own, until SIGTERM."""
    _run("run_worker", data)


@app.command()
def housekeeper(data: Data = None) -> None:
    """Sequence the log, sweep, send notices, in a process of its own, until SIGTERM."""
    _run("run_housekeeper", data)


@vault_app.command("serve")
def vault_serve(data: Data = None) -> None:
    """Run the vault behind its doors at COFFRE_VAULT_URL, until SIGTERM."""
    _run("run_vault", data)


def _run(process: str, data: Path | None) -> None:
    from coffre import processes

    with refusals():
        getattr(processes, process)(settings_of(data), lambda what: print(f"ready {what}", flush=True))


@app.command()
def migrate(data: Data = None) -> None:
    """Bring the databases to this version's tables. Stop the servers first, and back up."""
    with refusals():
        migrate_databases(settings_of(data))
    print("The databases are at this version.")


@record_app.command("open")
def record_open(
    ins: Annotated[str, typer.Argument(help="INS: 15 characters, key included.")],
    family_name: Annotated[str, typer.Option(help="Birth name.")],
    given_name: Annotated[str, typer.Option(help="Birth first names.")],
    birth_date: Annotated[str, typer.Option(help="YYYY-MM-DD.")],
    sex: Annotated[Sex, typer.Option(help="F, M or U.")],
    consent: Annotated[
        str, typer.Option(help="How consent was given.")
    ] = "given orally, noted by the operator",
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Open a person's record, with the consent recorded."""
    with refusals(MISUSED), System(settings_of(data)) as system:
        call = Identities(system).operator()
        traits = Traits(family_name, given_name, birth_date, sex.value)
        answer = system.guard.operator.open_record(
            call, ins, traits, consent_by="operator", consent_how=consent
        )
        if isinstance(answer, Denied):
            raise CoffreError("The vault refuses to open this record.", code=answer.reason.value)
        system.guard.housekeeper.sequence()
    public = str(answer.public_id)
    show({"record": public}, as_json, f"Record opened. Its public id is {public}.")


issue_app = typer.Typer(help="Issue an identity: a token, a certificate and its key.", no_args_is_help=True)
identity_app.add_typer(issue_app, name="issue")
Out = Annotated[
    Path, typer.Option("--out", help="Folder for the files (0600), never inside the data directory.")
]
DEFAULT_OUT = Path("coffre-identities")
Link = Annotated[
    str | None, typer.Option("--link", help="Also print a sign-in link for the pages at this origin.")
]


Bound = Annotated[
    bool, typer.Option("--bound", help="Bind the token to the key: useless to whoever has not both.")
]


def _issue(
    data: Path | None,
    out: Path,
    link: str | None,
    bound: bool,
    as_json: bool,
    name: str,
    role: str,
    **claims: Any,
) -> None:
    with refusals(MISUSED), System(settings_of(data)) as system:
        if bound and link is not None:
            raise Invalid("The pages take bearer tokens: give --link or --bound.", code="bad_request")
        certified = identity_files.certify(system, name)
        if bound:
            claims["key"] = certified.thumbprint
        token = getattr(Identities(system), role)(**claims)
        issued = identity_files.write(system, out, name, token, certified)
        if link is not None:
            issued["link"] = identity_files.sign_in_link(system, token, link)
    show(issued, as_json, "\n".join(f"{key}: {value}" for key, value in issued.items()))


@issue_app.command()
def depositor(
    structure: Annotated[str, typer.Option(help="National number of the structure, such as 1750000001.")],
    data: Data = None,
    out: Out = DEFAULT_OUT,
    bound: Bound = False,
    as_json: AsJson = False,
) -> None:
    """A laboratory's or hospital's system that deposits."""
    _issue(data, out, None, bound, as_json, f"depositor-{structure}", "depositor", structure=structure)


@issue_app.command()
def professional(
    rpps: Annotated[str, typer.Option(help="National number, such as 899700024450.")],
    profession: Annotated[str, typer.Option(help="Code of TRE_G15: 10 doctor, 60 nurse…")],
    structure: Annotated[str, typer.Option(help="National number of the structure.")],
    sector: Annotated[str | None, typer.Option(help="Sector of activity, SA….")] = None,
    setting: Annotated[str | None, typer.Option(help="SAMU_SMUR for a regulation centre.")] = None,
    data: Data = None,
    out: Out = DEFAULT_OUT,
    link: Link = None,
    bound: Bound = False,
    as_json: AsJson = False,
) -> None:
    """A doctor, nurse or other professional."""
    _issue(
        data,
        out,
        link,
        bound,
        as_json,
        f"professional-{rpps}",
        "professional",
        rpps=rpps,
        profession=profession,
        structure=structure,
        sector=sector,
        setting=setting,
    )


@issue_app.command()
def patient(
    ins: Annotated[str, typer.Option(help="INS: 15 characters, key included.")],
    data: Data = None,
    out: Out = DEFAULT_OUT,
    link: Link = None,
    bound: Bound = False,
    as_json: AsJson = False,
) -> None:
    """The holder of a record."""
    _issue(data, out, link, bound, as_json, "patient", "patient", ins_text=ins)


@audit_app.command("verify")
def audit_verify(data: Data = None, as_json: AsJson = False) -> None:
    """Check the whole log: entries, tiles, checkpoints, chains, digests; name the first divergence."""
    with refusals(), System(settings_of(data)) as system:
        report = system.guard.inspector.verify_log()
    found = {
        "size": report.size,
        "root": report.root.hex(),
        "checkpoints": report.checkpoints,
        "signed": report.signed,
        "chains": report.chains,
        "events": report.events,
        "closed_events": report.closed_events,
        "accountability": report.lines,
        "pending": report.pending,
    }
    text = (
        f"The log is sound: {report.size} entries, {report.checkpoints} checkpoints, {report.chains} chains, "
        f"{report.events} events.\nRoot {report.root.hex()}"
    )
    if report.pending:
        text += f"\n{report.pending} entries wait for their position; that is no fault."
    show(found, as_json, text)


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
    from coffre.backup import backup_command
    from coffre.check import check_command
    from coffre.demo import demo_command
    from coffre.fetch import fetch_command
    from coffre.restore import restore_command
    from coffre.send import send_command
    from coffre.thaw import accept_gap_command, replay_command

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
