"""The door of certificates: who holds one that the proxy handed over, and for what it serves."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cryptography import x509

from records.vocabulary.codes import Environment
from sign_in.certificates import holders, revocation
from sign_in.certificates.holders import CardHolder, Organisation
from sign_in.certificates.revocation import Ask
from sign_in.certificates.revocation_folder import RevocationFolder
from sign_in.certificates.trust import Anchors, CertificateRefused, Trusted, check_environment, path_to


@dataclass(frozen=True, slots=True)
class CertificateDoor:
    """Judges certificates. `clock` tells unix seconds, `ask` asks responders."""

    anchors: Mapping[Trusted, Anchors]
    revoked: RevocationFolder
    environment: Environment
    ask: Ask
    clock: Callable[[], float]

    def reader(self, certificate: x509.Certificate) -> CardHolder:
        """The professional whose card it is, who may read. Raises `CertificateRefused`; "card_feeds_only" for
        a card of staff or of somebody in training (R7).
        """
        self._check(certificate, Trusted.PERSONS, reads=True)
        holder = holders.card_holder(certificate)
        if not holder.reads:
            raise CertificateRefused(
                "This card deposits and does not read. Records are opened with a CPS card or Pro Santé "
                "Connect.",
                code="card_feeds_only",
            )
        return holder

    def depositor(self, certificate: x509.Certificate) -> Organisation | CardHolder:
        """The structure, or the member of its staff, that deposits. Raises `CertificateRefused`;
        "card_is_a_persons" for a professional's own card.
        """
        if holders.is_card(certificate):
            return self._staff(certificate)
        self._check(certificate, Trusted.ORGANISATIONS, reads=False)
        return holders.organisation(certificate)

    def _staff(self, certificate: x509.Certificate) -> CardHolder:
        self._check(certificate, Trusted.PERSONS, reads=False)
        holder = holders.card_holder(certificate)
        if holder.employer is None:
            raise CertificateRefused(
                "Software deposits with its structure's certificate or a card of its staff, not with a "
                "professional's own card.",
                code="card_is_a_persons",
            )
        return holder

    def _check(self, certificate: x509.Certificate, trusted: Trusted, *, reads: bool) -> None:
        at = int(self.clock())
        path = path_to(self.anchors[trusted], certificate, at)
        check_environment(path, self.environment)
        revocation.check(revocation.status(path, self.revoked.lists(), at, ask=self.ask), reads=reads)
