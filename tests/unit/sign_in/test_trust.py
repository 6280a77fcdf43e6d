"""Which certificates are believed: path, purpose, time and environment."""

from datetime import timedelta

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from records.vocabulary.codes import Environment
from sign_in.certificates.trust import (
    Anchors,
    CertificateRefused,
    Trusted,
    check_environment,
    path_to,
    read_certificates,
)
from tests import igc

IGC = igc.Authority()
REAL = igc.Authority("REELLE")
DAY = timedelta(days=1)


def anchors(authority: igc.Authority) -> Anchors:
    return Anchors(
        Trusted.PERSONS, [authority.root.certificate], intermediates=[authority.issuing.certificate]
    )


def refusal(issued: igc.Issued, trusted: Anchors, at: int = igc.AT) -> str:
    with pytest.raises(CertificateRefused) as refused:
        path_to(trusted, issued.certificate, at)
    return refused.value.code


@pytest.mark.requirement("R5")
def test_a_card_of_a_configured_authority_is_believed() -> None:
    card = IGC.card()
    path = path_to(anchors(IGC), card.certificate, igc.AT)
    assert path == [card.certificate, IGC.issuing.certificate, IGC.root.certificate]


@pytest.mark.requirement("R5")
def test_another_authority_of_the_same_name_is_not() -> None:
    assert refusal(igc.Authority().card(), anchors(IGC)) == "certificate_untrusted"


def test_without_authorities_nobody_is_believed() -> None:
    assert refusal(IGC.card(), Anchors(Trusted.PERSONS, [])) == "certificate_untrusted"


def test_a_holder_cannot_vouch_for_others() -> None:
    card = IGC.card()
    pretended = igc.Authority.__new__(igc.Authority)
    pretended.now, pretended.root, pretended.issuing = igc.NOW, IGC.root, card
    trusted = Anchors(Trusted.PERSONS, [IGC.root.certificate], [IGC.issuing.certificate, card.certificate])
    assert refusal(pretended.card(), trusted) == "certificate_untrusted"


@pytest.mark.requirement("R5")
@pytest.mark.parametrize(
    ("since", "until"), [(-2 * igc.YEAR, -DAY), (DAY, igc.YEAR)], ids=["expired", "not yet valid"]
)
def test_a_certificate_out_of_its_time_is_refused(since: timedelta, until: timedelta) -> None:
    assert refusal(IGC.card(since=since, until=until), anchors(IGC)) == "certificate_expired"


def test_an_expired_root_ends_what_hangs_on_it() -> None:
    card = IGC.card(until=10 * igc.YEAR)
    at = int((igc.NOW + 6 * igc.YEAR).timestamp())
    assert refusal(card, anchors(IGC), at) == "certificate_untrusted"


@pytest.mark.parametrize(
    "usage",
    [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.EMAIL_PROTECTION, ExtendedKeyUsageOID.OCSP_SIGNING],
)
def test_a_certificate_for_another_use_is_refused(usage: object) -> None:
    assert refusal(IGC.card(usage=usage), anchors(IGC)) == "certificate_untrusted"


@pytest.mark.requirement("R5")
@pytest.mark.parametrize(
    ("authority", "environment", "admitted"),
    [
        (IGC, Environment.PRODUCTION, False),
        (REAL, Environment.PRODUCTION, True),
        (IGC, Environment.TEST, True),
        (REAL, Environment.TEST, False),
        (IGC, Environment.DEMO, True),
        (REAL, Environment.DEMO, False),
    ],
)
def test_test_cards_stay_out_of_production_and_real_ones_out_of_tests(
    authority: igc.Authority, environment: Environment, admitted: bool
) -> None:
    path = path_to(anchors(authority), authority.card().certificate, igc.AT)
    if admitted:
        check_environment(path, environment)
        return
    with pytest.raises(CertificateRefused) as refused:
        check_environment(path, environment)
    assert refused.value.code == "certificate_of_other_environment"


@pytest.mark.requirement("R5")
@pytest.mark.parametrize("authority", [IGC, REAL])
def test_what_a_holder_is_called_makes_no_card_a_test_card(authority: igc.Authority) -> None:
    name = [(NameOID.ORGANIZATION_NAME, "LABORATOIRE TEST"), (NameOID.COMMON_NAME, "test-dmp")]
    path = path_to(anchors(authority), authority.issue(name).certificate, igc.AT)
    right, wrong = Environment.PRODUCTION, Environment.TEST
    if authority is IGC:
        right, wrong = wrong, right
    check_environment(path, right)
    with pytest.raises(CertificateRefused):
        check_environment(path, wrong)


def test_a_file_of_authorities_is_read_whole_or_refused() -> None:
    assert len(read_certificates(IGC.root.pem + IGC.issuing.pem)) == 2
    with pytest.raises(Exception, match="PEM"):
        read_certificates(b"nothing")
