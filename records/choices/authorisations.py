"""An authorisation: the grounds on which one professional may consult a record, and what they show.

Times are unix seconds. `records.choices.authorising` has the changes, `circles` what ends many at once.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from records.card.consent import CONSENT_SHAPE, ConsentRecord
from records.documents.facts import DocumentFacts
from records.errors import Invalid
from records.text.shape import Shape, members

DAY = 86_400


class Scope(StrEnum):
    """What a ground shows: all documents, or those that the holder chose."""

    ALL = "all"
    CHOSEN = "chosen"


@dataclass(frozen=True, slots=True)
class DocumentKind:
    """Documents of a class, of a medical domain, or of both (XDS classCode, practiceSettingCode); those that
    arrive later are shown, too.
    """

    class_code: str | None = None
    practice_setting: str | None = None

    def takes(self, document: DocumentFacts) -> bool:
        asked = ((self.class_code, document.class_code), (self.practice_setting, document.practice_setting))
        stated = [wanted == found for wanted, found in asked if wanted is not None]
        return bool(stated) and all(stated)


@dataclass(frozen=True, slots=True)
class Ground:
    """Why a professional may consult from `since` up to, not including, `until` (None: for good).

    `circle` is an id that documents are shown to; with `of_team` it is that of a team or list, and the ground
    counts only while that runs. `kinds` are shown beside what was chosen. `express`: the holder consented
    to this very person, knowing what for (L1111-18). `ended`: when the holder or the team ended it.
    """

    circle: UUID
    since: int
    until: int | None
    consent: ConsentRecord
    scope: Scope = Scope.ALL
    kinds: frozenset[DocumentKind] = frozenset()
    express: bool = False
    of_team: bool = False
    ended: int | None = None

    def is_live(self, now: int) -> bool:
        return self.ended is None and self.since <= now and not self.has_expired(now)

    def has_expired(self, now: int) -> bool:
        return self.until is not None and self.until <= now

    def shows(self, document: DocumentFacts) -> bool:
        if self.scope is Scope.ALL or self.circle in document.shown_to:
            return True
        return any(kind.takes(document) for kind in self.kinds)

    def to_json(self) -> dict[str, Any]:
        kinds = [[kind.class_code, kind.practice_setting] for kind in self.kinds]
        return {
            "circle": str(self.circle),
            "since": self.since,
            "until": self.until,
            "consent": asdict(self.consent),
            "scope": self.scope.value,
            "kinds": sorted(kinds, key=lambda pair: [each or "" for each in pair]),
            "express": self.express,
            "of_team": self.of_team,
            "ended": self.ended,
        }


@dataclass(frozen=True, slots=True)
class Authorisation:
    """All grounds of one professional: at most one of its own, one for each team or list. They add up.

    `archived`: every ground has ended, and lists leave it out.
    """

    professional: str
    grounds: tuple[Ground, ...]
    archived: bool = False

    @property
    def own(self) -> Ground | None:
        return next((each for each in self.grounds if not each.of_team), None)

    def live(self, now: int) -> tuple[Ground, ...]:
        return tuple(each for each in self.grounds if each.is_live(now))

    def is_live(self, now: int) -> bool:
        return bool(self.live(now))

    def has_expired(self, now: int) -> bool:
        """Whether a ground ran out, rather than being ended or not having begun."""
        return any(each.ended is None and each.has_expired(now) for each in self.grounds)

    def shows(self, document: DocumentFacts, now: int) -> bool:
        return any(each.shows(document) for each in self.live(now))

    def ends_at(self) -> int | None:
        """When the last ground ends; None: one runs for good."""
        ends = [each.until if each.ended is None else each.ended for each in self.grounds]
        return None if None in ends else max((each for each in ends if each is not None), default=0)

    def to_json(self) -> dict[str, Any]:
        """The members of `coffre-authorisation-v1`."""
        return {
            "professional": self.professional,
            "grounds": [each.to_json() for each in self.grounds],
            "archived": self.archived,
        }

    @classmethod
    def from_json(cls, value: object) -> "Authorisation":
        """The reverse of `to_json`; raises Invalid `bad_shape` on a missing, unknown or odd member."""
        found = members(value, _AUTHORISATION, what="authorisation")
        return cls(found["professional"], tuple(map(_ground, found["grounds"])), found["archived"])


_AUTHORISATION: Shape = {"professional": str, "grounds": list, "archived": bool}
_GROUND: Shape = {
    "circle": str,
    "since": int,
    "until": (int, type(None)),
    "consent": dict,
    "scope": str,
    "kinds": list,
    "express": bool,
    "of_team": bool,
    "ended": (int, type(None)),
}


def _ground(value: object) -> Ground:
    found = members(value, _GROUND, what="authorisation's ground")
    try:
        return Ground(
            **found
            | {
                "circle": UUID(found["circle"]),
                "consent": ConsentRecord(**members(found["consent"], CONSENT_SHAPE, what="consent")),
                "scope": Scope(found["scope"]),
                "kinds": frozenset(DocumentKind(*pair) for pair in found["kinds"]),
            }
        )
    except (ValueError, TypeError):
        raise Invalid("An authorisation's ground holds an unknown code.", code="bad_shape") from None


def instants(authorisation: Authorisation | None) -> Iterator[int | None]:
    """When a ground begins and ends by itself."""
    for each in authorisation.grounds if authorisation is not None else ():
        yield from (each.since, each.until)


def day_of_end(ends_at: int | None) -> int | None:
    """The day, counted from 1970, on which an authorisation or a circle ends: the column `ends_on`."""
    return None if ends_at is None else ends_at // DAY
