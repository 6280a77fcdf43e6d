"""Bulk data of an instance by its attribute (PS3.18 section 10.4.1.1.6), whole or by range.

It lies where series metadata refers to; what was deposited before bulk data was noted there, and what is not
stored as it is given, is found by a sandboxed child.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from content.dicom.metadata.references import Reference, read_reference
from records.errors import NotFound
from viewer_api.gateway.opened_study import StoredInstance
from viewer_api.routes.objects import span
from viewer_api.wado.accept import Offer, choose
from viewer_api.wado.media_types import (
    BIG_ENDIAN,
    EXPLICIT,
    OCTETS,
    UNCOMPRESSED,
    content_type,
)
from viewer_api.wado.metadata import UNNOTED, DataSet, completed, refers
from viewer_api.wado.multipart import Body, BodyPart, Pieces, in_parts, single
from viewer_api.wado.retrieval import Ranges, Retrieval, sop_of
from viewer_api.wado.sources import InstanceSource

PARTIAL = 206
Path = Sequence[str | int]
_PIXELS = "7FE00010"
_OFFERS = [
    Offer(OCTETS, EXPLICIT, multipart=True, stored=True),
    Offer(OCTETS, EXPLICIT, stored=True),
]


@dataclass(frozen=True, slots=True)
class Ranged:
    """A body, and what of how much it is, where a range was asked for."""

    body: Body
    span: tuple[int, int, int] | None = None
    """First byte, last byte, and bytes of the whole."""


def bulk_data(
    retrieval: Retrieval, ranges: Ranges, series: str, sop: str, path: Path, wanted: str | None
) -> Ranged:
    """The value at a path of tags and numbers of items. `wanted`: the request's Range.

    Compressed pixel data comes as its frames. Raises `NotFound` "no_such_bulkdata", `RangeNotSatisfiable`.
    """
    instance = retrieval.one(series, sop)
    element = _element(retrieval, instance, path)
    if list(path) == [_PIXELS] and instance.transfer_syntax not in UNCOMPRESSED and instance.frames:
        return Ranged(_frames(retrieval, instance, ranges))
    # only a part that stands alone has ranges: of equals it is chosen where one is asked for
    offer = choose(ranges, _OFFERS if wanted is None else _OFFERS[::-1])
    found = read_reference(element["BulkDataURI"])
    address = f"{retrieval.address(instance)}/bulkdata/{'/'.join(map(str, path))}"
    if found is None or found.inflated or _is_swapped(instance, element):
        source = InstanceSource(retrieval.study, instance)
        length = None if found is None else found.length
        part = BodyPart(content_type(offer), length, partial(retrieval.pixels.value, source, path), address)
        return Ranged(in_parts(OCTETS, [part]) if offer.multipart else single(part))
    if offer.multipart:
        part = BodyPart(
            content_type(offer), found.length, partial(_read, retrieval, instance, found), address
        )
        return Ranged(in_parts(OCTETS, [part]))
    start, stop, status = span(wanted, found.length)
    read = partial(_read, retrieval, instance, found, start, stop)
    body = single(BodyPart(content_type(offer), stop - start, read, address))
    return Ranged(body, (start, stop - 1, found.length) if status == PARTIAL else None)


def _read(
    retrieval: Retrieval, instance: StoredInstance, found: Reference, start: int = 0, stop: int | None = None
) -> Pieces:
    end = found.length if stop is None else stop
    return retrieval.study.read(instance, found.offset + start, found.offset + end)


def _element(retrieval: Retrieval, instance: StoredInstance, path: Path) -> dict[str, Any]:
    """The attribute, if metadata names an address for it, or was written before addresses were noted."""
    for dataset in retrieval.study.metadata(instance.series):
        if sop_of(dataset) == instance.sop:
            has_references = refers(dataset)
            found = _at(completed(dataset, has_frames=instance.frames is not None), path)
            if found is None and not has_references:
                return UNNOTED  # a private one, perhaps: the instance itself is asked
            if found is not None and "BulkDataURI" in found:
                return found
            break
    raise NotFound("The instance has no bulk data at this place.", code="no_such_bulkdata")


def _at(dataset: DataSet, path: Path) -> dict[str, Any] | None:
    for tag, number in zip(path[:-1:2], path[1::2], strict=True):
        items = dataset.get(str(tag), {}).get("Value", ())
        if not isinstance(number, int) or number >= len(items) or not isinstance(items[number], dict):
            return None
        dataset = items[number]
    found: dict[str, Any] | None = dataset.get(str(path[-1]))
    return found


def _is_swapped(instance: StoredInstance, element: dict[str, Any]) -> bool:
    return instance.transfer_syntax == BIG_ENDIAN and element["vr"] not in ("OB", "UN")


def _frames(retrieval: Retrieval, instance: StoredInstance, ranges: Ranges) -> Body:
    """Compressed pixel data, a part for each frame (PS3.18 section 8.7.3.3)."""
    return retrieval.frames(ranges, instance.series, instance.sop, range(1, len(instance.frames or ()) + 1))
