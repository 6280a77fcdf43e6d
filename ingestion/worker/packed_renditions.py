"""Renditions with their blobs: as a plan names them, and as the details of a study do."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ingestion.worker.renditions import MadeRendition, Pictured, shown_by
from records.documents.details import RenditionDetails
from storage.rows.submissions import Blob


@dataclass(frozen=True, slots=True)
class PackedRendition:
    """A rendition of `count` frames of one series."""

    series: str
    form: str
    count: int
    blob: Blob


def with_blobs(made: Sequence[MadeRendition], blobs: Sequence[Blob]) -> tuple[PackedRendition, ...]:
    """What was made, with the blob of each."""
    return tuple(
        PackedRendition(each.series, each.form, each.count, blob)
        for each, blob in zip(made, blobs, strict=True)
    )


def planned(renditions: Iterable[PackedRendition], series: Sequence[str]) -> list[list[Any]]:
    """Place of the series, form, number of frames and blob of each: a plan holds no UID of the content."""
    return [[series.index(each.series), each.form, each.count, str(each.blob.blob_id)] for each in renditions]


def followed(
    plan: Iterable[Sequence[Any]], series: Sequence[str], known: Mapping[str, Blob]
) -> tuple[PackedRendition, ...]:
    """Those of a plan, of which `series` are the same as when it was made."""
    return tuple(
        PackedRendition(series[place], form, count, known[blob]) for place, form, count, blob in plan
    )


def described(
    renditions: Iterable[PackedRendition], instances: Mapping[str, Sequence[Pictured]]
) -> tuple[RenditionDetails, ...]:
    """As details name them: what each shows follows from its series and the number of its frames."""

    def shows(each: PackedRendition) -> frozenset[tuple[str, bytes]]:
        images = shown_by(instances[each.series], each.count)
        return frozenset((image.sop, image.sha256) for image, _ in images)

    return tuple(
        RenditionDetails(each.series, each.form, each.blob.blob_id, shows(each)) for each in renditions
    )
