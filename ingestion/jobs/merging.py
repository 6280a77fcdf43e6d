"""Merge a document's details rows into one, and its series metadata likewise: the same at each try.

Of equal SOP Instance UIDs the rule in `records.documents.instances` chooses one, as it does for readers of
separate rows. The others keep their bytes and their place, as `superseded`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from uuid import UUID

from content.series_metadata import SeriesDocument, SeriesInstance
from records.documents import instances
from records.documents.details import (
    DocumentDetails,
    InstanceDetails,
    RenditionDetails,
    SeriesDetails,
    damaged,
)

Extent = tuple[UUID, int, int]
"""Blob, offset, length, which a details row and a series document name alike."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One instance that stays: where it lay, and where it lies in the new pack."""

    series: str
    instance: InstanceDetails
    live: bool
    offset: int

    @property
    def extent(self) -> Extent:
        place = self.instance.place
        return (place.blob_id, place.offset, place.length)


def kept_instances(details: Sequence[DocumentDetails], gone: frozenset[str]) -> list[Kept]:
    """The instances of all rows but those withdrawn, series after series, in the order they came."""
    found: dict[str, list[instances.KeptInstance]] = {}
    for each in instances.kept(details, gone):
        found.setdefault(each.series, []).append(each)
    placed, offset = [], 0
    for each in chain.from_iterable(found.values()):
        placed.append(Kept(each.series, each.instance, each.live, offset))
        offset += each.instance.place.length
    return placed


def merged_details(
    details: Sequence[DocumentDetails],
    kept: Sequence[Kept],
    *,
    pack: UUID,
    series_blobs: Mapping[str, UUID],
    renditions: tuple[RenditionDetails, ...] = (),
    job_id: UUID,
) -> DocumentDetails:
    """The row that stands for all of them: the newest one's words, everybody's instances."""
    newest = instances.newest(details)
    if newest.study is None:
        raise damaged()
    described = {series.uid: series for row in instances.by_age(details) for series in row.series}
    return replace(
        newest,
        submission=str(job_id),
        received=max(row.received for row in details),
        warnings=tuple(sorted({code for row in details for code in row.warnings})),
        study=replace(
            newest.study,
            modalities=tuple(sorted({found for uid in series_blobs if (found := described[uid].modality)})),
            series=tuple(_series(described[uid], kept, pack, blob) for uid, blob in series_blobs.items()),
            renditions=renditions,
        ),
    )


def _series(described: SeriesDetails, kept: Sequence[Kept], pack: UUID, metadata: UUID) -> SeriesDetails:
    mine = [each for each in kept if each.series == described.uid]
    return replace(
        described,
        metadata_blob=metadata,
        instances=tuple(_moved(each, pack) for each in mine if each.live),
        superseded=tuple(_moved(each, pack) for each in mine if not each.live),
    )


def _moved(each: Kept, pack: UUID) -> InstanceDetails:
    return replace(each.instance, place=replace(each.instance.place, blob_id=pack, offset=each.offset))


def live_series(kept: Sequence[Kept]) -> list[str]:
    """The series that something is left of, in their order."""
    return list(dict.fromkeys(each.series for each in kept if each.live))


def moved_metadata(
    documents: Iterable[SeriesDocument], kept: Sequence[Kept], series: str, pack: UUID
) -> list[SeriesInstance]:
    """The instances of one series' metadata documents at their new places."""
    places = {each.extent: each for each in kept if each.live and each.series == series}
    found: dict[str, SeriesInstance] = {}
    for instance in (each for document in documents for each in document.instances):
        each = places.get((instance.blob_id, instance.offset, instance.length))
        if each is not None:
            digest = each.instance.place.sha256
            found[instance.sop] = replace(instance, blob_id=pack, offset=each.offset, sha256=digest)
    return list(found.values())
