"""The instances of a study as a job knows them, for its renditions: metadata, places, bytes."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from uuid import UUID

from content.series_metadata import SeriesDocument, SeriesInstance, read_series
from ingestion.jobs.merging import Extent, Kept
from ingestion.worker.opening import COPIED, OpenedContent
from ingestion.worker.renditions import Pictured
from keyvault.verbs.worker.jobs.opening_jobs import ForMaintenance
from storage.ports.objects import ObjectStore

Contents = Mapping[UUID, OpenedContent]
Documents = Mapping[str, Sequence[SeriesDocument]]


def contents_of(opened: ForMaintenance, objects: ObjectStore) -> Contents:
    """Every blob that the job opens, to be read by range."""
    return {
        blob_id: OpenedContent(objects, sealed, dek, piece=COPIED)
        for blob_id, (sealed, dek) in opened.blobs.items()
    }


def series_documents(opened: ForMaintenance, contents: Contents) -> dict[str, list[SeriesDocument]]:
    """The series documents of every row, by series, oldest first."""
    found: dict[str, list[SeriesDocument]] = {}
    for row in opened.details:
        for series in row.series:
            blob_id = series.metadata_blob
            size = opened.blobs[blob_id][0].plaintext_size
            document = read_series(contents[blob_id].read(0, size))
            found.setdefault(series.uid, []).append(document)
    return found


def pictured(documents: Documents, kept: Iterable[Kept], contents: Contents) -> dict[str, list[Pictured]]:
    """The live instances that have pixels, by series."""
    described = {
        (each.blob_id, each.offset, each.length): each
        for some in documents.values()
        for document in some
        for each in document.instances
    }
    found: dict[str, list[Pictured]] = {}
    for each in kept:
        if each.live and each.extent in described:
            instance = _pictured(each, described[each.extent], contents)
            found.setdefault(each.series, []).extend([instance] if instance else [])
    return found


def _pictured(kept: Kept, described: SeriesInstance, contents: Contents) -> Pictured | None:
    place = kept.instance.place
    read = _reader(kept.extent, contents)
    return Pictured.of(kept.instance.sop, place.sha256, place.length, described.frames, described.dicom, read)


def _reader(extent: Extent, contents: Contents) -> Callable[[int, int], bytes]:
    blob_id, start, _ = extent
    return lambda offset, length: contents[blob_id].read(start + offset, length)
