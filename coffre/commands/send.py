"""`coffre send`: deposits files and folders into a record, and says of each file what became of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from ssl import SSLContext
from typing import Annotated

import typer

from client.certificates import FetchedToken, tls_context
from client.fetch.keys import published_keys
from client.http_client import CoffreClient, Token
from client.options import check_url, read_token
from client.possession import check_bound, read_key
from client.send import showing
from client.send.delivery import Delivery, planned
from client.send.deposits import LONGEST_WAIT_S, SendClient
from client.send.finding import Found, candidates
from client.send.journal import Journal, default_place
from client.send.plan import Candidate
from client.send.verdicts import HARMLESS, FileVerdict, Outcome
from coffre.command_line.exits import Exit
from keyvault.credentials.proving import ProofKey
from records.documents.depositing_labels import stated_labels
from records.errors import CoffreError, Invalid
from records.people.identity import INS, INS_NIR_TEST
from records.vocabulary.codes import Label
from records.vocabulary.document_types import DOCUMENT_TYPES

IMAGING_REPORT = "18748-4"
PARALLEL, MOST_PARALLEL = 4, 32
JOURNALS = Path(".local/state/coffre")
"""Below the home folder, as the XDG base directories have it."""


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
        if (token_file is None) == (certificate is None) or (certificate and key_file):
            raise Invalid(
                "Give --token-file, or your structure's --certificate; --key-file is a token's.",
                code="bad_option",
            )
        key = read_key(key_file) if key_file else None
        token = _token(token_file, key, url, tls)
        sending = _Sending(
            ins, url, token, key, tls, allow_http, type_code, title, stated, wait, parallel, journal
        )
        verdicts, interrupted = _sent(sending, paths, dry_run=dry_run, as_lines=as_lines)
    except CoffreError as error:
        typer.echo(f"{error.code}: {error.sentence}", err=True)
        raise typer.Exit(Exit.MISUSED if isinstance(error, Invalid) else Exit.REFUSED) from None
    except KeyboardInterrupt:
        raise typer.Exit(Exit.INTERRUPTED) from None
    _print(verdicts, as_json=as_json, as_lines=as_lines)
    if interrupted:
        raise typer.Exit(Exit.INTERRUPTED)
    raise typer.Exit(Exit.DONE if all(one.outcome in HARMLESS for one in verdicts) else Exit.REFUSED)


def _token(file: Path | None, key: ProofKey | None, url: str, tls: SSLContext | None) -> Token:
    """The one in the file, or what is fetched anew whenever it ends."""
    if file is None:
        return FetchedToken(CoffreClient(url, None, tls=tls))
    token = read_token(file)
    check_bound(token, key)
    return token


@dataclass(frozen=True, slots=True)
class _Sending:
    """What the options ask for, checked."""

    ins: INS
    url: str
    token: Token = field(repr=False)
    key: ProofKey | None
    tls: SSLContext | None
    allow_http: bool
    type_code: str
    title: str | None
    labels: tuple[Label, ...]
    wait: float
    parallel: int
    journal: Path | None

    def client(self) -> CoffreClient:
        return CoffreClient(self.url, self.token, key=self.key, tls=self.tls, allow_http=self.allow_http)

    @property
    def context(self) -> list[str]:
        """What makes the same bytes another deposit."""
        return [self.url, self.ins.oid, self.ins.matricule, self.type_code, self.title or "", *self.labels]


def _sent(
    sending: _Sending, paths: Sequence[Path], *, dry_run: bool, as_lines: bool
) -> tuple[list[FileVerdict], bool]:
    """The verdicts, and whether the run was interrupted."""
    with showing.bar() as bar:
        found = _sendable(paths, bar.found)
        watch = showing.watch(bar, as_lines)
        if dry_run:
            verdicts = [planned(candidate) for candidate in found]
            watch.judged(verdicts)
            return verdicts, False
        bar.start(len(found), sum(one.size for one in found if not one.trouble))
        if callable(sending.token):
            sending.token()  # a certificate that is refused is refused before any file is read
        clients = [sending.client() for _ in range(sending.parallel)]
        journal = _journal(sending, paths, clients[0])
        senders = [
            SendClient(client, sending.ins, labels=sending.labels, wait=sending.wait) for client in clients
        ]
        delivery = Delivery(senders, journal, type_code=sending.type_code, title=sending.title, watch=watch)
        verdicts = delivery.run(found)
    whole = all(one.final or one.outcome is Outcome.SKIPPED for one in verdicts)
    journal.close(forget=whole and sending.journal is None)
    if delivery.unkept:
        _say("journal_failing", "The journal cannot be written: an interrupted sending starts anew.")
    if delivery.interrupted:
        _say("interrupted", "Run the same command again: it sends what has no verdict yet.")
    return verdicts, delivery.interrupted


def _journal(sending: _Sending, paths: Iterable[Path], client: CoffreClient) -> Journal:
    """The journal named, or the command's own. Raises what `Journal` raises, `Invalid` "journal_unusable"."""
    context = [*_who(client), *sending.context]
    try:
        if sending.journal is not None:
            return Journal(context, sending.journal)
        folder = Path.home() / JOURNALS
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        command = [*sending.context, *(str(path.absolute()) for path in paths)]
        return Journal(context, default_place(folder, command))
    except (OSError, RuntimeError):  # RuntimeError: there is no home folder
        if sending.journal is not None:
            raise Invalid(
                "The journal cannot be opened: name a file that you may write.", code="journal_unusable"
            ) from None
    _say(
        "no_journal", "No journal can be kept in your home folder: give --journal to be able to go on later."
    )
    return Journal(context)


def _who(client: CoffreClient) -> list[str]:
    """The keys of a server: another one at the same address knows none of the verdicts.

    Raises `CoffreError` "unreachable".
    """
    try:
        return sorted(published_keys(client))
    except CoffreError as error:
        if error.code == "unreachable":
            raise
        return []  # an intake alone publishes no keys


def _sendable(paths: Iterable[Path], found: Found) -> list[Candidate]:
    sendable = candidates(paths, found)
    if all(planned(one).outcome is Outcome.SKIPPED for one in sendable):
        raise Invalid("There is neither a DICOM nor a PDF file in what was given.", code="nothing_to_send")
    return sendable


def _print(verdicts: Sequence[FileVerdict], *, as_json: bool, as_lines: bool) -> None:
    if as_json:
        showing.print_json(verdicts)
    elif as_lines:
        showing.print_line({"summary": showing.summary(verdicts)})
    else:
        showing.print_verdicts(verdicts)


def _say(code: str, sentence: str) -> None:
    typer.echo(f"{code}: {sentence}", err=True)
