"""One details row and one set of series metadata out of those of one document: the same at each try.

What `records.instances` says of equal SOP Instance UIDs holds here as for whoever reads the rows apart; what
was replaced keeps its bytes and its place, as `superseded`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any
from uuid import UUID

from audit.canonical import b64
from records import instances

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
    found: dict[str, list[instances.KeptInstance]] = {}
    for each in instances.kept(details, gone):
        found.setdefault(each.series, []).append(each)
    placed, offset = [], 0
    for each in chain.from_iterable(found.values()):
        placed.append(Kept(each.series, each.instance, each.live, offset))
        offset += each.instance["length"]
    return placed


def merged_details(
    details: Sequence[Mapping[str, Any]],
    kept: Sequence[Kept],
    *,
    pack: UUID,
    series_blobs: Mapping[str, UUID],
    job_id: UUID,
) -> dict[str, Any]:
    """The row that stands for all of them: the newest one's words, everybody's instances."""
    details = instances.by_age(details)
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
