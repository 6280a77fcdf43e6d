"""The header by which a proxy hands over the certificate of its TLS client (RFC 9440)."""

import pytest

from records.errors import Invalid
from sign_in.certificates.client_cert import client_certificate
from tests import igc

ISSUED = igc.Authority().card()
GOOD = igc.header_value(ISSUED.der)


def test_the_certificate_is_read_from_its_header_whatever_the_case_of_its_name() -> None:
    for name in (b"Client-Cert", b"client-cert", b"CLIENT-CERT"):
        assert client_certificate([(b"Host", b"a"), (name, GOOD)]) == ISSUED.certificate


def test_without_the_header_there_is_no_certificate() -> None:
    assert client_certificate([(b"Host", b"a")]) is None


@pytest.mark.parametrize(
    "headers",
    [
        [(b"Client-Cert", GOOD), (b"Client-Cert", GOOD)],
        [(b"Client-Cert", GOOD), (b"client_cert", GOOD)],
        [(b"Client_Cert", GOOD)],
        [(b"Client-Cert", GOOD), (b"Client-Cert-Chain", GOOD)],
        [(b"Client-Cert", GOOD + b", " + GOOD)],
        [(b"Client-Cert", GOOD[1:-1])],
        [(b"Client-Cert", b"::")],
        [(b"Client-Cert", b":")],
        [(b"Client-Cert", b"")],
        [(b"Client-Cert", b":AAAA:")],
        [(b"Client-Cert", GOOD[:40] + b"\n" + GOOD[40:])],
        [(b"Client-Cert", GOOD[:-9] + b":")],
        [(b"Client-Cert", b":" + b"A" * 20_000 + b":")],
        [(b"Client-Cert", b"-----BEGIN CERTIFICATE-----")],
    ],
    ids=(
        "twice",
        "twice by _",
        "by _",
        "a chain",
        "two values",
        "no colons",
        "empty bytes",
        "a colon",
        "nothing",
        "no certificate",
        "two lines",
        "cut",
        "too long",
        "PEM",
    ),
)
def test_two_of_them_other_names_and_other_values_are_refused(headers: list[tuple[bytes, bytes]]) -> None:
    with pytest.raises(Invalid) as refused:
        client_certificate(headers)
    assert refused.value.code == "bad_client_certificate"


@pytest.mark.parametrize("length", [1, 10, 200, -1])
def test_a_certificate_that_was_cut_is_refused(length: int) -> None:
    with pytest.raises(Invalid):
        client_certificate([(b"Client-Cert", igc.header_value(ISSUED.der[:length]))])


@pytest.mark.parametrize(
    ("old", "new"),
    [("0603551d0e", "0603551d23"), ("a003020102", "a003020105"), ("06035504040c", "060355040402")],
    ids=["an extension twice", "a version that nobody knows", "a name that is no text"],
)
def test_one_that_can_be_read_in_part_alone_is_refused(old: str, new: str) -> None:
    """Whatever is asked of one later can be answered."""
    altered = ISSUED.der.replace(bytes.fromhex(old), bytes.fromhex(new), 1)
    assert altered != ISSUED.der
    with pytest.raises(Invalid):
        client_certificate([(b"client-cert", igc.header_value(altered))])
