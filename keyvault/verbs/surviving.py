"""What a job has to leave of a document (docs/vault.md section 3).

The vault reads it from the genuine rows when it opens them, and holds the row that a worker hands in to it:
no job drops, adds or exchanges what a list shows. That bytes are those of a digest, whoever reads checks.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from audit.canonical import canonical
from keyvault.verbs.jobs import Job
from records.errors import Conflict
from records.vocabulary.codes import JobKind

Details = Mapping[str, Any]
_Part = list[Any]
"""Series, SOP instance, SHA-256, length."""


def left_by(job: Job, details: Sequence[Details]) -> str:
    """Names what is left once `job` is done with the document of these rows, oldest first."""
    gone = frozenset(job.asked.get("instances", ()))
    return _named(_released(details) if job.kind is JobKind.RELEASE else _merged(details, gone))


def check_left(job: Job, details: Sequence[Details]) -> None:
    """Raises `Conflict` "job_differs" unless the rows handed in are what the job has to leave."""
    found = _released(details) if job.kind is JobKind.RELEASE else _merged(details, frozenset())
    if len(details) > 1 or _named(found) != job.asked.get("left"):
        raise Conflict("This job would leave something else than it has to.", code="job_differs")


def _released(details: Sequence[Details]) -> list[str]:
    """The content that was set aside, whatever it is called in the record."""
    instances = [part[2] for row in details for part, _ in _parts(row)]
    return sorted({*instances, *(row["sha256"] for row in details if "sha256" in row)})


def _merged(details: Sequence[Details], gone: frozenset[str]) -> list[list[_Part]]:
    """Live instances, the latest row winning (docs/formats.md section 1), and all parts of their series."""
    every = [(part, live) for row in details for part, live in _parts(row) if part[1] not in gone]
    newest = {part[1]: part for part, live in every if live}
    series = {part[0] for part in newest.values()}
    return [sorted(newest.values()), sorted(part for part, _ in every if part[0] in series)]


def _parts(row: Details) -> Iterator[tuple[_Part, bool]]:
    """The instances of a row, those that were superseded first; each with whether it is live."""
    for series in row.get("series", ()):
        for name in ("superseded", "instances"):
            for each in series.get(name, ()):
                yield [series["uid"], each["sop"], each["sha256"], each["length"]], name == "instances"


def _named(parts: Sequence[Any]) -> str:
    return hashlib.sha256(canonical(parts)).hexdigest()
