"""`coffre fetch`: takes a patient's documents out of Coffre and opens them on this machine."""

import hashlib
import json
import os
import secrets
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import quote
from uuid import UUID

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from coffre.client.possession import check_bound, read_key
from coffre.client.server import Server, bad_answer, check_url, read_token
from coffre.fetching.client import FetchClient, OpenedGrant, digest_mismatch
from coffre.fetching.keys import trusted_keys
from records.errors import CoffreError, Invalid
from records.identity import INS, INS_NIR_TEST

OPENED, REFUSED, USAGE = 0, 1, 2
_PURPOSES = ("normal", "bris_de_glace", "centre_15")
_ENDINGS = {
    "application/pdf": "pdf",
    "application/dicom": "dcm",
    "text/xml": "xml",
    "application/xml": "xml",
    "image/jpeg": "jpg",
    "text/plain": "txt",
}


@dataclass(frozen=True, slots=True)
class Part:
    """One file to write: its place below the output folder, its plaintext's place, its SHA-256."""

    place: Path
    blob_id: UUID
    offset: int
    length: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class FetchedFile:
    """A file that was written; its digest was checked."""

    path: Path
    bytes: int
    sha256: str

    def to_json(self) -> dict[str, str | int]:
        return {"path": str(self.path), "bytes": self.bytes, "sha256": self.sha256}


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
        list[str] | None, typer.Option(help="Id or public key of the grant key to believe.")
    ] = None,
    known_keys: Annotated[
        Path | None, typer.Option(help="File that keeps the server's keys from the first visit on.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was written as JSON.")] = False,
    allow_http: Annotated[
        bool, typer.Option("--allow-http", help="Send the token over http:// to another machine.")
    ] = False,
) -> None:
    """Fetch what you may see of a patient's record; it is decrypted here, not on the server.

    Images become STUDY/SERIES/INSTANCE.dcm, documents ID.pdf. The exit code is 1 if the server refused or a
    file is not what was deposited, 2 if the command was misused.
    """
    try:
        ins = INS.parse(record, oid)
        address = check_url(url, allow_http=allow_http)
        wanted = _document_id(study, document)
        _check_purpose(purpose)
        token = read_token(token_file)
        key = read_key(key_file) if key_file else None
        check_bound(token, key)
    except CoffreError as error:
        raise _stop(error, USAGE) from None
    try:
        with (
            Server(address, token, key=key, allow_http=allow_http) as server,
            Server(address, None, allow_http=allow_http) as objects,
        ):
            keys, note = trusted_keys(server, pin or (), known_keys)
            if note:
                typer.echo(note, err=True)
            client = FetchClient(server, objects, ins, keys, purpose=purpose, reason=reason)
            written = fetch(client, out, study=study, document=wanted, progress=_progress())
    except CoffreError as error:
        raise _stop(error, REFUSED) from None
    except OSError:
        full = CoffreError("A file cannot be written; check the output folder.", code="cannot_write")
        raise _stop(full, REFUSED) from None
    _print(written, as_json)


def fetch(
    client: FetchClient,
    out: Path,
    *,
    study: str | None = None,
    document: UUID | None = None,
    progress: Progress | None = None,
) -> list[FetchedFile]:
    """Opens a study, a document, or all that may be seen, and writes it below `out`.

    One grant per document, so that none outlives its 15 minutes. Raises `CoffreError`; what was written until
    then is complete and stays.
    """
    bar = progress or Progress(disable=True)
    written: list[FetchedFile] = []
    with bar:
        task = bar.add_task("opening", total=0)
        for opened in _grants(client, study, document):
            parts = list(parts_of(opened))
            bar.update(task, total=(bar.tasks[0].total or 0) + sum(part.length for part in parts))
            for part in parts:
                pieces = opened.stream(part.blob_id, part.offset, part.length)
                written.append(write_part(out, part, _counted(pieces, bar)))
    return written


def _grants(client: FetchClient, study: str | None, document: UUID | None) -> Iterator[OpenedGrant]:
    if study is not None:
        yield client.grant(studies=[study])
    elif document is not None:
        yield client.grant(documents=[document])
    else:
        for listed in client.list():
            yield client.grant(documents=[_uuid(listed.get("id"))])


def parts_of(opened: OpenedGrant) -> Iterator[Part]:
    """Yields every file that a grant holds: instances in the order of their bytes, then documents."""
    instances = sorted(opened.instances(), key=lambda one: (one.blob_id, one.offset))
    for one in instances:
        place = Path(_name(one.study), _name(one.series), f"{_name(one.sop)}.dcm")
        yield Part(place, one.blob_id, one.offset, one.length, one.sha256)
    for document in opened.body.documents:
        place = Path(f"{document.document_id}.{_ENDINGS.get(document.media_type, 'bin')}")
        yield Part(place, document.blob_id, document.offset, document.length, document.sha256)


def write_part(out: Path, part: Part, pieces: Iterable[bytes]) -> FetchedFile:
    """Writes a file under another name, checks its digest, then renames it; readable by its owner alone."""
    path = out / part.place
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = path.with_name(f".{secrets.token_hex(8)}.part")
    digest = hashlib.sha256()
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            for piece in pieces:
                digest.update(piece)
                file.write(piece)
        if digest.digest() != part.sha256:
            raise digest_mismatch()
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return FetchedFile(path, part.length, digest.hexdigest())


def _name(uid: str) -> str:
    """A UID as the name of a file or folder; a depositor's odd one cannot lead elsewhere."""
    name = quote(uid, safe="")
    return name.replace(".", "%2E") if set(name) <= {"."} else name


def _counted(pieces: Iterable[bytes], bar: Progress) -> Iterator[bytes]:
    for piece in pieces:
        yield piece
        bar.advance(bar.tasks[0].id, len(piece))


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


def _uuid(value: object) -> UUID:
    try:
        return UUID(str(value))
    except ValueError:
        raise bad_answer() from None


def _progress() -> Progress | None:
    if not sys.stderr.isatty():
        return None
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)


def _print(written: list[FetchedFile], as_json: bool) -> None:
    if as_json:
        print(json.dumps({"files": [file.to_json() for file in written]}, indent=2))
        return
    for file in written:
        typer.echo(str(file.path))
    typer.echo(
        f"{len(written)} files, {sum(file.bytes for file in written)} bytes, every digest checked.", err=True
    )


def _stop(error: CoffreError, status: int) -> typer.Exit:
    typer.echo(f"{error.code}: {error.sentence}", err=True)
    return typer.Exit(status)
