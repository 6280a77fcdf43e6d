"""The demo's health authority with what tests ask of one as well: lists that revoke, deltas, OCSP answers."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from coffre.demonstration.doors.health_authority import YEAR, HealthAuthority, Issued, header_value, text
from sign_in.certificates.holders import CardType

__all__ = ["YEAR", "Authority", "Issued", "header_value", "text"]
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
AT = int(NOW.timestamp())
DOCTOR = "899700024450"
CABINET = "1750000002"
HOSPITAL = "1750000001"
CRL_ADDRESS = "http://127.0.0.1/igc.crl"


class Authority(HealthAuthority):
    def __init__(self, word: str = "TEST", *, now: datetime = NOW) -> None:
        super().__init__(word, now=now)

    def card(self, card: CardType = CardType.CPS, number: str = DOCTOR, **changed: Any) -> Issued:
        return self.persons_card(card, number, ("MARTIN", "CLAIRE"), ("10", "SM26"), **changed)

    def organisation(self, structure: str = HOSPITAL, **changed: Any) -> Issued:
        names = ("HOPITAL DES LILAS", "ris.lilas.example")
        return self.organisations_certificate(structure, names, **changed)

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
        builder = self.new_list(issuer, number=number, since=since, until=until)
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

    def _entry(self, revoked: Issued, reason: x509.ReasonFlags) -> x509.RevokedCertificate:
        return (
            x509.RevokedCertificateBuilder()
            .serial_number(revoked.certificate.serial_number)
            .revocation_date(self.now - timedelta(days=1))
            .add_extension(x509.CRLReason(reason), critical=False)
            .build()
        )
