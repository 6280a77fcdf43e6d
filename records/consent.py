"""The card of a record: what its holder has decided. Changes are pure, from one card to the next.

Every change may be repeated: done twice it gives the same card. Times are unix seconds.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

from records.errors import Invalid
from records.identity import INS, Traits, check_rpps
from records.numbers import is_whole
from records.shape import Shape, members
from records.vocabulary.codes import ConsentMeans

DEFAULT_DURATION = 365 * 86_400  # R18: an authorisation lasts one year unless said otherwise
LONGEST_DURATION = 100 * 365 * 86_400
"""An authorisation with an end has one that a calendar shows; whoever means for good says so."""


@dataclass(frozen=True, slots=True)
class ConsentRecord:
    """The recorded initial consent (R17): by whom, by which means, when.

    `how` is one of `ConsentMeans`; cards of earlier versions hold words of their own.
    """

    by: str
    how: str
    at: int


@dataclass(frozen=True, slots=True)
class Authorisation:
    """One professional may consult from `since` up to, not including, `until` (None: for good).

    `express`: given to this very person (L1111-17), as all of a card are; one for a team or a list is not.
    """

    professional: str
    since: int
    until: int | None
    express: bool = True

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _AUTHORISATION}

    def is_live(self, now: int) -> bool:
        return self.since <= now and not self.has_expired(now)

    def has_expired(self, now: int) -> bool:
        return self.until is not None and self.until <= now


@dataclass(frozen=True, slots=True)
class Emergency:
    """The holder's choice about each emergency mode on its own: allowed (True) or opposed (False)."""

    bris_de_glace: bool = True
    centre_15: bool = True


@dataclass(frozen=True, slots=True)
class Card:
    """Everything the holder decides on. `consent` is None while no initial consent is recorded.

    At most one authorisation per professional; `blocks` and `attending` hold national numbers.
    """

    ins: INS
    traits: Traits
    consent: ConsentRecord | None
    authorisations: tuple[Authorisation, ...] = ()
    blocks: frozenset[str] = frozenset()
    attending: frozenset[str] = frozenset()
    emergency: Emergency = Emergency()

    def authorisation_of(self, professional: str) -> Authorisation | None:
        return next((a for a in self.authorisations if a.professional == professional), None)

    def to_json(self) -> dict[str, Any]:
        return {
            "ins": asdict(self.ins),
            "traits": asdict(self.traits),
            "consent": None if self.consent is None else asdict(self.consent),
            "authorisations": [each.to_json() for each in self.authorisations],
            "blocks": sorted(self.blocks),
            "attending": sorted(self.attending),
            "emergency": asdict(self.emergency),
        }

    @classmethod
    def from_json(cls, value: object) -> "Card":
        """The reverse of `to_json`; raises Invalid `bad_shape` on a missing, unknown or odd member."""
        found = members(value, _CARD, what="card")
        return cls(
            ins=INS(**members(found["ins"], _INS, what="card's INS")),
            traits=Traits(**members(found["traits"], _TRAITS, what="card's traits")),
            consent=_consent(found["consent"]),
            authorisations=tuple(_authorisation(each) for each in found["authorisations"]),
            blocks=_numbers(found["blocks"]),
            attending=_numbers(found["attending"]),
            emergency=Emergency(**members(found["emergency"], _EMERGENCY, what="card's emergency choice")),
        )


_CARD: Shape = {
    "ins": dict,
    "traits": dict,
    "consent": (dict, type(None)),
    "authorisations": list,
    "blocks": list,
    "attending": list,
    "emergency": dict,
}
_INS: Shape = {"matricule": str, "oid": str}
_TRAITS: Shape = {"family_name": str, "given_name": str, "birth_date": str, "sex": str}
_CONSENT: Shape = {"by": str, "how": str, "at": int}
_AUTHORISATION: Shape = {"professional": str, "since": int, "until": (int, type(None))}
_EMERGENCY: Shape = {"bris_de_glace": bool, "centre_15": bool}


