"""One details row and one set of series metadata out of those of many submissions: the same at each try.

The latest submission wins for an equal SOP Instance UID, as for whoever reads them apart (docs/formats.md
section 1); what it replaced keeps its bytes and its place, as `superseded`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from audit.canonical import b64

Place = tuple[str, int, int]
"""Blob, offset, length, as a details row or a series document names them."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One instance that stays: where it lay, and where it lies in the new pack."""

    series: str
    instance: dict[str, Any]
    live: bool
    offset: int

    @property
    def place(self) -> Place:
        return place_of(self.instance)


def place_of(instance: Mapping[str, Any]) -> Place:
    return (instance["blob"], instance["offset"], instance["length"])


def kept_instances(details: Sequence[Mapping[str, Any]], gone: frozenset[str]) -> list[Kept]:
    """The instances of all rows but those withdrawn, series after series, in the order they came."""
    newest: dict[str, Place] = {}
    found: dict[str, list[tuple[dict[str, Any], bool]]] = {}
    for series_uid, instance, live in _all(details):
        if instance["sop"] in gone:
            continue
        if live:
            newest[instance["sop"]] = place_of(instance)
        found.setdefault(series_uid, []).append((instance, live))
    kept, offset = [], 0
    for series_uid, instances in found.items():
        for instance, _ in instances:
            live = newest.get(instance["sop"]) == place_of(instance)
            kept.append(Kept(series_uid, instance, live, offset))
            offset += instance["length"]
    return kept


def _all(details: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, dict[str, Any], bool]]:
    for row in details:
        for series in row.get("series", ()):
            for instance in series.get("superseded", ()):
                yield series["uid"], instance, False
            for instance in series["instances"]:
                yield series["uid"], instance, True


def merged_details(
    details: Sequence[Mapping[str, Any]],
    kept: Sequence[Kept],
    *,
    pack: UUID,
    series_blobs: Mapping[str, UUID],
    job_id: UUID,
) -> dict[str, Any]:
    """The row that stands for all of them: the newest one's words, everybody's instances."""
    newest = details[-1]
    described = {series["uid"]: series for row in details for series in row.get("series", ())}
    return {
        **newest,
        "submission": str(job_id),
        "received": max(row["received"] for row in details),
        "modalities": sorted(
            {described[uid]["modality"] for uid in series_blobs if described[uid].get("modality")}
        ),
        "warnings": sorted({code for row in details for code in row["warnings"]}),
        "series": [
            _series(described[uid], uid, kept, pack, metadata) for uid, metadata in series_blobs.items()
        ],
    }


def _series(
    described: Mapping[str, Any], uid: str, kept: Sequence[Kept], pack: UUID, metadata: UUID
) -> dict[str, Any]:
    mine = [each for each in kept if each.series == uid]
    superseded = [_moved(each, pack) for each in mine if not each.live]
    series = {
        **described,
        "metadata_blob": str(metadata),
        "instances": [_moved(each, pack) for each in mine if each.live],
    }
    series.pop("superseded", None)
    return series | ({"superseded": superseded} if superseded else {})


def _moved(each: Kept, pack: UUID) -> dict[str, Any]:
    return {**each.instance, "blob": str(pack), "offset": each.offset}


def live_series(kept: Sequence[Kept]) -> list[str]:
    """The series that something is left of, in their order."""
    return list(dict.fromkeys(each.series for each in kept if each.live))


def moved_metadata(
    documents: Iterable[Mapping[str, Any]], kept: Sequence[Kept], series: str, pack: UUID
) -> list[dict[str, Any]]:
    """The instances of one series' metadata documents at their new places, for `series_document`."""
    places = {each.place: each for each in kept if each.live and each.series == series}
    found: dict[str, dict[str, Any]] = {}
    for document in documents:
        for instance in document["instances"]:
            each = places.get(place_of(instance))
            if each is not None:
                digest = b64(bytes.fromhex(each.instance["sha256"]))
                moved = {"blob": str(pack), "offset": each.offset, "sha256": digest}
                found[instance["sop"]] = {**instance, **moved}
    return list(found.values())
