"""The card of a record: what its holder decided, save what permits one professional or a team to consult
(`records.choices`). Times are unix seconds.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from records.card.consent import CONSENT_SHAPE, ConsentRecord
from records.errors import Invalid
from records.people.identity import INS, Traits
from records.text.numbers import is_whole
from records.text.shape import Shape, members


@dataclass(frozen=True, slots=True)
class CardAuthorisation:
    """One professional may consult from `since` up to, not including, `until` (None: for good), as cards of
    earlier labels say; now each has a row of its own (`records.choices`).
    """

    professional: str
    since: int
    until: int | None


@dataclass(frozen=True, slots=True)
class Emergency:
    """The holder's choice about each emergency mode on its own: allowed (True) or opposed (False)."""

    bris_de_glace: bool = True
    centre_15: bool = True


@dataclass(frozen=True, slots=True)
class Refusals:
    """What may not feed the record, by the holder's choice: `kinds` of documents, each the code of a class or
    of a type, which never coincide, and structures.
    """

    kinds: frozenset[str] = frozenset()
    structures: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Card:
    """What the holder decides on and what forbids. `consent` is None while no initial consent is recorded.

    `blocks` and `delegates` hold national numbers, `blocked_structures` those of structures. `attending` has
    for each attending doctor since when, None where an earlier card did not say. `former_ins` are those that
    the holder had before. `authorisations` are those of a card of an earlier label, and go into rows of their
    own before it is sealed anew.
    """

    ins: INS
    traits: Traits
    consent: ConsentRecord | None
    authorisations: tuple[CardAuthorisation, ...] = ()
    blocks: frozenset[str] = frozenset()
    blocked_structures: frozenset[str] = frozenset()
    attending: Mapping[str, int | None] = field(default_factory=dict)
    delegates: frozenset[str] = frozenset()
    refusals: Refusals = Refusals()
    emergency: Emergency = Emergency()
    former_ins: tuple[INS, ...] = ()

    def authorisation_of(self, professional: str) -> CardAuthorisation | None:
        return next((a for a in self.authorisations if a.professional == professional), None)

    def to_json(self) -> dict[str, Any]:
        """The members of `coffre-card-v3`, but for the record's state."""
        return {
            "ins": asdict(self.ins),
            "traits": asdict(self.traits),
            "consent": None if self.consent is None else asdict(self.consent),
            "blocks": sorted(self.blocks),
            "blocked_structures": sorted(self.blocked_structures),
            "attending": dict(self.attending),
            "delegates": sorted(self.delegates),
            "refusals": {
                "classes": sorted(self.refusals.kinds),
                "structures": sorted(self.refusals.structures),
            },
            "emergency": asdict(self.emergency),
            "former_ins": [asdict(each) for each in self.former_ins],
        }

    @classmethod
    def from_json(cls, value: object) -> "Card":
        """The reverse of `to_json`; raises Invalid `bad_shape` on a missing, unknown or odd member."""
        found = members(value, {**_COMMON, **_LATER}, what="card")
        refused = members(found["refusals"], _REFUSALS, what="card's refusals")
        if not all(isinstance(since, int | None) for since in found["attending"].values()):
            raise Invalid("A card tells since when a doctor is attending.", code="bad_shape")
        return cls(
            **_common(found),
            blocked_structures=_texts(found["blocked_structures"]),
            attending={number: found["attending"][number] for number in _numbers([*found["attending"]])},
            delegates=_numbers(found["delegates"]),
            refusals=Refusals(_texts(refused["classes"]), _texts(refused["structures"])),
            former_ins=tuple(INS(**members(each, _INS, what="former INS")) for each in found["former_ins"]),
        )

    @classmethod
    def from_earlier_json(cls, value: object) -> "Card":
        """A card of the labels before, on which authorisations stood."""
        found = members(value, {**_COMMON, **_EARLIER}, what="card")
        return cls(
            **_common(found),
            authorisations=tuple(_authorisation(each) for each in found["authorisations"]),
            attending=dict.fromkeys(sorted(_numbers(found["attending"]))),
        )


_COMMON: Shape = {
    "ins": dict,
    "traits": dict,
    "consent": (dict, type(None)),
    "blocks": list,
    "emergency": dict,
}
_EARLIER: Shape = {"authorisations": list, "attending": list}
_LATER: Shape = {
    "blocked_structures": list,
    "attending": dict,
    "delegates": list,
    "refusals": dict,
    "former_ins": list,
}
_INS: Shape = {"matricule": str, "oid": str}
_TRAITS: Shape = {"family_name": str, "given_name": str, "birth_date": str, "sex": str}
_AUTHORISATION: Shape = {"professional": str, "since": int, "until": (int, type(None))}
_REFUSALS: Shape = {"classes": list, "structures": list}
_EMERGENCY: Shape = {"bris_de_glace": bool, "centre_15": bool}


def _common(found: Mapping[str, Any]) -> dict[str, Any]:
    """What cards of every label hold."""
    return {
        "ins": INS(**members(found["ins"], _INS, what="card's INS")),
        "traits": Traits(**members(found["traits"], _TRAITS, what="card's traits")),
        "consent": _consent(found["consent"]),
        "blocks": _numbers(found["blocks"]),
        "emergency": Emergency(**members(found["emergency"], _EMERGENCY, what="card's emergency choice")),
    }


def _consent(value: object) -> ConsentRecord | None:
    return None if value is None else ConsentRecord(**members(value, CONSENT_SHAPE, what="card's consent"))


def _authorisation(value: object) -> CardAuthorisation:
    return CardAuthorisation(**members(value, _AUTHORISATION, what="card's authorisation"))


def _numbers(values: list[object]) -> frozenset[str]:
    """Cards of earlier versions may hold numbers of other forms: they stay, and can be taken off."""
    if not all(isinstance(each, str) and is_whole(each) for each in values):
        raise Invalid("A card names professionals by their national number.", code="bad_shape")
    return frozenset(map(str, values))


def _texts(values: list[object]) -> frozenset[str]:
    if not all(isinstance(each, str) for each in values):
        raise Invalid("A card names structures and classes by their codes.", code="bad_shape")
    return frozenset(map(str, values))
