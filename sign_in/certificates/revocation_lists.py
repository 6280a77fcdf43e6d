"""Certificate revocation lists (RFC 5280 section 5): whole ones and their deltas, checked and asked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from cryptography import x509
from cryptography.x509.oid import CRLEntryExtensionOID, ExtensionOID

from records.errors import Invalid
from sign_in.certificates.unreadable import UNREADABLE

_Found = TypeVar("_Found", bound=x509.ExtensionType)
_KNOWN = {
    ExtensionOID.CRL_NUMBER,
    ExtensionOID.DELTA_CRL_INDICATOR,
    ExtensionOID.ISSUING_DISTRIBUTION_POINT,
    ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
    ExtensionOID.FRESHEST_CRL,
    ExtensionOID.AUTHORITY_INFORMATION_ACCESS,
    ExtensionOID.ISSUER_ALTERNATIVE_NAME,
}


class Status(StrEnum):
    """What is known of a certificate; `UNKNOWN` where nobody who may say so has said it lately."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class RevocationLists:
    """Lists as they were fetched, of whatever authorities; each is checked when it is asked."""

    lists: Sequence[x509.CertificateRevocationList]

    def status(self, leaf: x509.Certificate, issuer: x509.Certificate, at: datetime) -> Status:
        """What the newest valid list of `issuer`, with the newest delta upon it, says at `at` (with zone).

        UNKNOWN without a whole list that is signed by `issuer`, covers this certificate and has not outlived
        its nextUpdate. A delta counts where its base is not newer than the whole list (section 5.2.4); a
        newer delta lists what was revoked, and what was taken back (removeFromCRL). What was revoked stays so
        in lists that nobody fetched anew.
        """
        own = [
            each
            for each in self.lists
            if _is_of(each, issuer) and _covers(each, leaf) and each.last_update_utc <= at
        ]
        whole = _newest(each for each in own if _base_number(each) is None)
        if whole is None:
            return Status.UNKNOWN
        number = _number(whole)
        delta = _newest(
            each
            for each in own
            if (base := _base_number(each)) is not None and base <= number < _number(each)
        )
        if _is_revoked(leaf.serial_number, whole, delta, at):
            return Status.REVOKED
        return Status.GOOD if _is_current(whole, at) else Status.UNKNOWN

    def ends(self) -> list[tuple[str, datetime | None]]:
        """The name of each authority, and until when its newest whole list serves; one for each scope."""
        newest = {
            (each.issuer.rfc4514_string(), _extension(each, x509.IssuingDistributionPoint)): each
            for each in sorted(self.lists, key=lambda each: each.last_update_utc)
            if _base_number(each) is None
        }
        return [(authority, each.next_update_utc) for (authority, _), each in newest.items()]


def read_list(data: bytes) -> x509.CertificateRevocationList:
    """A list in DER or PEM. Raises `Invalid` "bad_revocation_list"."""
    try:
        is_pem = data.lstrip().startswith(b"-----BEGIN")
        found = x509.load_pem_x509_crl(data) if is_pem else x509.load_der_x509_crl(data)
        # read when looked at: now, since of one that cannot be read the others count on
        _ = found.issuer, found.last_update_utc, found.next_update_utc, found.extensions
    except UNREADABLE:
        raise Invalid(
            "This is no certificate revocation list: fetch it again from its authority.",
            code="bad_revocation_list",
        ) from None
    return found


def _is_revoked(
    serial: int,
    whole: x509.CertificateRevocationList,
    delta: x509.CertificateRevocationList | None,
    at: datetime,
) -> bool:
    changed = delta.get_revoked_certificate_by_serial_number(serial) if delta is not None else None
    if changed is not None and not _is_taken_back(changed):
        return True
    if changed is not None and delta is not None and _is_current(delta, at):
        return False
    return whole.get_revoked_certificate_by_serial_number(serial) is not None


def _is_taken_back(entry: x509.RevokedCertificate) -> bool:
    try:
        reason = entry.extensions.get_extension_for_oid(CRLEntryExtensionOID.CRL_REASON).value
    except x509.ExtensionNotFound:
        return False
    return isinstance(reason, x509.CRLReason) and reason.reason is x509.ReasonFlags.remove_from_crl


def _is_of(found: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    key = issuer.public_key()
    # the types of keys that sign lists; others have no method to verify with
    return found.issuer == issuer.subject and bool(found.is_signature_valid(key))  # type: ignore[arg-type]


def _is_current(found: x509.CertificateRevocationList, at: datetime) -> bool:
    until = found.next_update_utc
    return until is not None and at <= until


def _covers(found: x509.CertificateRevocationList, leaf: x509.Certificate) -> bool:
    """Whether the list is about all certificates of such holders, for all reasons (sections 5.2.5, 6.3.3)."""
    if any(each.critical and each.oid not in _KNOWN for each in found.extensions):
        return False
    scope = _extension(found, x509.IssuingDistributionPoint)
    if scope is None:
        return True
    others = scope.only_contains_user_certs if _is_authority(leaf) else scope.only_contains_ca_certs
    narrow = others or scope.only_contains_attribute_certs or scope.indirect_crl
    return not narrow and scope.only_some_reasons is None and _names_it(scope, leaf)


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _names_it(scope: x509.IssuingDistributionPoint, leaf: x509.Certificate) -> bool:
    """A list in parts is asked for the certificates that point to that part."""
    if scope.full_name is None:
        return True
    try:
        points = leaf.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except x509.ExtensionNotFound:
        return False
    names = {name for point in points for name in point.full_name or ()}
    return not names.isdisjoint(scope.full_name)


def _number(found: x509.CertificateRevocationList) -> int:
    number = _extension(found, x509.CRLNumber)
    return -1 if number is None else number.crl_number


def _base_number(found: x509.CertificateRevocationList) -> int | None:
    base = _extension(found, x509.DeltaCRLIndicator)
    return None if base is None else base.crl_number


def _extension(found: x509.CertificateRevocationList, kind: type[_Found]) -> _Found | None:
    try:
        return found.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _newest(
    lists: Iterable[x509.CertificateRevocationList],
) -> x509.CertificateRevocationList | None:
    return max(lists, key=lambda each: (_number(each), each.last_update_utc), default=None)
