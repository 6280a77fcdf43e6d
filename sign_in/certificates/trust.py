"""Certificates that may be believed: a path to an authority that was configured, for the purpose it is shown.

Paths and validity are RFC 5280's, verified by `cryptography`; revocation is asked apart
(`sign_in/certificates/revocation.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from records.errors import Invalid, Refused
from records.vocabulary.codes import Environment

DEEPEST = 3
"""Authorities between a certificate and its root, at most: IGC-Santé has one."""


class Trusted(StrEnum):
    """What an authority may vouch for. The certificate of an organisation is no person's, nor the reverse."""

    PERSONS = "persons"
    ORGANISATIONS = "organisations"


class CertificateRefused(Refused):
    """A certificate is not accepted."""

    code = "certificate_untrusted"


@dataclass(frozen=True, slots=True)
class Anchors:
    """Roots and intermediate authorities for one kind of holder, as an installation configured them."""

    trusted: Trusted
    roots: Sequence[x509.Certificate]
    intermediates: Sequence[x509.Certificate] = field(default=())


def path_to(anchors: Anchors, leaf: x509.Certificate, at: int) -> list[x509.Certificate]:
    """The certificates from `leaf` to a root of `anchors`, both included, at the instant `at` (unix seconds).

    Raises `CertificateRefused` "certificate_expired" (not yet valid, too), else "certificate_untrusted": no
    path, another purpose than the authentication of a TLS client, a weak key or signature.
    """
    when = datetime.fromtimestamp(at, UTC)
    if not leaf.not_valid_before_utc <= when <= leaf.not_valid_after_utc:
        raise CertificateRefused(
            "This certificate is out of date. Have the card or certificate renewed.",
            code="certificate_expired",
        )
    if not anchors.roots:
        raise _untrusted()
    try:
        verified = _builder(anchors, when).build_client_verifier().verify(leaf, list(anchors.intermediates))
    except VerificationError:
        raise _untrusted() from None
    path = list(verified.chain)
    if any(not each.not_valid_before_utc <= when <= each.not_valid_after_utc for each in path):
        raise _untrusted()
    return path


def check_environment(path: Sequence[x509.Certificate], environment: Environment) -> None:
    """Test cards stay out of production, and real ones out of anything else (R5).

    IGC-Santé says TEST in the names of its test authorities; a card is what its authorities are, whatever its
    holder is called.
    """
    is_test = any("TEST" in _words(each.issuer) for each in path)
    if is_test == (environment is Environment.PRODUCTION):
        raise CertificateRefused(
            "Test cards and certificates do not enter production, nor real ones a test.",
            code="certificate_of_other_environment",
        )


def read_certificates(pem: bytes) -> list[x509.Certificate]:
    """The certificates of a PEM file. Raises `Invalid` "bad_trust_file"."""
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError:
        raise Invalid(
            "This file holds no certificates of authorities: give them in PEM, one after the other.",
            code="bad_trust_file",
        ) from None


def anchors_of(trusted: Trusted, file: Path | None) -> Anchors:
    """The authorities of a PEM file, those that signed themselves as roots; without a file there are none.

    Raises `Invalid` "bad_trust_file".
    """
    found = [] if file is None else read_certificates(file.read_bytes())
    roots = [each for each in found if each.subject == each.issuer]
    return Anchors(trusted, roots, [each for each in found if each not in roots])


def _builder(anchors: Anchors, when: datetime) -> PolicyBuilder:
    # the subject's name says who it is; a card has no DNS name or address that must be there
    persons = (
        ExtensionPolicy.webpki_defaults_ee()
        .may_be_present(x509.SubjectAlternativeName, Criticality.AGNOSTIC, None)
        .require_present(x509.KeyUsage, Criticality.AGNOSTIC, _signs)
        .require_present(x509.ExtendedKeyUsage, Criticality.AGNOSTIC, _authenticates_clients)
    )
    builder = PolicyBuilder().store(Store(list(anchors.roots))).time(when).max_chain_depth(DEEPEST)
    return builder.extension_policies(ca_policy=ExtensionPolicy.webpki_defaults_ca(), ee_policy=persons)


def _signs(_: Policy, __: x509.Certificate, usage: x509.KeyUsage | None) -> None:
    if usage is None or not usage.digital_signature:
        raise ValueError("the key does not sign")


def _authenticates_clients(_: Policy, __: x509.Certificate, usage: x509.ExtendedKeyUsage | None) -> None:
    if usage is None or ExtendedKeyUsageOID.CLIENT_AUTH not in usage:
        raise ValueError("the key is for something else")


def _words(name: x509.Name) -> set[str]:
    values = [str(attribute.value) for attribute in name]
    return {word for value in values for word in value.upper().replace("-", " ").replace("_", " ").split()}


def _untrusted() -> CertificateRefused:
    return CertificateRefused(
        "This certificate is not from an authority that identifies people and structures here, or it is for "
        "another use. Use the authentication certificate of the card or of the organisation."
    )
