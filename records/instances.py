"""Which instances a document has, where a SOP Instance UID came more than once: one rule for every room.

UIDs are unique (PS3.5 section 9), and whoever writes a file chooses them. So rows are joined within one
document alone, which is one structure's; another structure's content is never looked at beside it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

T = TypeVar("T")
Details = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class KeptInstance:
    """One instance of a details row; `live` unless a later submission replaced it."""

    series: str
    instance: dict[str, Any]
    live: bool


def by_age(rows: Iterable[Details]) -> list[Details]:
    """One document's details rows, oldest submission first: by the instant (`received`) intake took them.

    Rows are given in the order of their versions, which decides where the instants are equal. A row that a
    job merged has a later version than what joined the study meanwhile, and the instant of its newest part.
    """
    return sorted(rows, key=_received)


def latest(each: Iterable[T], sop: Callable[[T], str]) -> list[T]:
    """Of those with equal SOP Instance UIDs the last; in the order in which these came."""
    found: dict[str, T] = {}
    for one in each:
        found.pop(sop(one), None)
        found[sop(one)] = one
    return list(found.values())


def kept(rows: Iterable[Details], gone: frozenset[str] = frozenset()) -> list[KeptInstance]:
    """Every instance of one document, oldest first, but those withdrawn; of equal UIDs one is live."""
    every = [each for each in _all(by_age(rows)) if each.instance["sop"] not in gone]
    newest = {id(each) for each in latest((one for one in every if one.live), _sop)}
    return [replace(each, live=id(each) in newest) for each in every]


def live_series(rows: Sequence[Details]) -> list[dict[str, Any]]:
    """The series of one document as they are shown: the newest row's attributes, live instances."""
    described = {series["uid"]: series for row in by_age(rows) for series in row.get("series", ())}
    found: dict[str, list[dict[str, Any]]] = {}
    for each in kept(rows):
        if each.live:
            found.setdefault(each.series, []).append(each.instance)
    return [{**described[uid], "instances": instances} for uid, instances in found.items()]


def _all(rows: Iterable[Details]) -> Iterable[KeptInstance]:
    for row in rows:
        for series in row.get("series", ()):
            for instance in series.get("superseded", ()):
                yield KeptInstance(series["uid"], instance, live=False)
            for instance in series.get("instances", ()):
                yield KeptInstance(series["uid"], instance, live=True)


def _sop(each: KeptInstance) -> str:
    return str(each.instance["sop"])


def _received(row: Details) -> int:
    received: int = row.get("received", 0)
    return received
