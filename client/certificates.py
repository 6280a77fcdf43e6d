"""An organisation's certificate: shown in TLS, and worth a token at `POST /token` (RFC 8705 section 2)."""

import math
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from urllib.parse import urlsplit

from client.http_client import CoffreClient, bad_answer
from records.errors import Invalid

_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_GRANT = b"grant_type=client_credentials"
RENEWED_BEFORE_S = 300.0
"""A request may take minutes: its token lives at least as long when it leaves."""


def tls_context(
    url: str, certificate: Path | None, key: Path | None, authorities: Path | None
) -> ssl.SSLContext | None:
    """How to meet the server at `url`: with this certificate and its `key` (PEM; by itself in `certificate`),
    believing these `authorities` (PEM). None where nothing of it is given.

    Raises `Invalid` "certificate_needs_https" or "bad_certificate_file".
    """
    if certificate is None and key is None and authorities is None:
        return None
    if urlsplit(url).scheme != "https":
        raise Invalid("A certificate is shown over https:// alone.", code="certificate_needs_https")
    context = _believing(authorities)
    if certificate is None and key is not None:
        raise Invalid("Give --certificate with --certificate-key.", code="bad_certificate_file")
    if certificate is not None:
        _show(context, certificate, key)
    return context


def _believing(authorities: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=authorities)
    except OSError as error:
        raise _unusable(authorities, error) from None


def _show(context: ssl.SSLContext, certificate: Path, key: Path | None) -> None:
    try:
        # without a passphrase given OpenSSL would ask the terminal, where nobody may sit
        context.load_cert_chain(certificate, key, password="")
    except ssl.SSLError:
        raise Invalid(
            f"{certificate} and its key are no PEM of one certificate and the key that belongs to it, "
            "without a passphrase.",
            code="bad_certificate_file",
        ) from None
    except OSError as error:
        raise _unusable(key if key is not None and certificate.is_file() else certificate, error) from None


def _unusable(path: Path | None, error: OSError) -> Invalid:
    why = "it holds no certificate in PEM" if isinstance(error, ssl.SSLError) else error.strerror
    return Invalid(f"{path} cannot be used: {why}.", code="bad_certificate_file")


class FetchedToken:
    """What the server gives for the certificate that `client` shows; for several threads at once."""

    def __init__(self, client: CoffreClient, clock: Callable[[], float] = time.monotonic) -> None:
        self._client, self._clock = client, clock
        self._lock = Lock()
        self._token, self._until = "", 0.0

    def __call__(self) -> str:
        """A token that lives for minutes. Raises what `CoffreClient.read` raises: `Refused` with the server's
        sentence, `CoffreError` "unreachable" or "bad_answer".
        """
        with self._lock:
            if self._clock() >= self._until:
                self._renew()
            return self._token

    def _renew(self) -> None:
        asked = self._clock()
        given = self._client.read("POST", "/token", body=lambda: [_GRANT], headers=_FORM)
        try:
            token, life = given["access_token"], given["expires_in"]
        except (TypeError, LookupError):
            raise bad_answer() from None
        is_time = isinstance(life, int | float) and math.isfinite(life)
        if not isinstance(token, str) or not token.isascii() or not is_time:
            raise bad_answer()
        self._token, self._until = token, asked + life - RENEWED_BEFORE_S
