"""The card of a record: what its holder decided, save what permits one professional or a team to consult
(`records.choices`). Changes are pure, from one card to the next.

Every change may be repeated: done twice it gives the same card. Times are unix seconds.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from records.durations import YEAR_S
from records.errors import Invalid
from records.people.identity import INS, Traits, check_rpps, check_structure
from records.text.numbers import is_whole
from records.text.shape import Shape, members
from records.vocabulary.codes import ConsentMeans, Role
from records.vocabulary.document_types import CLASS_NAMES, DOCUMENT_TYPES

DEFAULT_DURATION = YEAR_S  # R18: an authorisation lasts one year unless said otherwise
HOLDER = Role.PATIENT.value
"""Who gave a consent that nobody else recorded."""
LONGEST_DURATION = 100 * YEAR_S
"""An authorisation with an end has one that a calendar shows; whoever means for good says so."""


@dataclass(frozen=True, slots=True)
class ConsentRecord:
    """A recorded consent (R17, R18): by whom, by which means, when.

    `by` is the holder (`HOLDER`), or the national number of the professional who recorded it; cards have what
    an operator wrote. `how` is one of `ConsentMeans`; cards of earlier versions hold words of their own.
    """

    by: str
    how: str
    at: int


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
CONSENT_SHAPE: Shape = {"by": str, "how": str, "at": int}
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


def end_of(now: int, until: int | None = None, *, permanent: bool = False) -> int | None:
    """The end of what is given now: as stated, in one year, or never if `permanent`.

    Raises Invalid `bad_authorisation` for an end that lies in the past or more than a hundred years ahead, or
    contradicts `permanent`.
    """
    if until is not None and (permanent or not now < until <= now + LONGEST_DURATION):
        raise Invalid(
            "An authorisation ends in the future, within a hundred years, or never.", code="bad_authorisation"
        )
    return None if permanent else now + DEFAULT_DURATION if until is None else until


def withdraw_consent(card: Card) -> Card:
    """Take back every consent: nobody but the holder consults any more, emergencies apart (R17). Who attended
    is named anew, if ever, once it is given again.
    """
    return replace(card, consent=None, attending={})


def give_consent(card: Card, now: int) -> Card:
    """Give the initial consent, first or again (R17); it permits nobody by itself."""
    given = card.consent or ConsentRecord(HOLDER, ConsentMeans.ONLINE.value, now)
    return replace(card, consent=given)


def block(card: Card, professional: str) -> Card:
    """Shut a professional out whatever else the card says (R19). Raises Invalid `bad_rpps`."""
    return replace(card, blocks=card.blocks | {check_rpps(professional)})


def unblock(card: Card, professional: str) -> Card:
    """Lift a block; an authorisation that still runs counts again. Raises Invalid `bad_rpps`."""
    return replace(card, blocks=card.blocks - {_taken_off(professional, card.blocks)})


def block_structure(card: Card, structure: str) -> Card:
    """Shut out everybody who comes from a structure (R19). Raises Invalid `bad_structure`."""
    return replace(card, blocked_structures=card.blocked_structures | {check_structure(structure)})


def unblock_structure(card: Card, structure: str) -> Card:
    """Lift the block of a structure. Raises Invalid `bad_structure`."""
    return replace(card, blocked_structures=card.blocked_structures - {check_structure(structure)})


def name_attending(card: Card, professional: str, now: int) -> Card:
    """Name an attending doctor, one of possibly several (R21). Raises Invalid `bad_rpps`."""
    since = card.attending.get(check_rpps(professional), now)
    return replace(card, attending={**card.attending, professional: since})


def remove_attending(card: Card, professional: str) -> Card:
    """End the status of attending doctor, and with it the sight of masked documents, at once (R21).

    Raises Invalid `bad_rpps`.
    """
    gone = _taken_off(professional, card.attending)
    kept = {number: since for number, since in card.attending.items() if number != gone}
    return replace(card, attending=kept)


def set_emergency(card: Card, emergency: Emergency) -> Card:
    """Allow or oppose each emergency mode (R26, R27)."""
    return replace(card, emergency=emergency)


def refuse_deposits(card: Card, *, kind: str | None = None, structure: str | None = None) -> Card:
    """Take no more deposits of a kind or from a structure (R31). Raises Invalid `bad_kind` or
    `bad_structure`.
    """
    refused = card.refusals
    if structure is not None:
        structures = refused.structures | {check_structure(structure)}
        return replace(card, refusals=replace(refused, structures=structures))
    return replace(card, refusals=replace(refused, kinds=refused.kinds | {check_kind(kind or "")}))


def admit_deposits(card: Card, *, kind: str | None = None, structure: str | None = None) -> Card:
    """Take them again. Raises like `refuse_deposits`."""
    refused = card.refusals
    if structure is not None:
        structures = refused.structures - {check_structure(structure)}
        return replace(card, refusals=replace(refused, structures=structures))
    return replace(card, refusals=replace(refused, kinds=refused.kinds - {check_kind(kind or "")}))


def check_kind(kind: str) -> str:
    """The code of a class or of a type of documents; raises Invalid `bad_kind` for any other."""
    if kind not in CLASS_NAMES and kind not in DOCUMENT_TYPES:
        raise Invalid(
            "A kind of documents is a class or a type of the shared medical record.", code="bad_kind"
        )
    return kind


def protects(before: Card, after: Card) -> bool:
    """Whether a change takes rights away and gives none: what a holder may do while the record is
    suspended.
    """
    return (
        after.blocks >= before.blocks
        and after.blocked_structures >= before.blocked_structures
        and after.attending.keys() <= before.attending.keys()
        and after.refusals.kinds >= before.refusals.kinds
        and after.refusals.structures >= before.refusals.structures
        and before.emergency.bris_de_glace >= after.emergency.bris_de_glace
        and before.emergency.centre_15 >= after.emergency.centre_15
        and after.consent in (None, before.consent)
    )
