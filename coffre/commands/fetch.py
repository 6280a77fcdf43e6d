"""`coffre fetch`: takes a patient's documents out of Coffre and opens them on this machine."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from client.fetch.documents import FetchClient
from client.fetch.fetching import Fetched, fetch
from client.fetch.keys import trusted_keys
from client.fetch.manifest import Manifest
from client.fetch.ranges import AT_ONCE, LEAST_MEMORY, MEMORY, MIB, Pace
from client.http_client import CoffreClient
from client.options import check_url, read_token
from client.possession import check_bound, read_key
from client.terminal import shown
from coffre.command_line.exits import Exit
from records.errors import CoffreError, Invalid
from records.people.identity import INS, INS_NIR_TEST

_PURPOSES = ("normal", "bris_de_glace", "centre_15")


def fetch_command(
    record: Annotated[str, typer.Option(help="The patient's INS: 15 characters.", show_default=False)],
    url: Annotated[str, typer.Option("--from", metavar="URL", help="The server.", show_default=False)],
    token_file: Annotated[Path, typer.Option(help="File with the reader's token.", show_default=False)],
    out: Annotated[Path, typer.Option(help="Folder for what is opened.", show_default=False)],
    key_file: Annotated[
        Path | None, typer.Option(help="Key that the token is bound to (PEM).", show_default=False)
    ] = None,
    study: Annotated[str | None, typer.Option(help="Only the study of this Study Instance UID.")] = None,
    document: Annotated[str | None, typer.Option(help="Only the document of this id.")] = None,
    purpose: Annotated[str, typer.Option(help="normal, bris_de_glace or centre_15.")] = "normal",
    reason: Annotated[
        str | None, typer.Option(help="Why an emergency mode is used; the patient reads it.")
    ] = None,
    oid: Annotated[
        str, typer.Option(help="OID of the INS; the default is that of test identities.")
    ] = INS_NIR_TEST,
    pin: Annotated[
        list[str] | None, typer.Option(help="Id or public key of the grant key to accept.")
    ] = None,
    known_keys: Annotated[
        Path | None, typer.Option(help="File that keeps the server's keys from the first visit on.")
    ] = None,
    at_once: Annotated[
        int, typer.Option(min=1, max=16, help="Ranges of 4 to 16 MiB that are read at the same time.")
    ] = AT_ONCE,
    memory: Annotated[
        int,
        typer.Option(
            min=LEAST_MEMORY // MIB,
            max=4096,
            metavar="MIB",
            help="Memory that these ranges may take together; if it is little, they are shorter and fewer.",
        ),
    ] = MEMORY // MIB,
    overview: Annotated[
        bool, typer.Option("--overview", help="Only the small picture of each series, as SERIES.jpg.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was written as JSON.")] = False,
    allow_http: Annotated[
        bool, typer.Option("--allow-http", help="Send the token over http:// to another machine.")
    ] = False,
) -> None:
    """Fetch what you may see of a patient's record; it is decrypted here, not on the server.

    Files are named by date and title, images of a study lie in its folder as SERIES/INSTANCE.dcm; the file
    manifest.json lists what the record shows, and which file is what. The exit code is 1 if the server
    refused or a file is not what was deposited, 2 if the command was misused.
    """
    try:
        ins = INS.parse(record, oid)
        address = check_url(url, allow_http=allow_http, option="--from")
        wanted = _document_id(study, document)
        _check_purpose(purpose)
        token = read_token(token_file)
        key = read_key(key_file) if key_file else None
        check_bound(token, key)
    except CoffreError as error:
        raise _stop(error, Exit.MISUSED) from None
    try:
        with (
            CoffreClient(address, token, key=key, allow_http=allow_http) as client,
            CoffreClient(address, None, allow_http=allow_http) as objects,
        ):
            keys, note = trusted_keys(client, pin or (), known_keys)
            if note:
                typer.echo(note, err=True)
            reader = FetchClient(client, objects, ins, keys, purpose=purpose, reason=reason)
            manifest = Manifest(out)
            pace = Pace.within(memory * MIB, at_once)
            fetched = fetch(
                reader,
                out,
                manifest,
                study=study,
                document=wanted,
                progress=_progress(),
                pace=pace,
                overview=overview,
            )
    except CoffreError as error:
        raise _stop(error, Exit.REFUSED) from None
    except OSError as error:
        where, why = error.filename or out, error.strerror or "the system refuses"
        full = CoffreError(f"{where} cannot be written or read: {why}.", code="cannot_write")
        raise _stop(full, Exit.REFUSED) from None
    _print(fetched, None if overview else manifest, as_json)


def _document_id(study: str | None, document: str | None) -> UUID | None:
    if study is not None and document is not None:
        raise Invalid("Give --study or --document, not both.", code="bad_request")
    if document is None:
        return None
    try:
        return UUID(document)
    except ValueError:
        raise Invalid(
            "--document takes the id of a document, as lists show it.", code="bad_request"
        ) from None


def _check_purpose(purpose: str) -> None:
    if purpose not in _PURPOSES:
        raise Invalid(f"--purpose is one of {', '.join(_PURPOSES)}.", code="bad_purpose")


def _progress() -> Progress | None:
    if not sys.stderr.isatty():
        return None
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)


def _print(fetched: Fetched, manifest: Manifest | None, as_json: bool) -> None:
    files = fetched.files
    listed = str(manifest.path) if files and manifest else None
    if as_json:
        told = {
            "files": [file.to_json() for file in files],
            "documents": manifest.documents if manifest else fetched.listed,
            "seen": len(fetched.listed),
            "fetched": len(fetched.written),
            "manifest": listed,
        }
        print(json.dumps(told, indent=2))
        return
    for file in files:
        typer.echo(shown(str(file.path)))
    for sentence in _said_of(fetched):
        typer.echo(sentence, err=True)
    typer.echo(
        f"There: {_counted_kinds(fetched.listed)}. Fetched: {len(fetched.written)} of them, "
        f"{len(files)} files, {sum(file.bytes for file in files)} bytes, every digest checked."
        + (f" {shown(listed)} says which file is what." if listed else ""),
        err=True,
    )


def _said_of(fetched: Fetched) -> Iterator[str]:
    """What has to be known of the documents that were fetched, before they are opened."""
    for one in fetched.listed:
        if str(one.get("id")) in fetched.written:
            for caution in one.get("cautions") or ():
                yield shown(f"{one.get('title')} [{one.get('id')}]: {caution['fr']} {caution['en']}")


def _counted_kinds(listed: Sequence[Mapping[str, Any]]) -> str:
    studies = [one for one in listed if one.get("study_uid")]
    counts = [one.get("instances") for one in studies]
    images = sum(count for count in counts if isinstance(count, int))
    others = len(listed) - len(studies)
    return f"{len(studies)} studies with {images} images, {others} other documents that you may see"


def _stop(error: CoffreError, status: int) -> typer.Exit:
    typer.echo(f"{error.code}: {error.sentence}", err=True)
    return typer.Exit(status)
