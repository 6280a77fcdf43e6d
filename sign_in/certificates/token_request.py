"""Requests to `POST /token`: client credentials by a TLS certificate (RFC 6749 section 4.4, RFC 8705
section 2), for deposits alone.

Other grants are refused by name; signed assertions are to come through the same address as a token exchange
(RFC 8693).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from records.errors import Refused

CLIENT_CREDENTIALS = "client_credentials"
SCOPE = "deposit"


class TokenRefused(Refused):
    """An error of RFC 6749 section 5.2, by its code there (`error`)."""

    def __init__(self, error: str, sentence: str) -> None:
        super().__init__(sentence, code=error)


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A request that may be granted to who holds the certificate. `client_id` is said or not."""

    client_id: str | None


def token_request(form: Mapping[str, str]) -> TokenRequest:
    """Raises `TokenRefused`."""
    grant = form.get("grant_type")
    if not grant:
        raise TokenRefused("invalid_request", "Say grant_type=client_credentials.")
    if grant != CLIENT_CREDENTIALS:
        raise TokenRefused("unsupported_grant_type", "This address grants client_credentials alone.")
    if form.get("client_secret") or form.get("client_assertion"):
        raise TokenRefused(
            "invalid_request",
            "A client is known here by its TLS certificate: send neither secret nor assertion.",
        )
    if form.get("scope", SCOPE) != SCOPE:
        raise TokenRefused("invalid_scope", "A certificate deposits: scope is deposit, or left out.")
    return TokenRequest(form.get("client_id") or None)


def check_client(request: TokenRequest, structure: str) -> None:
    """That who is said to ask is whose certificate it is. Raises `TokenRefused` "invalid_client"."""
    if request.client_id not in (None, structure):
        raise TokenRefused(
            "invalid_client", "client_id is the structure's national number, as the certificate has it."
        )
