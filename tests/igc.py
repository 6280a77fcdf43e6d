"""A health authority for tests: root, intermediate, cards, organisations, revocation lists, OCSP answers."""

import base64
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from sign_in.certificates.holders import CARD_TYPE, PROFESSION, SPECIALTY, CardType

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
AT = int(NOW.timestamp())
YEAR = timedelta(days=365)
DOCTOR = "899700024450"
CABINET = "1750000002"
HOSPITAL = "1750000001"
CRL_ADDRESS = "http://127.0.0.1/igc.crl"


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
        """Certificate and key in PEM, as curl and nginx take them."""
        certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
        certificate.write_bytes(self.pem)
        key.write_bytes(self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return certificate, key


class Authority:
    """A root and one intermediate authority below it; `word` in their names says TEST, or does not."""

    def __init__(self, word: str = "TEST", *, now: datetime = NOW) -> None:
        self.now = now
        self.root = self._authority(f"{word} AC RACINE SANTE", None)
        self.issuing = self._authority(f"{word} AC PERSONNES ET STRUCTURES", self.root)

    def card(self, card: CardType = CardType.CPS, number: str = DOCTOR, **changed: object) -> Issued:
        """The authentication certificate of a card."""
        name = [
            (NameOID.COUNTRY_NAME, "FR"),
            (NameOID.COMMON_NAME, number),
            (NameOID.SURNAME, "MARTIN"),
            (NameOID.GIVEN_NAME, "CLAIRE"),
        ]
        extensions = [text(CARD_TYPE, card), text(PROFESSION, "10"), text(SPECIALTY, "SM26")]
        return self.issue(name, extensions=extensions, **changed)  # type: ignore[arg-type]

    def organisation(self, structure: str = HOSPITAL, **changed: object) -> Issued:
        """The certificate of a structure for TLS clients."""
        name = [
            (NameOID.COUNTRY_NAME, "FR"),
            (NameOID.ORGANIZATION_NAME, "HOPITAL DES LILAS"),
            (NameOID.ORGANIZATIONAL_UNIT_NAME, structure),
            (NameOID.COMMON_NAME, "ris.lilas.example"),
        ]
        return self.issue(name, **changed)  # type: ignore[arg-type]

    def issue(
        self,
        name: Sequence[tuple[x509.ObjectIdentifier, str]],
        *,
        extensions: Sequence[x509.ExtensionType] = (),
        usage: x509.ObjectIdentifier = ExtendedKeyUsageOID.CLIENT_AUTH,
        since: timedelta = -YEAR,
        until: timedelta = YEAR,
        responder: str | None = None,
    ) -> Issued:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(oid, value) for oid, value in name])
        builder = (
            self._builder(subject, key, self.issuing, self.now + since, self.now + until)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_signs(), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        )
        if responder is not None:
            address = x509.UniformResourceIdentifier(responder)
            access = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, address)
            builder = builder.add_extension(x509.AuthorityInformationAccess([access]), critical=False)
        for each in extensions:
            builder = builder.add_extension(each, critical=False)
        return Issued(builder.sign(self.issuing.key, hashes.SHA256()), key)

    def revocation_list(
        self,
        revoked: Collection[Issued] = (),
        *,
        number: int = 1,
        base: int | None = None,
        restored: Collection[Issued] = (),
        since: timedelta = -timedelta(hours=1),
        until: timedelta = timedelta(days=7),
        issuer: Issued | None = None,
        signer: Issued | None = None,
        scope: x509.IssuingDistributionPoint | None = None,
    ) -> x509.CertificateRevocationList:
        """A whole list, or with `base` a delta upon the list of that number."""
        issuer = issuer or self.issuing
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(issuer.certificate.subject)
            .last_update(self.now + since)
            .next_update(self.now + until)
            .add_extension(x509.CRLNumber(number), critical=False)
        )
        if base is not None:
            builder = builder.add_extension(x509.DeltaCRLIndicator(base), critical=True)
        if scope is not None:
            builder = builder.add_extension(scope, critical=True)
        for each in revoked:
            builder = builder.add_revoked_certificate(self._entry(each, x509.ReasonFlags.key_compromise))
        for each in restored:
            builder = builder.add_revoked_certificate(self._entry(each, x509.ReasonFlags.remove_from_crl))
        return builder.sign((signer or issuer).key, hashes.SHA256())

    def ocsp_answer(
        self,
        about: Issued,
        status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD,
        *,
        signer: Issued | None = None,
        since: timedelta = -timedelta(minutes=1),
        until: timedelta = timedelta(hours=1),
    ) -> bytes:
        signer = signer or self.issuing
        revoked = status is ocsp.OCSPCertStatus.REVOKED
        builder = (
            ocsp.OCSPResponseBuilder()
            .add_response(
                cert=about.certificate,
                issuer=self.issuing.certificate,
                algorithm=hashes.SHA256(),
                cert_status=status,
                this_update=self.now + since,
                next_update=self.now + until,
                revocation_time=self.now - timedelta(days=1) if revoked else None,
                revocation_reason=x509.ReasonFlags.key_compromise if revoked else None,
            )
            .responder_id(ocsp.OCSPResponderEncoding.HASH, signer.certificate)
        )
        if signer is not self.issuing:
            builder = builder.certificates([signer.certificate])
        return builder.sign(signer.key, hashes.SHA256()).public_bytes(Encoding.DER)

    def _authority(self, common_name: str, parent: Issued | None) -> Issued:
        key = ec.generate_private_key(ec.SECP256R1())
        names = [(NameOID.COUNTRY_NAME, "FR"), (NameOID.COMMON_NAME, common_name)]
        subject = x509.Name([x509.NameAttribute(oid, value) for oid, value in names])
        depth = 0 if parent else 1
        builder = (
            self._builder(subject, key, parent, self.now - 5 * YEAR, self.now + 5 * YEAR)
            .add_extension(x509.BasicConstraints(ca=True, path_length=depth), critical=True)
            .add_extension(_certifies(), critical=True)
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
        issuing = issuer.key if issuer else key
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer.certificate.subject if issuer else subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(since)
            .not_valid_after(until)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(issuing.public_key()), critical=False
            )
        )

    def _entry(self, revoked: Issued, reason: x509.ReasonFlags) -> x509.RevokedCertificate:
        return (
            x509.RevokedCertificateBuilder()
            .serial_number(revoked.certificate.serial_number)
            .revocation_date(self.now - timedelta(days=1))
            .add_extension(x509.CRLReason(reason), critical=False)
            .build()
        )


def header_value(certificate: bytes) -> bytes:
    """A certificate in DER as `Client-Cert` has it (RFC 9440 section 2.2)."""
    return b":" + base64.b64encode(certificate) + b":"


def text(oid: x509.ObjectIdentifier, value: str) -> x509.UnrecognizedExtension:
    """A code as an extension holds it: a PrintableString."""
    return x509.UnrecognizedExtension(oid, b"\x13" + bytes([len(value)]) + value.encode())


def _signs() -> x509.KeyUsage:
    return _usage(digital_signature=True)


def _certifies() -> x509.KeyUsage:
    return _usage(key_cert_sign=True, crl_sign=True)


def _usage(**used: bool) -> x509.KeyUsage:
    names = (
        "digital_signature content_commitment key_encipherment data_encipherment key_agreement "
        "key_cert_sign crl_sign encipher_only decipher_only"
    )
    return x509.KeyUsage(**{name: used.get(name, False) for name in names.split()})