def _consent(value: object) -> ConsentRecord | None:
    return None if value is None else ConsentRecord(**members(value, _CONSENT, what="card's consent"))


def _authorisation(value: object) -> Authorisation:
    return Authorisation(**members(value, _AUTHORISATION, what="card's authorisation"))


def _numbers(values: list[object]) -> frozenset[str]:
    """Cards of earlier versions may hold numbers of other forms: they stay, and can be taken off."""
    if not all(isinstance(each, str) and is_whole(each) for each in values):
        raise Invalid("A card names professionals by their national number.", code="bad_shape")
    return frozenset(map(str, values))


def _taken_off(number: str, kept: Iterable[str]) -> str:
    """A number to take off the card; there one of an earlier form may stand. Raises Invalid `bad_rpps`."""
    return number if number in kept else check_rpps(number)


def check_consent(how: str) -> ConsentMeans:
    """The means by which a consent was given; a caller states it. Raises Invalid `bad_consent`."""
    try:
        return ConsentMeans(how)
    except ValueError:
        raise Invalid(
            f"Say how the holder gave consent: {', '.join(ConsentMeans)}.", code="bad_consent"
        ) from None


def authorise(
    card: Card, professional: str, now: int, until: int | None = None, *, permanent: bool = False
) -> Card:
    """Let a professional consult until `until` (default: 365 days from now) or for good if `permanent`.

    A present authorisation is renewed in place. Raises Invalid `bad_rpps`, or `bad_authorisation` for an
    end that lies in the past or more than a hundred years ahead, or contradicts `permanent`. A block stays a
    block: it is lifted by `unblock`.
    """
    check_rpps(professional)
    if until is not None and (permanent or not now < until <= now + LONGEST_DURATION):
        raise Invalid(
            "An authorisation ends in the future, within a hundred years, or never.", code="bad_authorisation"
        )
    end = None if permanent else now + DEFAULT_DURATION if until is None else until
    present = card.authorisation_of(professional)
    since = present.since if present is not None and present.is_live(now) else now
    others = tuple(a for a in card.authorisations if a.professional != professional)
    return replace(card, authorisations=(*others, Authorisation(professional, since, end)))


def revoke(card: Card, professional: str) -> Card:
    """Withdraw an authorisation, effective with the next decision. Raises Invalid `bad_rpps`."""
    _taken_off(professional, (each.professional for each in card.authorisations))
    kept = tuple(a for a in card.authorisations if a.professional != professional)
    return replace(card, authorisations=kept)


def block(card: Card, professional: str) -> Card:
    """Shut a professional out whatever else the card says (R19). Raises Invalid `bad_rpps`."""
    return replace(card, blocks=card.blocks | {check_rpps(professional)})


def unblock(card: Card, professional: str) -> Card:
    """Lift a block; an authorisation that still runs counts again. Raises Invalid `bad_rpps`."""
    return replace(card, blocks=card.blocks - {_taken_off(professional, card.blocks)})


def name_attending(card: Card, professional: str) -> Card:
    """Name an attending doctor, one of possibly several (R21). Raises Invalid `bad_rpps`."""
    return replace(card, attending=card.attending | {check_rpps(professional)})


def remove_attending(card: Card, professional: str) -> Card:
    """End the status of attending doctor, and with it the sight of masked documents, at once (R21).

    Raises Invalid `bad_rpps`.
    """
    return replace(card, attending=card.attending - {_taken_off(professional, card.attending)})


def set_emergency(card: Card, emergency: Emergency) -> Card:
    """Allow or oppose each emergency mode (R26, R27)."""
    return replace(card, emergency=emergency)


def protects(before: Card, after: Card) -> bool:
    """Whether a change takes rights away and gives none: what a holder may do while the record is
    suspended.
    """
    kept = {each.professional: each for each in before.authorisations}
    return (
        all(kept.get(each.professional) == each for each in after.authorisations)
        and after.blocks >= before.blocks
        and after.attending <= before.attending
        and before.emergency.bris_de_glace >= after.emergency.bris_de_glace
        and before.emergency.centre_15 >= after.emergency.centre_15
    )
