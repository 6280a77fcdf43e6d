"""QIDO-RS search over what a listing holds: matching, paging, chosen attributes (PS3.18 section 10.6)."""

import fnmatch
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from records.errors import Invalid

MOST = 1_000
LONGEST_COUNT = 9  # digits
# keywords that viewers search by; any attribute may also be named by its tag
KEYWORDS: Mapping[str, str] = {
    "StudyDate": "00080020",
    "StudyTime": "00080030",
    "AccessionNumber": "00080050",
    "ModalitiesInStudy": "00080061",
    "ReferringPhysicianName": "00080090",
    "StudyDescription": "00081030",
    "PatientName": "00100010",
    "PatientID": "00100020",
    "StudyInstanceUID": "0020000D",
    "StudyID": "00200010",
    "Modality": "00080060",
    "SeriesInstanceUID": "0020000E",
    "SeriesNumber": "00200011",
    "SeriesDescription": "0008103E",
    "SOPClassUID": "00080016",
    "SOPInstanceUID": "00080018",
    "InstanceNumber": "00200013",
}
_TAG = re.compile(r"[0-9A-Fa-f]{8}")
_IGNORED = frozenset({"fuzzymatching", "includefield", "limit", "offset"})
_DATES = frozenset({"00080020", "00080021"})


@dataclass(frozen=True, slots=True)
class Query:
    """What a QIDO-RS request asks: values by tag, and the page."""

    matches: tuple[tuple[str, tuple[str, ...]], ...]
    limit: int
    offset: int

    @classmethod
    def parse(cls, parameters: Sequence[tuple[str, str]]) -> "Query":
        """Read decoded query parameters. Raises `Invalid` "bad_query" for an unknown attribute."""
        matches = tuple(
            (_tag(name), tuple(re.split(r"[,\\]", text)) if _is_uid(name) else (text,))
            for name, text in parameters
            if name.lower() not in _IGNORED and text != ""
        )
        found = {name.lower(): text for name, text in parameters}
        return cls(matches, min(_count(found, "limit", MOST), MOST), _count(found, "offset", 0))

    def value_of(self, tag: str) -> str | None:
        """The one value asked for an attribute."""
        return next((values[0] for name, values in self.matches if name == tag), None)

    def without(self, *tags: str) -> "Query":
        kept = tuple(match for match in self.matches if match[0] not in tags)
        return Query(kept, self.limit, self.offset)

    def page(self, items: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        """The matching items of the asked page."""
        found = [item for item in items if self._matches(item)]
        return found[self.offset : self.offset + self.limit]

    def _matches(self, item: Mapping[str, Any]) -> bool:
        return all(any(_match(tag, item, text) for text in texts) for tag, texts in self.matches)


def _match(tag: str, item: Mapping[str, Any], asked: str) -> bool:
    if not asked.strip("*"):  # universal matching (PS3.4 section C.2.2.2.3): absent values match too
        return True
    values = [_text(each) for each in item.get(tag, {}).get("Value", ())]
    if tag in _DATES and "-" in asked:
        first, _, last = asked.partition("-")
        return any((not first or first <= each) and (not last or each <= last) for each in values)
    if "*" in asked or "?" in asked:
        # PS3.4 section C.2.2.2.4: only * and ? are wildcards
        pattern = re.sub(r"([\[\]])", r"[\1]", asked.casefold())
        return any(fnmatch.fnmatchcase(each.casefold(), pattern) for each in values)
    return any(each.casefold() == asked.casefold() for each in values)


def _text(each: object) -> str:
    if isinstance(each, dict):
        return str(each.get("Alphabetic", ""))
    return str(each)


def _tag(name: str) -> str:
    if _TAG.fullmatch(name):
        return name.upper()
    try:
        return KEYWORDS[name]
    except KeyError:
        raise Invalid("This search names an attribute that can't be searched by.", code="bad_query") from None


def _is_uid(name: str) -> bool:
    return _tag(name) in {"0020000D", "0020000E", "00080018", "00080061"}


def _count(found: Mapping[str, str], name: str, default: int) -> int:
    text = found.get(name, str(default))
    if not (text.isdecimal() and len(text) <= LONGEST_COUNT):
        raise Invalid(f"The parameter {name} is a number.", code="bad_query")
    return int(text)
