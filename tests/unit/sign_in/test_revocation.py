"""What revocation lists, their deltas and responders say, and what is done where they say nothing."""

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.x509.ocsp import OCSPCertStatus
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sign_in.certificates import ocsp
from sign_in.certificates.revocation import check, status
from sign_in.certificates.revocation_lists import RevocationLists, Status, read_list
from sign_in.certificates.trust import CertificateRefused
from tests import igc

IGC = igc.Authority()
CARD = IGC.card(responder="http://127.0.0.1/ocsp")
OTHER = IGC.card()
ECDSA_SHA256 = bytes.fromhex("2a8648ce3d040302")  # 1.2.840.10045.4.3.2
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
RESPONDER = IGC.issue([(NameOID.COMMON_NAME, "TEST REPONDEUR")], usage=ExtendedKeyUsageOID.OCSP_SIGNING)


def said(*lists: x509.CertificateRevocationList) -> Status:
    return RevocationLists(lists).status(CARD.certificate, IGC.issuing.certificate, igc.NOW)


def scope(**narrow: object) -> x509.IssuingDistributionPoint:
    unset = dict.fromkeys(("full_name", "relative_name", "only_some_reasons"))
    no = dict.fromkeys(
        (
            "only_contains_user_certs",
            "only_contains_ca_certs",
            "indirect_crl",
            "only_contains_attribute_certs",
        ),
        False,
    )
    return x509.IssuingDistributionPoint(**(unset | no | narrow))  # type: ignore[arg-type]


@pytest.mark.requirement("R5")
def test_a_list_says_who_was_revoked_and_who_was_not() -> None:
    assert said(IGC.revocation_list([CARD])) is Status.REVOKED
    assert said(IGC.revocation_list([OTHER])) is Status.GOOD


def test_without_a_list_nothing_is_known() -> None:
    assert said() is Status.UNKNOWN


@pytest.mark.parametrize(
    "outlived",
    [
        IGC.revocation_list(since=-2 * DAY, until=-DAY),
        IGC.revocation_list(since=HOUR, until=DAY),
        IGC.revocation_list(signer=OTHER),
        IGC.revocation_list(issuer=IGC.root),
        igc.Authority().revocation_list(),
        IGC.revocation_list(scope=scope(only_contains_ca_certs=True)),
        IGC.revocation_list(scope=scope(indirect_crl=True)),
        IGC.revocation_list(scope=scope(only_some_reasons=frozenset([x509.ReasonFlags.superseded]))),
        IGC.revocation_list(scope=scope(full_name=[x509.UniformResourceIdentifier(igc.CRL_ADDRESS)])),
    ],
    ids=["expired", "future", "forged", "root's", "namesake", "of CAs", "indirect", "some reasons", "part"],
)
def test_a_list_that_may_not_be_believed_says_nothing(outlived: x509.CertificateRevocationList) -> None:
    assert said(outlived) is Status.UNKNOWN


def test_a_list_about_users_alone_covers_a_card() -> None:
    assert said(IGC.revocation_list(scope=scope(only_contains_user_certs=True))) is Status.GOOD


def test_a_newer_list_counts_before_an_older_one() -> None:
    assert said(IGC.revocation_list([CARD], number=1), IGC.revocation_list(number=2)) is Status.GOOD
    assert said(IGC.revocation_list(number=1), IGC.revocation_list([CARD], number=2)) is Status.REVOKED


@pytest.mark.requirement("R5")
def test_a_delta_adds_to_its_base_and_takes_back() -> None:
    base = IGC.revocation_list(number=5)
    assert said(base, IGC.revocation_list([CARD], number=6, base=5)) is Status.REVOKED
    held = IGC.revocation_list([CARD], number=5)
    assert said(held, IGC.revocation_list(restored=[CARD], number=6, base=5)) is Status.GOOD


@pytest.mark.parametrize(("number", "base"), [(8, 7), (4, 3)])
def test_a_delta_upon_a_newer_base_or_an_older_one_counts_not(number: int, base: int) -> None:
    delta = IGC.revocation_list([CARD], number=number, base=base)
    assert said(IGC.revocation_list(number=5), delta) is Status.GOOD


@pytest.mark.requirement("R5")
def test_what_was_revoked_stays_so_when_nobody_fetches_lists_any_more() -> None:
    """Who makes the fetching fail gets no revoked card back; what was taken back has to be current."""
    old = {"since": -2 * DAY, "until": -DAY}
    assert said(IGC.revocation_list([CARD], **old)) is Status.REVOKED
    assert said(IGC.revocation_list([CARD], **old), IGC.revocation_list(number=2)) is Status.GOOD
    whole = IGC.revocation_list(number=5)
    assert said(whole, IGC.revocation_list([CARD], number=6, base=5, **old)) is Status.REVOKED
    held = IGC.revocation_list([CARD], number=5)
    assert said(held, IGC.revocation_list(restored=[CARD], number=6, base=5, **old)) is Status.REVOKED


