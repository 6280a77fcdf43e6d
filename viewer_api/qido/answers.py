"""One page of a QIDO-RS answer: its items, warnings, and the way to the next page (PS3.18 section 10.6.3)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

from records.imaging.attributes import BY_NAME, RETRIEVE_URL, Level
from records.imaging.items import CUSTODIAN, Found, below, studies_found, value
from records.imaging.search import SERIES_UID, SOP_UID, STUDY_UID, ImagingSearch
from records.imaging.studies import Study
from viewer_api.qido.parameters import MOST, Query

_ALWAYS: Mapping[Level, dict[str, Any]] = {
    level: {"00080005": value("CS", "ISO_IR 192")}
    | ({} if level is Level.SERIES else {"00080056": value("CS", "ONLINE")})
    for level in Level
}
_NAMES_STUDY = (STUDY_UID, CUSTODIAN)


@dataclass(frozen=True, slots=True)
class Page:
    """`more`: whether anything follows; `left` counts it, to `MOST` and one; `cut`: nobody looked further."""

    items: list[dict[str, Any]]
    more: bool = False
    left: int = 0
    cut: bool = False
    cautions: tuple[str, ...] = ()
    record: UUID | None = None
    """The public id of the record that was searched."""


def items_of(studies: Iterable[Study], asked: ImagingSearch, skipped: int) -> list[Found]:
    """The items of the page: of those that match in these studies, the ones that are asked for."""
    return [*islice(_matching(studies, asked), skipped, skipped + asked.limit)]


def _matching(studies: Iterable[Study], asked: ImagingSearch) -> Iterator[Found]:
    conditions = asked.conditions
    for study, found in studies_found(studies, conditions):
        if asked.level is Level.STUDY:
            yield found
        else:
            yield from below(study, asked.level, conditions)


def item_json(found: Found, query: Query, root: str | None) -> dict[str, Any]:
    """DICOM JSON in the order of tags (PS3.18 section F.2.2). `root`: the DICOMweb address of the record from
    which the item is retrieved; None where it isn't for this caller.
    """
    search = query.search
    own = found.own | _ALWAYS[search.level]
    above = {tag: each for tag, each in found.above.items() if _shown(tag, query)}
    whole = found.whole
    retrieved = {} if root is None else {RETRIEVE_URL: value("UR", root + _path(whole, search.level))}
    return dict(sorted((above | own | retrieved).items()))


def _shown(tag: str, query: Query) -> bool:
    """Of the levels above: everything where the search is of all studies, else what names the item, what an
    instance's series is, and what was asked for (PS3.18 section 10.6.3.3).
    """
    if query.search.study is None or tag in _NAMES_STUDY or query.includes(tag):
        return True
    attribute = BY_NAME.get(tag)
    return attribute is None or attribute.level is Level.SERIES


def _path(item: Mapping[str, Any], level: Level) -> str:
    tags = ("studies", STUDY_UID), ("series", SERIES_UID), ("instances", SOP_UID)
    return "".join(f"/{name}/{quote(str(item[tag]['Value'][0]), safe='')}" for name, tag in tags[: level + 1])


def warnings_of(query: Query, page: Page) -> list[str]:
    """What there is to say of the answer (PS3.18 sections 8.3.4.2 and 8.3.4.4)."""
    told: list[str] = []
    if query.ignored:
        names = ", ".join(query.ignored)
        told.append(f"These attributes are not kept, or not at this level, and were ignored: {names}.")
    if query.counts_all and page.left:
        number = f"more than {MOST}" if page.left > MOST else page.left
        told.append(f"There are {number} additional results that can be requested.")
    if page.cut:
        told.append(
            "There may be additional results: name a StudyInstanceUID, StudyDate or Modality to reach them."
        )
    return [*told, *page.cautions]


def next_link(address: str, query: Query, page: Page) -> str | None:
    """RFC 8288, relation next. `address`: that of the resource, without its query."""
    if not page.more or not query.search.limit:
        return None
    offset = query.search.offset + query.search.limit
    kept = [(name, text) for name, text in query.parameters if name.lower() != "offset"]
    return f'<{address}?{urlencode([*kept, ("offset", str(offset))])}>; rel="next"'
