"""`coffre send`: deposits files and folders into a record, and says of each file what became of it."""

from collections.abc import Sequence
from pathlib import Path
from ssl import SSLContext
from typing import Annotated

import typer

from client.certificates import FetchedToken, tls_context
from client.http_client import CoffreClient, Token
from client.options import check_url, read_token
from client.possession import check_bound, read_key
from client.send import showing
from client.send.deposits import LONGEST_WAIT_S
from client.send.sending import Sending, sent
from client.send.verdicts import HARMLESS, FileVerdict
from coffre.command_line.exits import Exit
from keyvault.credentials.proving import ProofKey
from records.documents.depositing_labels import stated_labels
from records.errors import CoffreError, Invalid
from records.people.identity import INS, INS_NIR_TEST
from records.vocabulary.codes import Label
from records.vocabulary.document_types import DOCUMENT_TYPES

IMAGING_REPORT = "18748-4"
PARALLEL, MOST_PARALLEL = 4, 32


def send_command(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH", help="Files, folders, DICOMDIRs, archives.")],
    record: Annotated[str, typer.Option(help="The patient's INS: 15 characters.", show_default=False)],
    to: Annotated[str, typer.Option(metavar="URL", help="The server.", show_default=False)],
    token_file: Annotated[
        Path | None, typer.Option(help="File with the depositor's token.", show_default=False)
    ] = None,
    key_file: Annotated[
        Path | None, typer.Option(help="Key that the token is bound to (PEM).", show_default=False)
    ] = None,
    certificate: Annotated[
        Path | None,
        typer.Option(help="Your structure's certificate (PEM), in place of a token.", show_default=False),
    ] = None,
    certificate_key: Annotated[
        Path | None,
        typer.Option(help="Key of --certificate, if it is in a file of its own (PEM).", show_default=False),
    ] = None,
    ca: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="Authority of the server's certificate, if unknown here (PEM).",
            show_default=False,
        ),
    ] = None,
    oid: Annotated[
        str, typer.Option(help="OID of the INS; the default is that of test identities.")
    ] = INS_NIR_TEST,
    type_code: Annotated[
        str, typer.Option("--type", help="Type code of PDF documents (LOINC or DMP).")
    ] = IMAGING_REPORT,
    title: Annotated[
        str | None, typer.Option(help="Title of PDF documents; their file name if not given.")
    ] = None,
    labels: Annotated[
        list[Label] | None,
        typer.Option("--label", help="Who shall not see it, for all that is sent; again for each one."),
    ] = None,
    wait: Annotated[float, typer.Option(help="Seconds that a verdict may take.", min=0)] = LONGEST_WAIT_S,
    parallel: Annotated[int, typer.Option(help="Requests at once.", min=1, max=MOST_PARALLEL)] = PARALLEL,
    journal: Annotated[
        Path | None,
        typer.Option(
            help="File that remembers verdicts, for later runs too. Without it an interrupted run is "
            "remembered until the same command has ended it.",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be sent, and send nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the verdicts as JSON.")] = False,
    as_lines: Annotated[
        bool, typer.Option("--json-lines", help="Print each verdict as JSON when it comes, then the summary.")
    ] = False,
    allow_http: Annotated[
        bool, typer.Option("--allow-http", help="Send the token over http:// to another machine.")
    ] = False,
) -> None:
    """Deposit DICOM files and PDF reports into a patient's record.

    Folders are walked, a DICOMDIR sends what it lists, zip archives are read in place; files are recognised
    by content. Whatever interrupts it, the same command sends only what has no final verdict yet. Keep your
    files until their verdict is "published" or "duplicate": then the exit code is 0. It is 1 if something was
    refused or is unknown, 2 if the command was misused, 130 if it was interrupted.
    """
    try:
        if as_json and as_lines:
            raise Invalid("Give --json or --json-lines, not both.", code="bad_option")
        ins = INS.parse(record, oid)
        url = check_url(to, allow_http=allow_http, option="--to")
        if type_code not in DOCUMENT_TYPES:
            raise Invalid("This is no document type of the shared medical record.", code="type_unknown")
        stated = tuple(sorted(stated_labels(labels or [], type_code)))
        tls = tls_context(url, certificate, certificate_key, ca)
        _check_one_credential(token_file, key_file, certificate)
        key = read_key(key_file) if key_file else None
        token = _token(token_file, key, url, tls)
        sending = Sending(
            ins, url, token, key, tls, allow_http, type_code, title, stated, wait, parallel, journal
        )
        verdicts, interrupted = sent(sending, paths, dry_run=dry_run, as_lines=as_lines)
    except CoffreError as error:
        typer.echo(f"{error.code}: {error.sentence}", err=True)
        raise typer.Exit(Exit.MISUSED if isinstance(error, Invalid) else Exit.REFUSED) from None
    except KeyboardInterrupt:
        raise typer.Exit(Exit.INTERRUPTED) from None
    _print(verdicts, as_json=as_json, as_lines=as_lines)
    if interrupted:
        raise typer.Exit(Exit.INTERRUPTED)
    raise typer.Exit(Exit.DONE if all(one.outcome in HARMLESS for one in verdicts) else Exit.REFUSED)


def _check_one_credential(token_file: Path | None, key_file: Path | None, certificate: Path | None) -> None:
    if (token_file is None) == (certificate is None) or (certificate and key_file):
        raise Invalid(
            "Give --token-file, or your structure's --certificate; --key-file is a token's.",
            code="bad_option",
        )


def _token(file: Path | None, key: ProofKey | None, url: str, tls: SSLContext | None) -> Token:
    """The one in the file, or what is fetched anew whenever it ends."""
    if file is None:
        return FetchedToken(CoffreClient(url, None, tls=tls))
    token = read_token(file)
    check_bound(token, key)
    return token


def _print(verdicts: Sequence[FileVerdict], *, as_json: bool, as_lines: bool) -> None:
    if as_json:
        showing.print_json(verdicts)
    elif as_lines:
        showing.print_line({"summary": showing.summary(verdicts)})
    else:
        showing.print_verdicts(verdicts)
