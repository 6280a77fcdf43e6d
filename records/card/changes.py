"""Changes of a card by its holder: pure, from one card to the next.

Every change may be repeated: done twice it gives the same card. Times are unix seconds.
"""

from collections.abc import Iterable
from dataclasses import replace

from records.card.card import Card, Emergency
from records.card.consent import HOLDER, ConsentRecord
from records.errors import Invalid
from records.people.identity import check_rpps, check_structure
from records.vocabulary.codes import ConsentMeans
from records.vocabulary.document_types import CLASS_NAMES, DOCUMENT_TYPES


def _taken_off(number: str, kept: Iterable[str]) -> str:
    """A number to take off the card; there one of an earlier form may stand. Raises Invalid `bad_rpps`."""
    return number if number in kept else check_rpps(number)


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
