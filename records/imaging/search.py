"""One search for studies, series or instances, as its address and query ask it (PS3.18 section 10.6)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from records.imaging.attributes import Level
from records.imaging.conditions import Condition, Conditions, values
from records.imaging.matching import interval_of, is_universal
from records.imaging.patterns import ANY_CHARACTER, ANY_TEXT

STUDY_UID, SERIES_UID, SOP_UID = "0020000D", "0020000E", "00080018"
ACCESSION, STUDY_DATE = "00080050", "00080020"
MOST_NAMED = 100
"""Studies that are looked up by their UIDs, and not found by a walk through the record."""


@dataclass(frozen=True, slots=True)
class ImagingSearch:
    """`asked` are texts by path of the attribute, `study` and `series` the UIDs that an address names.

    Of what matches, `limit` items from `offset` on are asked for; of what follows them, `beyond` at most are
    counted.
    """

    level: Level
    asked: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    fuzzy: bool = False
    study: str | None = None
    series: str | None = None
    limit: int = 100
    offset: int = 0
    beyond: int = 1

    @property
    def conditions(self) -> Conditions:
        """Raises `Invalid` "bad_query"."""
        conditions = Conditions.of(self.asked, fuzzy=self.fuzzy)
        if self.series is None:
            return conditions
        named = Condition(SERIES_UID, lambda item: self.series in values(item, SERIES_UID))
        return Conditions((*conditions.each, named))

    def asked_of(self, path: str) -> tuple[str, ...]:
        """What is asked of an attribute, where that doesn't match everything; one has to match."""
        asked = self.asked.get(path, ())
        return () if any(map(is_universal, asked)) else asked

    @property
    def named(self) -> tuple[str, ...] | None:
        """The studies that it is about; None where it may be about any."""
        if self.study is not None:
            return (self.study,)
        asked = self.asked_of(STUDY_UID)
        return tuple(dict.fromkeys(asked)) if 0 < len(asked) <= MOST_NAMED else None

    @property
    def found_by(self) -> tuple[str, tuple[str, ...]] | None:
        """By what a depositor's own submissions are found without a record: which kind of value, and values.

        Studies or instances by UID, an accession number, or the day of the study (`YYYY-MM-DD`); None where
        none of them is named.
        """
        if self.named is not None:
            return "study", self.named
        instances = self.asked_of(SOP_UID)
        if 0 < len(instances) <= MOST_NAMED:
            return "sop", instances
        for accession in self.asked_of(ACCESSION):
            if not {ANY_TEXT, ANY_CHARACTER} & {*accession}:
                return "accession", (accession,)
        for text in self.asked_of(STUDY_DATE):
            first, last = interval_of("DA", text)
            if first == last:
                return "study_day", (date.fromordinal(first).isoformat(),)
        return None
