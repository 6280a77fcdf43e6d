"""Status of one certificate by OCSP (RFC 6960): the request, and whether an answer may be believed."""

from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from sign_in.certificates.revocation_lists import Status
from sign_in.certificates.unreadable import UNREADABLE

SKEW = timedelta(seconds=60)
OLDEST = timedelta(hours=24)
"""Of an answer that names no end."""
_STATUS = {
    ocsp.OCSPCertStatus.GOOD: Status.GOOD,
    ocsp.OCSPCertStatus.REVOKED: Status.REVOKED,
    ocsp.OCSPCertStatus.UNKNOWN: Status.UNKNOWN,
}


def responder(leaf: x509.Certificate) -> str | None:
    """The address of the responder that a certificate names, if it is one of HTTP."""
    try:
        found = leaf.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except x509.ExtensionNotFound:
        return None
    addresses = [
        each.access_location.value
        for each in found
        if each.access_method == AuthorityInformationAccessOID.OCSP
        and isinstance(each.access_location, x509.UniformResourceIdentifier)
    ]
    return next((each for each in addresses if each.startswith(("http://", "https://"))), None)


def request(leaf: x509.Certificate, issuer: x509.Certificate) -> bytes:
    """The question about one certificate, in DER."""
    built = ocsp.OCSPRequestBuilder().add_certificate(leaf, issuer, hashes.SHA256()).build()
    return built.public_bytes(Encoding.DER)


def status(answer: bytes, leaf: x509.Certificate, issuer: x509.Certificate, at: datetime) -> Status:
    """What `answer` says of `leaf` at `at`; UNKNOWN where it may not be believed.

    It is signed by the issuer, or by who the issuer named for that (extended key usage OCSPSigning, section
    4.2.2.2), is about this certificate, and current.
    """
    try:
        found = ocsp.load_der_ocsp_response(answer)
        if found.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            return Status.UNKNOWN
        if not _signed(found, issuer, at) or not _about(found, leaf, issuer) or not _is_current(found, at):
            return Status.UNKNOWN
        return _STATUS[found.certificate_status]
    except UNREADABLE:
        return Status.UNKNOWN


def _signed(found: ocsp.OCSPResponse, issuer: x509.Certificate, at: datetime) -> bool:
    return any(_verifies(found, signer) for signer in [issuer, *(_delegates(found.certificates, issuer, at))])


def _delegates(
    certificates: list[x509.Certificate], issuer: x509.Certificate, at: datetime
) -> list[x509.Certificate]:
    return [each for each in certificates if _may_answer(each, issuer, at)]


def _may_answer(delegate: x509.Certificate, issuer: x509.Certificate, at: datetime) -> bool:
    try:
        delegate.verify_directly_issued_by(issuer)
        usage = delegate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (*UNREADABLE, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    is_valid = delegate.not_valid_before_utc <= at <= delegate.not_valid_after_utc
    return is_valid and ExtendedKeyUsageOID.OCSP_SIGNING in usage


def _verifies(found: ocsp.OCSPResponse, signer: x509.Certificate) -> bool:
    algorithm = found.signature_hash_algorithm
    key = signer.public_key()
    try:
        if isinstance(key, rsa.RSAPublicKey) and algorithm is not None:
            key.verify(found.signature, found.tbs_response_bytes, padding.PKCS1v15(), algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey) and algorithm is not None:
            key.verify(found.signature, found.tbs_response_bytes, ec.ECDSA(algorithm))
        else:
            return False
    except InvalidSignature:
        return False
    return not isinstance(algorithm, hashes.SHA1 | hashes.MD5)


def _about(found: ocsp.OCSPResponse, leaf: x509.Certificate, issuer: x509.Certificate) -> bool:
    asked = ocsp.OCSPRequestBuilder().add_certificate(leaf, issuer, found.hash_algorithm).build()
    return (
        found.serial_number == leaf.serial_number
        and found.issuer_key_hash == asked.issuer_key_hash
        and found.issuer_name_hash == asked.issuer_name_hash
    )


def _is_current(found: ocsp.OCSPResponse, at: datetime) -> bool:
    until = found.next_update_utc or found.this_update_utc + OLDEST
    return found.this_update_utc - SKEW <= at <= until
