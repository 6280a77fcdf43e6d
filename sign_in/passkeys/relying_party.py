"""The relying party of WebAuthn: this site, by the name in its address."""

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """`origin` as browsers say it, `name` the host that passkeys are made for."""

    origin: str
    name: str


def relying_party(origin: str) -> RelyingParty | None:
    """None where browsers give no passkey: for an address without a name, or in clear but for localhost
    (section 5.4.9 of the standard, "RP ID"; Secure Contexts, section 3.1).
    """
    parts = urlsplit(origin)
    host = parts.hostname or ""
    if _is_address(host) or (parts.scheme != "https" and host != "localhost"):
        return None
    return RelyingParty(origin, host)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
