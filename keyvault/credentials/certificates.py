"""X.509 certificates (RFC 5280, Ed25519 of RFC 8410): of the demo authority, for clients that present one,
and a server's own, for those who were told it.
"""

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFE, LIFE_OF_OWN = timedelta(days=30), timedelta(days=3650)


def issue_certificate(authority_private: bytes, issuer: str, subject: str, now: int) -> tuple[bytes, bytes]:
    """Returns (certificate, private key) as PEM: a new Ed25519 client key, signed for 30 days.

    `subject` names a structure or professional by its national number, never a patient.
    """
    key = Ed25519PrivateKey.generate()
    start = datetime.fromtimestamp(now, UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + LIFE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .sign(Ed25519PrivateKey.from_private_bytes(authority_private), None)
    )
    return certificate.public_bytes(Encoding.PEM), _private(key)


def own_certificate(host: str, now: int) -> tuple[bytes, bytes]:
    """Returns (certificate, private key) as PEM: a server's, signed by itself, for ten years."""
    key, start = Ed25519PrivateKey.generate(), datetime.fromtimestamp(now, UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_name(host))
        .issuer_name(_name(host))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + LIFE_OF_OWN)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, None)
    )
    return certificate.public_bytes(Encoding.PEM), _private(key)


def _private(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])
