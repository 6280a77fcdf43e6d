"""`coffre send`: deposits files and folders into a record, and says of each file what became of it."""

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn
from rich.table import Table
from rich.text import Text

from coffre.client.possession import check_bound, read_key
from coffre.client.server import Server, check_url, read_token
from coffre.sending.client import HARMLESS, LONGEST_WAIT_S, FileVerdict, Outcome, SendClient
from coffre.sending.plan import Candidate, Kind, batches, candidates
from records.errors import CoffreError, Invalid
from records.identity import INS, INS_NIR_TEST
from records.vocabulary.document_types import DOCUMENT_TYPES

IMAGING_REPORT = "18748-4"
ALL_KEPT, SOME_REFUSED, USAGE = 0, 1, 2
_COLOURS = {Outcome.PUBLISHED: "green", Outcome.DUPLICATE: "green", Outcome.SKIPPED: "dim"}
_ENDED = frozenset({"token_invalid", "token_expired", "unreachable", "http_401", "possession_required"})


def send_command(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH", help="Files and folders to deposit.")],
    record: Annotated[str, typer.Option(help="The patient's INS: 15 characters.", show_default=False)],
    to: Annotated[str, typer.Option(metavar="URL", help="The server.", show_default=False)],
    token_file: Annotated[Path, typer.Option(help="File with the depositor's token.", show_default=False)],
    key_file: Annotated[
        Path | None, typer.Option(help="Key that the token is bound to (PEM).", show_default=False)
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
    wait: Annotated[float, typer.Option(help="Seconds that a verdict may take.", min=0)] = LONGEST_WAIT_S,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be sent, and send nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the verdicts as JSON.")] = False,
    allow_http: Annotated[bool, typer.Option(help="Send the token over http:// to another machine.")] = False,
) -> None:
    """Deposit DICOM files and PDF reports into a patient's record.

    Folders are walked; files are recognised by content. Keep your files until their verdict is "published"
    or "duplicate": then the exit code is 0. It is 1 if something was refused, 2 if the command was misused.
    """
    try:
        ins = INS.parse(record, oid)
        url = check_url(to, allow_http=allow_http)
        if type_code not in DOCUMENT_TYPES:
            raise Invalid("This is no document type of the shared medical record.", code="type_unknown")
        found = _sendable(paths)
        token = read_token(token_file)
        key = read_key(key_file) if key_file else None
        check_bound(token, key)
    except CoffreError as error:
        raise _usage(error) from None
    if dry_run:
        verdicts = [_planned(candidate) for candidate in found]
    else:
        with Server(url, token, key=key, allow_http=allow_http) as server:
            client = SendClient(server, ins, wait=wait)
            verdicts = send(client, found, type_code=type_code, title=title, progress=_progress())
    _print(verdicts, as_json)
    raise typer.Exit(ALL_KEPT if all(one.outcome in HARMLESS for one in verdicts) else SOME_REFUSED)


def send(
    client: SendClient,
    found: Sequence[Candidate],
    *,
    type_code: str = IMAGING_REPORT,
    title: str | None = None,
    progress: Progress | None = None,
) -> list[FileVerdict]:
    """Deposits all candidates, study by study, then the PDFs; returns a verdict each, in the order given.

    A request that fails makes verdicts like any other; what follows is still sent unless nothing can succeed.
    """
    verdicts = {one.path: _planned(one) for one in found if one.kind is Kind.OTHER}
    reports = [[one] for one in found if one.kind is Kind.PDF]
    bar = progress or Progress(disable=True)
    ended: CoffreError | None = None
    with bar:
        task = bar.add_task("sending", total=sum(one.size for one in found if one.kind is not Kind.OTHER))
        done = 0
        for batch in [*batches(found), *reports]:
            size = sum(one.size for one in batch)
            try:
                if ended is not None:
                    raise ended
                answers = _send_batch(client, batch, type_code, title, _Sent(bar, task, done, size))
            except (CoffreError, OSError) as error:
                answers = [_failed(one, error) for one in batch]
                ended = error if isinstance(error, CoffreError) and error.code in _ENDED else None
            verdicts.update({one.path: answer for one, answer in zip(batch, answers, strict=True)})
            done += size
            bar.update(task, completed=done)
    return [verdicts[one.path] for one in found]


class _Sent:
    """Moves the bar within a batch, framing not counted."""

    def __init__(self, bar: Progress, task: int, before: int, size: int) -> None:
        self._bar, self._task, self._before, self._size = bar, task, before, size

    def __call__(self, sent: int) -> None:
        self._bar.update(self._task, completed=self._before + min(sent, self._size))  # type: ignore[arg-type]


def _send_batch(
    client: SendClient, batch: Sequence[Candidate], type_code: str, title: str | None, sent: _Sent
) -> list[FileVerdict]:
    if batch[0].kind is Kind.PDF:
        return [client.send_pdf(batch[0], type_code=type_code, title=title)]
    return client.send_dicom(batch, sent)


def _sendable(paths: Iterable[Path]) -> list[Candidate]:
    found = candidates(paths)
    if all(one.kind is Kind.OTHER for one in found):
        raise Invalid("There is neither a DICOM nor a PDF file in what was given.", code="nothing_to_send")
    return found


def _planned(candidate: Candidate) -> FileVerdict:
    outcome = Outcome.SKIPPED if candidate.kind is Kind.OTHER else Outcome.PLANNED
    return FileVerdict(str(candidate.path), candidate.kind.value, outcome, "", candidate.skip)


def _failed(candidate: Candidate, error: Exception) -> FileVerdict:
    code, sentence = "unreadable", "The file cannot be read any more."
    if isinstance(error, CoffreError):
        code, sentence = error.code, error.sentence
    return FileVerdict(str(candidate.path), candidate.kind.value, Outcome.FAILED, code, sentence)


def _progress() -> Progress | None:
    if not sys.stderr.isatty():
        return None
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)


def _print(verdicts: Sequence[FileVerdict], as_json: bool) -> None:
    counts = {outcome.value: sum(one.outcome is outcome for one in verdicts) for outcome in Outcome}
    counts = {name: count for name, count in counts.items() if count}
    if as_json:
        print(json.dumps({"files": [one.to_json() for one in verdicts], "summary": counts}, indent=2))
        return
    table = Table("File", "Verdict", "Reason", box=None, pad_edge=False)
    for one in verdicts:
        reason = "" if one.code == one.outcome.value else one.reason
        verdict = Text(one.outcome.value, style=_COLOURS.get(one.outcome, "red"))
        table.add_row(
            _shown(one.path), verdict, Text(f"{one.code}: {reason}" if one.code and reason else reason)
        )
    console = Console()
    console.print(table)
    console.print(Text(", ".join(f"{count} {name}" for name, count in counts.items())))


def _shown(path: str) -> Text:
    """A path as text, whatever bytes its name holds."""
    return Text(path.encode("utf-8", "backslashreplace").decode(), overflow="fold")


def _usage(error: CoffreError) -> typer.Exit:
    typer.echo(f"{error.code}: {error.sentence}", err=True)
    return typer.Exit(USAGE)
