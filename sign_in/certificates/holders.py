"""Holders of certificates of the health sector: cards of persons (CPS, CPF, CPE, CPA) and organisations.

The places are those of the national profiles as public software reads them: the national number (PSIdNat) in
the common name; the kind of card (TRE_G02, OID 1.2.250.1.71.1.2.2), the profession (TRE_G15, OID
1.2.250.1.71.1.2.7) and the specialty (savoir-faire, OID 1.2.250.1.71.4.2.5) in extensions named by the OID of
their code system; the structure's number (StructIdNat) in the organisational unit. Where somebody exercises
stands in no certificate: the directory knows.
"""

import re
from dataclasses import dataclass, field
from enum import StrEnum

from cryptography import x509
from cryptography.x509.oid import NameOID, ObjectIdentifier

from records.errors import Invalid
from records.people.identity import check_rpps, check_structure
from sign_in.certificates.trust import CertificateRefused

CARD_TYPE = ObjectIdentifier("1.2.250.1.71.1.2.2")
PROFESSION = ObjectIdentifier("1.2.250.1.71.1.2.7")
SPECIALTY = ObjectIdentifier("1.2.250.1.71.4.2.5")
_STAFF_NUMBER = re.compile(
    r"[0-9][0-9AB]{1,31}/[\x21-\x7e]{1,64}"
)  # PSIdNat of staff: structure / own number
# first digits of PSIdNat and of StructIdNat for the same register: FINESS, SIREN, SIRET
_REGISTERS = {"3": "1", "4": "2", "5": "3"}
_CODE = re.compile(r"[A-Za-z0-9]{1,8}")
_STRING_TAGS = {0x0C, 0x13, 0x16}  # UTF8String, PrintableString, IA5String


class CardType(StrEnum):
    """Kinds of cards (TRE_G02): of a professional, in training, of staff, of persons authorised by others."""

    CPS = "00"
    CPF = "01"
    CPE = "02"
    CPA = "03"


READING = frozenset({CardType.CPS})
"""Cards whose holder may read a record. Staff feed and never read (R7); who is in training has no access of
its own here."""


@dataclass(frozen=True, slots=True)
class CardHolder:
    """A person as a card tells. `number` is the PSIdNat; a professional's is in the RPPS (8…)."""

    card: CardType
    number: str = field(repr=False)
    profession: str | None
    specialty: str | None
    structure: str | None
    family_name: str = field(repr=False)
    given_name: str = field(repr=False)

    @property
    def reads(self) -> bool:
        return self.card in READING

    @property
    def employer(self) -> str | None:
        """The structure (StructIdNat) for which staff act, from their own number; None for others."""
        register = _REGISTERS.get(self.number[:1]) if "/" in self.number else None
        return None if register is None else register + self.number[1:].partition("/")[0]


@dataclass(frozen=True, slots=True)
class Organisation:
    """A structure as its certificate tells: its number (StructIdNat) and names."""

    structure: str
    name: str
    application: str


def is_card(leaf: x509.Certificate) -> bool:
    """Whether a certificate says which kind of card it is from."""
    return any(each.oid == CARD_TYPE for each in leaf.extensions)


def card_holder(leaf: x509.Certificate) -> CardHolder:
    """The person of a card's authentication certificate.

    Raises `CertificateRefused` "certificate_not_a_card" where a field is missing or has another form.
    """
    try:
        card = CardType(_code(leaf, CARD_TYPE) or "")
        number = _only(leaf, NameOID.COMMON_NAME) or ""
        return CardHolder(
            card=card,
            number=check_rpps(number) if card in READING else _staff_number(number),
            profession=_code(leaf, PROFESSION),
            specialty=_code(leaf, SPECIALTY),
            structure=_structure(leaf),
            family_name=_only(leaf, NameOID.SURNAME) or "",
            given_name=_only(leaf, NameOID.GIVEN_NAME) or "",
        )
    except (Invalid, ValueError):
        raise CertificateRefused(
            "This certificate does not tell whose card it is. Use the authentication certificate of a CPS or "
            "CPE card.",
            code="certificate_not_a_card",
        ) from None


def organisation(leaf: x509.Certificate) -> Organisation:
    """The structure of an organisation's certificate for TLS clients (ORG_AUTH_CLI).

    Raises `CertificateRefused` "certificate_not_an_organisation".
    """
    try:
        structure = _structure(leaf)
        if structure is None or _extension(leaf, CARD_TYPE) is not None:
            raise Invalid("It names no structure, or is a person's.")
        name, application = (
            _only(leaf, oid) or "" for oid in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME)
        )
        return Organisation(structure, name, application)
    except (Invalid, ValueError):
        raise CertificateRefused(
            "This certificate does not tell which structure it is for. Use the organisation's certificate "
            "for TLS clients (ORG_AUTH_CLI).",
            code="certificate_not_an_organisation",
        ) from None


def _staff_number(number: str) -> str:
    if number.startswith("8"):
        return check_rpps(number)
    if _STAFF_NUMBER.fullmatch(number) is None:
        raise Invalid("Not a national number of staff.")
    return number


def _structure(leaf: x509.Certificate) -> str | None:
    number = _only(leaf, NameOID.ORGANIZATIONAL_UNIT_NAME)
    return None if number is None else check_structure(number)


def _only(leaf: x509.Certificate, oid: ObjectIdentifier) -> str | None:
    """The one value of a part of the name: with two, nobody could say which was meant."""
    found = leaf.subject.get_attributes_for_oid(oid)
    if len(found) > 1:
        raise Invalid("A part of the name stands twice.")
    return str(found[0].value) if found else None


def _code(leaf: x509.Certificate, oid: ObjectIdentifier) -> str | None:
    value = _extension(leaf, oid)
    if value is None:
        return None
    if len(value) < 2 or value[0] not in _STRING_TAGS or value[1] != len(value) - 2:
        raise Invalid("The extension is no short text.")
    text = value[2:].decode("ascii")
    if _CODE.fullmatch(text) is None:
        raise Invalid("The extension is no code.")
    return text


def _extension(leaf: x509.Certificate, oid: ObjectIdentifier) -> bytes | None:
    try:
        found = leaf.extensions.get_extension_for_oid(oid).value
    except x509.ExtensionNotFound:
        return None
    if not isinstance(found, x509.UnrecognizedExtension):
        raise Invalid("The extension is another one.")
    return found.value
