"""Forms of addresses that settings and options take."""

import re
from urllib.parse import urlsplit

from records.errors import Invalid
from records.text.numbers import is_whole

HIGHEST_PORT = 0xFFFF
_DEFAULT_PORTS = {"http": "80", "https": "443"}
_ORIGIN = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(:(?P<port>[1-9][0-9]{0,4}))?/?",
    re.ASCII,
)


def is_origin(url: str) -> bool:
    """Whether it is scheme, host and port and nothing else (RFC 6454)."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not (parts.path or parts.query)


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
    found = _ORIGIN.fullmatch(text.lower())
    if found is None or int(found["port"] or 0) > HIGHEST_PORT:
        raise Invalid(
            "COFFRE_ALLOWED_ORIGINS names origins such as https://viewer.example or http://127.0.0.1:3000, "
            "without a path, separated by commas; international names in their xn-- form.",
            code="bad_setting",
        )
    port = "" if found["port"] in (None, _DEFAULT_PORTS[found["scheme"]]) else f":{found['port']}"
    return f"{found['scheme']}://{found['host']}{port}"
