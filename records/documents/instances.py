"""The rule, for every room, by which one instance is live where a SOP Instance UID came more than once.

UIDs are unique (PS3.5 section 9), and whoever writes a file chooses them. So rows are joined within one
document alone, which is one structure's; another structure's content is never looked at beside it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from records.documents.details import DocumentDetails, InstanceDetails, SeriesDetails

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class KeptInstance:
    """One instance of a details row; `live` unless a later submission replaced it."""

    series: str
    instance: InstanceDetails
    live: bool


def by_age(rows: Iterable[DocumentDetails]) -> list[DocumentDetails]:
    """One document's details rows, oldest submission first: by the instant (`received`) intake took them.

    Rows are given in the order of their versions, which decides where the instants are equal. A row that a
    job merged has a later version than what joined the study meanwhile, and the instant of its newest part.
    """
    return sorted(rows, key=lambda row: row.received)


def newest(rows: Iterable[DocumentDetails]) -> DocumentDetails:
    """The row whose words stand for the document: the latest submission's, where `rows` has one at least."""
    return by_age(rows)[-1]


def latest(each: Iterable[T], sop: Callable[[T], str]) -> list[T]:
    """The last one of each SOP Instance UID, in the order in which they came."""
    found: dict[str, T] = {}
    for one in each:
        found.pop(sop(one), None)
        found[sop(one)] = one
    return list(found.values())


def kept(rows: Iterable[DocumentDetails], gone: frozenset[str] = frozenset()) -> list[KeptInstance]:
    """Every instance of one document, oldest first, but those withdrawn; of equal UIDs one is live."""
    every = [each for each in _all(by_age(rows)) if each.instance.sop not in gone]
    live = {id(each) for each in latest((one for one in every if one.live), lambda one: one.instance.sop)}
    return [replace(each, live=id(each) in live) for each in every]


def live_series(rows: Sequence[DocumentDetails]) -> list[SeriesDetails]:
    """The series of one document as they are shown: the newest row's attributes, live instances."""
    described = {series.uid: series for row in by_age(rows) for series in row.series}
    found: dict[str, list[InstanceDetails]] = {}
    for each in kept(rows):
        if each.live:
            found.setdefault(each.series, []).append(each.instance)
    return [replace(described[uid], instances=tuple(instances)) for uid, instances in found.items()]


def _all(rows: Iterable[DocumentDetails]) -> Iterable[KeptInstance]:
    for row in rows:
        for series in row.series:
            for instance in series.superseded:
                yield KeptInstance(series.uid, instance, live=False)
            for instance in series.instances:
                yield KeptInstance(series.uid, instance, live=True)
