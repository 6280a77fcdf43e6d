"""One search for studies, series or instances, as its address and query ask it (PS3.18 section 10.6)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from records.imaging.attributes import Level
from records.imaging.conditions import Condition, Conditions, values
from records.imaging.matching import is_universal

STUDY_UID, SERIES_UID = "0020000D", "0020000E"
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
