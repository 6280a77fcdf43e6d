"""Forms of addresses that settings and options take."""

import re
from ipaddress import ip_address

from records.errors import Invalid
from records.text.numbers import is_whole

HIGHEST_PORT = 0xFFFF
_DEFAULT_PORTS = {"http": "80", "https": "443"}
_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_ORIGIN = re.compile(
    rf"(?P<scheme>https?)://(?P<host>{_LABEL}(?:\.{_LABEL})*|\[[0-9a-f:.]+\])(?::(?P<port>[1-9][0-9]{{0,4}}))?/?",
    re.ASCII,
)


def is_origin(url: str) -> bool:
    """Whether it is scheme, host and port and nothing else (RFC 6454), without a final slash."""
    return _parts(url) is not None and not url.endswith("/")


def _parts(text: str) -> re.Match[str] | None:
    # some signs of other alphabets are ASCII letters once they are lower-cased
    found = _ORIGIN.fullmatch(text.lower()) if text.isascii() else None
    if found is None or int(found["port"] or 0) > HIGHEST_PORT:
        return None
    return found if found["host"][0] != "[" or _is_ipv6(found["host"][1:-1]) else None


def _is_ipv6(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def is_listener(address: str) -> bool:
    """Whether it is host:port, as a process listens on."""
    host, _, port = address.rpartition(":")
    digits = is_whole(port) and len(port) <= len(str(HIGHEST_PORT))
    return bool(host) and digits and 0 < int(port) <= HIGHEST_PORT


def origin_of(text: str) -> str:
    """RFC 6454 section 6.2: scheme, host and port, without what a browser leaves out.

    Raises `Invalid` "bad_setting".
    """
    if "*" in text:
        raise Invalid(
            "COFFRE_ALLOWED_ORIGINS never holds *: any page of the Web could use a token it got hold of. "
            "Name each origin, such as https://viewer.example.",
            code="bad_setting",
        )
    found = _parts(text)
    if found is None:
        raise Invalid(
            "COFFRE_ALLOWED_ORIGINS names origins such as https://viewer.example or http://127.0.0.1:3000, "
            "without a path, separated by commas; international names in their xn-- form.",
            code="bad_setting",
        )
    port = "" if found["port"] in (None, _DEFAULT_PORTS[found["scheme"]]) else f":{found['port']}"
    return f"{found['scheme']}://{found['host']}{port}"
