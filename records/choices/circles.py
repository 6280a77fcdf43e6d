"""A circle: a team of care, or a list of professionals, authorised in one act and ended in one."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any
from uuid import UUID

from records.card.consent import CONSENT_SHAPE, ConsentRecord
from records.choices.authorisations import Authorisation, Ground
from records.errors import Invalid
from records.text.shape import Shape, members


@dataclass(frozen=True, slots=True)
class Circle:
    """A team or a list of professionals; `members` were counted when it was last changed."""

    circle_id: UUID
    name: str
    since: int
    until: int | None
    consent: ConsentRecord
    members: int
    ended: int | None = None
    archived: bool = False

    def bound(self, ground: Ground) -> Ground:
        """A member's ground, which ends with the circle at the latest."""
        ends = [each for each in (ground.until, self.until) if each is not None]
        ended = [each for each in (ground.ended, self.ended) if each is not None]
        return replace(ground, until=min(ends, default=None), ended=min(ended, default=None))

    def to_json(self) -> dict[str, Any]:
        """The members of `coffre-circle-v1`."""
        return {**asdict(self), "circle_id": str(self.circle_id)}

    @classmethod
    def from_json(cls, value: object) -> "Circle":
        """The reverse of `to_json`; raises Invalid `bad_shape` on a missing, unknown or odd member."""
        found = members(value, _CIRCLE, what="circle")
        consent = ConsentRecord(**members(found["consent"], CONSENT_SHAPE, what="consent"))
        try:
            return cls(**found | {"circle_id": UUID(found["circle_id"]), "consent": consent})
        except ValueError:
            raise Invalid("A circle's id is none.", code="bad_shape") from None

    def is_live(self, now: int) -> bool:
        return self.ended is None and self.since <= now and (self.until is None or now < self.until)

    def ends_at(self) -> int | None:
        """When it ends; None: it runs for good."""
        return self.until if self.ended is None else self.ended


_CIRCLE: Shape = {
    "circle_id": str,
    "name": str,
    "since": int,
    "until": (int, type(None)),
    "consent": dict,
    "members": int,
    "ended": (int, type(None)),
    "archived": bool,
}


def counting(authorisation: Authorisation, circles: Mapping[UUID, Circle]) -> Authorisation:
    """The authorisation without the grounds whose team or list is gone; the others run no longer than it."""
    grounds = []
    for each in authorisation.grounds:
        if not each.of_team:
            grounds.append(each)
        elif (circle := circles.get(each.circle)) is not None:
            grounds.append(circle.bound(each))
    return replace(authorisation, grounds=tuple(grounds))
