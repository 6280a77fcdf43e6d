"""Who a certificate is for: cards of persons, and organisations."""

import pytest
from cryptography.x509.oid import NameOID

from sign_in.certificates.holders import CARD_TYPE, PROFESSION, CardType, card_holder, organisation
from sign_in.certificates.trust import CertificateRefused
from tests import igc

IGC = igc.Authority()
STAFF = "3750000001/0042"


def test_a_card_tells_number_profession_specialty_and_name() -> None:
    holder = card_holder(IGC.card().certificate)
    assert (holder.card, holder.number, holder.profession, holder.specialty) == (
        CardType.CPS,
        igc.DOCTOR,
        "10",
        "SM26",
    )
    assert (holder.family_name, holder.given_name, holder.structure) == ("MARTIN", "CLAIRE", None)


@pytest.mark.requirement("R7")
@pytest.mark.parametrize(
    ("card", "reads"),
    [(CardType.CPS, True), (CardType.CPF, False), (CardType.CPE, False), (CardType.CPA, False)],
)
def test_only_a_professionals_card_reads(card: CardType, reads: bool) -> None:
    number = igc.DOCTOR if reads else STAFF
    assert card_holder(IGC.card(card, number).certificate).reads is reads


@pytest.mark.parametrize(
    ("card", "number"),
    [
        (CardType.CPS, STAFF),
        (CardType.CPS, "99700024450"),
        (CardType.CPS, "Dr MARTIN"),
        (CardType.CPE, "no number"),
        (CardType.CPE, "8997"),
    ],
)
def test_a_number_of_another_form_is_refused(card: CardType, number: str) -> None:
    with pytest.raises(CertificateRefused) as refused:
        card_holder(IGC.card(card, number).certificate)
    assert refused.value.code == "certificate_not_a_card"


def of(*names: tuple[object, str], extensions: object = ()) -> igc.Issued:
    return IGC.issue(names, extensions=extensions)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "issued",
    [
        of((NameOID.COMMON_NAME, igc.DOCTOR)),
        of((NameOID.COMMON_NAME, igc.DOCTOR), extensions=[igc.text(CARD_TYPE, "77")]),
        of(
            (NameOID.COMMON_NAME, igc.DOCTOR),
            (NameOID.COMMON_NAME, "899700024451"),
            extensions=[igc.text(CARD_TYPE, "00")],
        ),
        of(
            (NameOID.COMMON_NAME, igc.DOCTOR),
            extensions=[igc.text(CARD_TYPE, "00"), igc.text(PROFESSION, "1 0")],
        ),
        IGC.organisation(),
    ],
    ids=["no type", "unknown type", "two numbers", "bad profession", "organisation"],
)
def test_what_does_not_tell_whose_card_it_is_is_refused(issued: igc.Issued) -> None:
    with pytest.raises(CertificateRefused):
        card_holder(issued.certificate)


def test_an_organisation_tells_its_number_and_names() -> None:
    found = organisation(IGC.organisation().certificate)
    assert (found.structure, found.name, found.application) == (
        igc.HOSPITAL,
        "HOPITAL DES LILAS",
        "ris.lilas.example",
    )


@pytest.mark.parametrize(
    "issued",
    [
        IGC.card(),
        IGC.organisation("no number"),
        of((NameOID.ORGANIZATIONAL_UNIT_NAME, igc.HOSPITAL), extensions=[igc.text(CARD_TYPE, "02")]),
        of(
            (NameOID.ORGANIZATIONAL_UNIT_NAME, igc.HOSPITAL), (NameOID.ORGANIZATIONAL_UNIT_NAME, "1750000009")
        ),
    ],
    ids=["card", "no number", "staff", "two structures"],
)
def test_a_persons_card_or_a_nameless_certificate_is_no_organisations(issued: igc.Issued) -> None:
    with pytest.raises(CertificateRefused) as refused:
        organisation(issued.certificate)
    assert refused.value.code == "certificate_not_an_organisation"
