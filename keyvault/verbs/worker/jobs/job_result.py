"""The check of a job's result: the instances it has to leave of a document (docs/vault.md section 3).

The vault reads it from the genuine rows when it opens them, and holds the row that a worker hands in to it:
no job drops, adds or exchanges what a list shows. That bytes are those of a digest, whoever reads checks.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from audit.canonical import canonical
from keyvault.verbs.jobs import Job
from records.documents.details import DocumentDetails
from records.documents.details_json import to_json
from records.documents.instances import KeptInstance, kept, newest
from records.errors import Conflict
from records.vocabulary.codes import JobKind


def left_by(job: Job, details: Sequence[DocumentDetails]) -> str:
    """Names what is left once `job` is done with the document of these rows, oldest first."""
    gone = frozenset(job.request.instances)
    if job.kind is JobKind.RENDER:
        return _named(_unchanged([newest(details)]))
    return _named(_discharged(details) if job.kind is JobKind.DISCHARGE else _merged(details, gone))


def check_left(job: Job, details: Sequence[DocumentDetails]) -> None:
    """Raises `Conflict` "job_differs" unless the rows handed in are what the job has to leave."""
    if job.kind is JobKind.RENDER:
        found = _unchanged(details)
    else:
        found = _discharged(details) if job.kind is JobKind.DISCHARGE else _merged(details, frozenset())
    if len(details) > 1 or _named(found) != job.request.left:
        raise Conflict("This job would leave something else than it has to.", code="job_differs")


def _discharged(details: Sequence[DocumentDetails]) -> list[str]:
    """The content that was set aside, whatever it is called in the record."""
    places = [each.instance.place for each in kept(details)]
    places += [row.content.place for row in details if row.content]
    return sorted({place.sha256.hex() for place in places})


def _unchanged(details: Sequence[DocumentDetails]) -> list[Any]:
    """Everything but the renditions."""
    return [to_json(replace(row, study=row.study and replace(row.study, renditions=()))) for row in details]


def _merged(details: Sequence[DocumentDetails], gone: frozenset[str]) -> list[list[list[Any]]]:
    """Live instances, and all parts of their series."""
    every = kept(details, gone)
    series = {each.series for each in every if each.live}
    live = sorted(_part(each) for each in every if each.live)
    return [live, sorted(_part(each) for each in every if each.series in series)]


def _part(each: KeptInstance) -> list[Any]:
    """Series, SOP instance, SHA-256, length."""
    place = each.instance.place
    return [each.series, each.instance.sop, place.sha256.hex(), place.length]


def _named(parts: Sequence[Any]) -> str:
    return hashlib.sha256(canonical(parts)).hexdigest()
