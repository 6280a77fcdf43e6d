"""The header `Client-Cert` (RFC 9440), by which a proxy hands over the certificate of its TLS client.

It is worth what its sender is worth: `sign_in` asks for it on the socket of the configured proxy alone, where
the proxy has taken away whatever a client wrote under that name.
"""

import base64
import binascii
from collections.abc import Iterable

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from records.errors import Invalid
from records.text.base64url import b64
from sign_in.certificates.unreadable import UNREADABLE

Certificate = x509.Certificate
HEADER = b"client-cert"
CHAIN_HEADER = b"client-cert-chain"
LONGEST = 16_384
"""Bytes of a header that is read: a certificate of a card or an organisation has 2 to 3 KiB."""


def client_certificate(headers: Iterable[tuple[bytes, bytes]]) -> x509.Certificate | None:
    """The certificate among raw headers (name in any case, value); None where there is none.

    Raises `Invalid` "bad_client_certificate": two of them, another name that some servers read as the same
    one (`Client_Cert`), a value that is no byte sequence (RFC 8941 section 3.3.5), bytes that are no
    certificate.
    """
    found = []
    for name, value in headers:
        if name.lower().replace(b"_", b"-") in (HEADER, CHAIN_HEADER):
            if name.lower() != HEADER:
                raise _bad()  # our proxy sends no chain: what calls itself one comes from somebody else
            found.append(value)
    if not found:
        return None
    if len(found) > 1:
        raise _bad()
    return _certificate(_byte_sequence(found[0]))


def thumbprint(certificate: Certificate) -> str:
    """By which a credential names the certificate that it is bound to (RFC 8705 section 3.1)."""
    return b64(certificate.fingerprint(hashes.SHA256()))


def _byte_sequence(value: bytes) -> bytes:
    text = value.strip(b" ")
    if len(text) > LONGEST or len(text) < 2 or text[:1] != b":" or text[-1:] != b":":
        raise _bad()
    try:
        return base64.b64decode(text[1:-1], validate=True)
    except binascii.Error:
        raise _bad() from None


def _certificate(der: bytes) -> x509.Certificate:
    try:
        found = x509.load_der_x509_certificate(der)
        _ = found.subject, found.issuer, found.extensions, found.not_valid_after_utc  # read when looked at
    except UNREADABLE:
        raise _bad() from None
    return found


def _bad() -> Invalid:
    return Invalid(
        "The proxy handed over no certificate that can be read: have it send one Client-Cert (RFC 9440).",
        code="bad_client_certificate",
    )