@pytest.mark.requirement("R5")
@pytest.mark.parametrize(
    ("narrow", "known"),
    [("only_contains_user_certs", Status.UNKNOWN), ("only_contains_ca_certs", Status.GOOD)],
)
def test_a_list_about_users_alone_says_nothing_of_an_authority(narrow: str, known: Status) -> None:
    found = IGC.revocation_list(issuer=IGC.root, scope=scope(**{narrow: True}))
    of = IGC.issuing.certificate, IGC.root.certificate
    assert RevocationLists([found]).status(*of, igc.NOW) is known


def test_a_delta_alone_says_nothing() -> None:
    assert said(IGC.revocation_list([OTHER], number=6, base=5)) is Status.UNKNOWN


def asked(answer: bytes) -> Status:
    return ocsp.status(answer, CARD.certificate, IGC.issuing.certificate, igc.NOW)


@pytest.mark.parametrize("signer", [None, RESPONDER], ids=["issuer", "responder it named"])
def test_a_responder_says_what_is_known(signer: igc.Issued | None) -> None:
    assert asked(IGC.ocsp_answer(CARD, signer=signer)) is Status.GOOD
    assert asked(IGC.ocsp_answer(CARD, OCSPCertStatus.REVOKED, signer=signer)) is Status.REVOKED
    assert asked(IGC.ocsp_answer(CARD, OCSPCertStatus.UNKNOWN, signer=signer)) is Status.UNKNOWN


@pytest.mark.parametrize(
    "answer",
    [
        IGC.ocsp_answer(OTHER),
        IGC.ocsp_answer(CARD, signer=OTHER),
        IGC.ocsp_answer(CARD, signer=igc.Authority().issuing),
        IGC.ocsp_answer(CARD, since=-2 * DAY, until=-DAY),
        IGC.ocsp_answer(CARD, since=HOUR, until=DAY),
        b"",
        b"no answer",
        IGC.ocsp_answer(CARD)[:-1],
        IGC.ocsp_answer(CARD).replace(ECDSA_SHA256, ECDSA_SHA256[:-1] + b"\x7f"),
    ],
    ids=["about another", "by a card", "by a stranger", "old", "early", "empty", "other", "cut", "unknown"],
)
def test_an_answer_that_may_not_be_believed_says_nothing(answer: bytes) -> None:
    assert asked(answer) is Status.UNKNOWN


def test_a_responder_is_asked_where_no_list_answers_and_only_then() -> None:
    questions = []

    def ask(address: str, question: bytes) -> bytes:
        questions.append((address, question))
        return IGC.ocsp_answer(CARD)

    path = [CARD.certificate, IGC.issuing.certificate]
    assert status(path, RevocationLists([]), igc.AT, ask=ask) is Status.GOOD
    assert questions == [("http://127.0.0.1/ocsp", ocsp.request(*path))]
    assert status(path, RevocationLists([IGC.revocation_list()]), igc.AT, ask=ask) is Status.GOOD
    assert len(questions) == 1


def test_the_worst_of_a_path_is_its_status() -> None:
    path = [CARD.certificate, IGC.issuing.certificate, IGC.root.certificate]
    of_leaf = IGC.revocation_list()
    of_authority = IGC.revocation_list([IGC.issuing], issuer=IGC.root)
    assert status(path, RevocationLists([of_leaf]), igc.AT) is Status.UNKNOWN
    assert status(path, RevocationLists([of_leaf, of_authority]), igc.AT) is Status.REVOKED
    quiet = IGC.revocation_list(issuer=IGC.root)
    assert status(path, RevocationLists([of_leaf, quiet]), igc.AT) is Status.GOOD


@pytest.mark.requirement("R5", "R7")
@pytest.mark.parametrize(
    ("found", "reads", "code"),
    [
        (Status.GOOD, True, None),
        (Status.GOOD, False, None),
        (Status.UNKNOWN, True, "certificate_status_unknown"),
        (Status.UNKNOWN, False, None),
        (Status.REVOKED, True, "certificate_revoked"),
        (Status.REVOKED, False, "certificate_revoked"),
    ],
)
def test_without_a_word_on_its_revocation_a_certificate_feeds_and_never_reads(
    found: Status, reads: bool, code: str | None
) -> None:
    if code is None:
        check(found, reads=reads)
        return
    with pytest.raises(CertificateRefused) as refused:
        check(found, reads=reads)
    assert refused.value.code == code


def test_a_list_is_read_in_both_of_its_forms_or_refused() -> None:
    from cryptography.hazmat.primitives.serialization import Encoding

    made = IGC.revocation_list([CARD])
    for form in (Encoding.DER, Encoding.PEM):
        assert read_list(made.public_bytes(form)) == made
    with pytest.raises(Exception, match="revocation list"):
        read_list(b"<html>")
    of_issuer = bytes.fromhex("0603550403")  # an attribute's name, and behind it no text
    damaged = made.public_bytes(Encoding.DER).replace(of_issuer + b"\x0c", of_issuer + b"\x02")
    with pytest.raises(Exception, match="revocation list"):
        read_list(damaged)
