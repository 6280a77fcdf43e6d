"""Mutual TLS 1.3 between the vault and its callers: each has a certificate of one authority."""

import ssl
import time
from pathlib import Path

from cryptography import x509

from keyvault.credentials.private_files import check_mode


def tls_context(certificate: Path, key: Path, authority: Path) -> ssl.SSLContext:
    """TLS 1.3 that demands a client certificate of our authority.

    Raises CoffreError "secret_readable" for a key that everybody may read.
    """
    check_mode(key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(certificate, key)
    context.load_verify_locations(authority)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def client_context(certificate: Path, key: Path, authority: Path) -> ssl.SSLContext:
    """A caller's side: its own certificate, and none but our authority's for the vault.

    Raises CoffreError "secret_readable" for a key that everybody may read.
    """
    check_mode(key)
    context = ssl.create_default_context(cafile=str(authority))
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(certificate, key)
    return context


def days_left(certificate: Path) -> float | None:
    """Until a certificate of the file ends, negative where one has; of one that was renewed, until the newest
    does. None where there is none.
    """
    try:
        found = x509.load_pem_x509_certificates(certificate.read_bytes())
    except (OSError, ValueError):
        return None
    ends: dict[x509.Name, float] = {}
    for each in found:
        ends[each.subject] = max(ends.get(each.subject, 0), each.not_valid_after_utc.timestamp())
    return (min(ends.values()) - time.time()) / 86_400
