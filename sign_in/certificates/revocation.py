"""The rule for revocation: what lists and responders say of a path, and what to do where nobody says it.

Reading is refused where the status is unknown. Feeding is not: a responder that is down would keep reports
from reaching a record, and a deposit opens nothing (R7). What is revoked does neither.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import pairwise

from cryptography import x509

from sign_in.certificates import ocsp
from sign_in.certificates.revocation_lists import RevocationLists, Status
from sign_in.certificates.trust import CertificateRefused

Ask = Callable[[str, bytes], bytes | None]
"""Sends a request to a responder: address and DER in, DER out, None where there was no answer in time."""


def nobody(_: str, __: bytes) -> bytes | None:
    """For installations that ask no responder."""
    return None


def status(path: Sequence[x509.Certificate], lists: RevocationLists, at: int, *, ask: Ask = nobody) -> Status:
    """Of the whole path (leaf first, root last), at `at` (unix seconds): the worst of its certificates.

    A responder is asked about the leaf alone, where no list answers for it.
    """
    when = datetime.fromtimestamp(at, UTC)
    found = [lists.status(leaf, issuer, when) for leaf, issuer in pairwise(path)]
    if found and found[0] is Status.UNKNOWN:
        found[0] = _asked(path[0], path[1], when, ask)
    if Status.REVOKED in found:
        return Status.REVOKED
    return Status.UNKNOWN if Status.UNKNOWN in found else Status.GOOD


def check(found: Status, *, reads: bool) -> None:
    """Raises `CertificateRefused` "certificate_revoked", for readers also "certificate_status_unknown"."""
    if found is Status.REVOKED:
        raise CertificateRefused(
            "This certificate was revoked. Ask its authority for another card or certificate.",
            code="certificate_revoked",
        )
    if found is Status.UNKNOWN and reads:
        raise CertificateRefused(
            "Whether this certificate was revoked cannot be known at the moment. Try again later, or sign in "
            "with Pro Santé Connect.",
            code="certificate_status_unknown",
        )


def _asked(leaf: x509.Certificate, issuer: x509.Certificate, when: datetime, ask: Ask) -> Status:
    address = ocsp.responder(leaf)
    answer = ask(address, ocsp.request(leaf, issuer)) if address is not None else None
    return Status.UNKNOWN if answer is None else ocsp.status(answer, leaf, issuer, when)
