"""Fetch what a record shows: each document by a grant of its own, written below a folder."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from rich.progress import Progress

from client.fetch.documents import FetchClient
from client.fetch.manifest import Manifest
from client.fetch.names import stems_of
from client.fetch.parts import is_whole
from client.fetch.ranges import USUAL, Pace
from client.fetch.writing import FetchedFile, FetchedPart, already_written, overviews_of, parts_of, write_part
from client.http_client import bad_answer


@dataclass(slots=True)
class Fetched:
    """What the record showed, and the files that were written of each document asked for, by its id."""

    listed: list[dict[str, Any]]
    written: dict[str, list[FetchedFile]] = field(default_factory=dict)

    @property
    def files(self) -> list[FetchedFile]:
        return [file for files in self.written.values() for file in files]


def fetch(
    client: FetchClient,
    out: Path,
    manifest: Manifest,
    *,
    study: str | None = None,
    document: UUID | None = None,
    progress: Progress | None = None,
    pace: Pace = USUAL,
    overview: bool = False,
) -> Fetched:
    """Opens a study, a document, or all that may be seen, and writes it below `out` with its manifest.

    One grant per document, so that none outlives its 15 minutes. Raises `CoffreError`; what was written until
    then is complete, stays, and stands in the manifest. `overview`: the small picture of each series alone.
    """
    bar = progress or Progress(disable=True)
    fetched = Fetched(client.list())
    manifest.begin(client.record, fetched.listed)
    stems = stems_of(fetched.listed)
    ids = _ids(fetched.listed, study, document)
    with bar:
        task = bar.add_task("opening", total=0)
        try:
            if study is not None and not ids:
                client.grant(studies=[study])  # refused; in the server's words
            for each in ids:
                opened, name = client.grant(documents=[each]), str(each)
                if overview:
                    pictures = overviews_of(opened, stems.get(name, name))
                    fetched.written[name] = [write_part(out, part, [data]) for part, data in pictures]
                    continue
                parts = list(parts_of(opened, stems.get(name, name)))
                bar.update(task, total=(bar.tasks[0].total or 0) + sum(part.length for part in parts))
                written = fetched.written.setdefault(name, [])
                there, missing = _sorted(out, parts)
                for part in there:
                    written.append(already_written(out, part))
                    bar.advance(bar.tasks[0].id, part.length)
                for number, pieces in opened.read_parts(missing, pace):
                    written.append(write_part(out, missing[number], _counted(pieces, bar)))
                manifest.note(name, written)
        finally:
            if fetched.files and not overview:
                manifest.write()
    return fetched


def _sorted(out: Path, parts: Iterable[FetchedPart]) -> tuple[list[FetchedPart], list[FetchedPart]]:
    """Those that an earlier run wrote, whole and right, and the others."""
    there: list[FetchedPart] = []
    missing: list[FetchedPart] = []
    for part in parts:
        (there if is_whole(part, out / part.place) else missing).append(part)
    return there, missing


def _ids(listed: Sequence[Mapping[str, Any]], study: str | None, document: UUID | None) -> list[UUID]:
    """The documents that are asked for, each of which gets a grant of its own.

    A study's UID may be that of several documents, its reports and another structure's study: all of them.
    """
    if document is not None:
        return [document]
    return [_uuid(one.get("id")) for one in listed if study in (None, one.get("study_uid"))]


def _counted(pieces: Iterable[memoryview], bar: Progress) -> Iterator[memoryview]:
    for piece in pieces:
        yield piece
        bar.advance(bar.tasks[0].id, len(piece))


def _uuid(value: object) -> UUID:
    try:
        return UUID(str(value))
    except ValueError:
        raise bad_answer() from None
