"""A health authority of the demo's own, shaped as IGC-Santé is: a root, one authority below it, cards of
persons and certificates of organisations. Nobody but the demo, and tests, trusts it.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from sign_in.certificates.holders import CARD_TYPE, PROFESSION, SPECIALTY, CardType

YEAR = timedelta(days=365)
LISTS_LAST = timedelta(days=7)
AUTHORITIES, LISTS = "authorities.pem", "lists"
Names = Sequence[tuple[x509.ObjectIdentifier, str]]


@dataclass(frozen=True)
class Issued:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    def written(self, folder: Path, name: str) -> tuple[Path, Path]:
        """Certificate and key in PEM, as TLS clients take them."""
        certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
        certificate.write_bytes(self.pem)
        key.write_bytes(self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return certificate, key


class HealthAuthority:
    """`word` stands in the names of its authorities; TEST says that production must not believe them (R5)."""

    def __init__(self, word: str = "TEST", *, now: datetime | None = None) -> None:
        self.now = now or datetime.now(UTC)
        self.root = self._authority(f"{word} AC RACINE SANTE", None)
        self.issuing = self._authority(f"{word} AC PERSONNES ET STRUCTURES", self.root)

    def persons_card(
        self,
        card: CardType,
        number: str,
        names: tuple[str, str],
        codes: tuple[str, str],
        **more: Any,
    ) -> Issued:
        """The authentication certificate of a card. `names`: family and given; `codes`: profession and
        specialty, left out where empty; `more`: as `issue` takes it.
        """
        subject = [
            (NameOID.COUNTRY_NAME, "FR"),
            (NameOID.COMMON_NAME, number),
            (NameOID.SURNAME, names[0]),
            (NameOID.GIVEN_NAME, names[1]),
        ]
        said = [(CARD_TYPE, card.value), (PROFESSION, codes[0]), (SPECIALTY, codes[1])]
        extensions = [text(oid, value) for oid, value in said if value]
        return self.issue(subject, extensions=extensions, **more)

    def organisations_certificate(self, structure: str, names: tuple[str, str], **more: Any) -> Issued:
        """The certificate of a structure for TLS clients. `names`: of the structure and of its software."""
        subject = [
            (NameOID.COUNTRY_NAME, "FR"),
            (NameOID.ORGANIZATION_NAME, names[0]),
            (NameOID.ORGANIZATIONAL_UNIT_NAME, structure),
            (NameOID.COMMON_NAME, names[1]),
        ]
        return self.issue(subject, **more)

    def issue(
        self,
        name: Names,
        *,
        extensions: Sequence[x509.ExtensionType] = (),
        usage: x509.ObjectIdentifier = ExtendedKeyUsageOID.CLIENT_AUTH,
        since: timedelta = -YEAR,
        until: timedelta = YEAR,
        responder: str | None = None,
    ) -> Issued:
        """A certificate of the lower authority; `responder`: where OCSP answers on it come from."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(oid, value) for oid, value in name])
        builder = (
            self._builder(subject, key, self.issuing, self.now + since, self.now + until)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(digital_signature=True), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        )
        access = [] if responder is None else [_responder(responder)]
        for each in (*access, *extensions):
            builder = builder.add_extension(each, critical=False)
        return Issued(builder.sign(self.issuing.key, hashes.SHA256()), key)

    def publish(self, folder: Path) -> dict[str, Path]:
        """Writes its authorities and lists that revoke nobody; a sign-in's settings, by field."""
        authorities, lists = folder / AUTHORITIES, folder / LISTS
        authorities.write_bytes(self.root.pem + self.issuing.pem)
        lists.mkdir()
        for name, issuer in (("leaves", self.issuing), ("authorities", self.root)):
            made = self.new_list(issuer).sign(issuer.key, hashes.SHA256())
            (lists / f"{name}.crl").write_bytes(made.public_bytes(Encoding.DER))
        return {
            "card_authorities": authorities,
            "organisation_authorities": authorities,
            "revocation_lists": lists,
        }

    def new_list(
        self,
        issuer: Issued,
        *,
        number: int = 1,
        since: timedelta = -timedelta(hours=1),
        until: timedelta = LISTS_LAST,
    ) -> x509.CertificateRevocationListBuilder:
        return (
            x509.CertificateRevocationListBuilder()
            .issuer_name(issuer.certificate.subject)
            .last_update(self.now + since)
            .next_update(self.now + until)
            .add_extension(x509.CRLNumber(number), critical=False)
        )

    def _authority(self, common_name: str, parent: Issued | None) -> Issued:
        key = ec.generate_private_key(ec.SECP256R1())
        names = [(NameOID.COUNTRY_NAME, "FR"), (NameOID.COMMON_NAME, common_name)]
        subject = x509.Name([x509.NameAttribute(oid, value) for oid, value in names])
        depth = 0 if parent else 1
        builder = (
            self._builder(subject, key, parent, self.now - 5 * YEAR, self.now + 5 * YEAR)
            .add_extension(x509.BasicConstraints(ca=True, path_length=depth), critical=True)
            .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
        )
        return Issued(builder.sign(parent.key if parent else key, hashes.SHA256()), key)

    def _builder(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        issuer: Issued | None,
        since: datetime,
        until: datetime,
    ) -> x509.CertificateBuilder:
        public = (issuer.key if issuer else key).public_key()
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer.certificate.subject if issuer else subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(since)
            .not_valid_after(until)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
        )


def header_value(certificate: bytes) -> bytes:
    """A certificate in DER as `Client-Cert` has it (RFC 9440 section 2.2)."""
    return b":" + base64.b64encode(certificate) + b":"


def text(oid: x509.ObjectIdentifier, value: str) -> x509.UnrecognizedExtension:
    """A code as an extension holds it: a PrintableString."""
    return x509.UnrecognizedExtension(oid, b"\x13" + bytes([len(value)]) + value.encode())


def _responder(address: str) -> x509.AuthorityInformationAccess:
    place = x509.UniformResourceIdentifier(address)
    return x509.AuthorityInformationAccess(
        [x509.AccessDescription(AuthorityInformationAccessOID.OCSP, place)]
    )


def _usage(**used: bool) -> x509.KeyUsage:
    names = (
        "digital_signature content_commitment key_encipherment data_encipherment key_agreement "
        "key_cert_sign crl_sign encipher_only decipher_only"
    )
    return x509.KeyUsage(**{name: used.get(name, False) for name in names.split()})
