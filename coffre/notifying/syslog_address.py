"""COFFRE_SYSLOG_URL: `udp://host:port`, or `unix:///dev/log`."""

import socket
from urllib.parse import urlsplit

from records.errors import Invalid

Place = tuple[socket.AddressFamily, str | tuple[str, int]]


def read_syslog_address(url: str) -> Place:
    """`udp://host:port` or `unix:///dev/log`. Raises `Invalid` "bad_setting"."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme == "unix" and parts.path:
        return socket.AF_UNIX, parts.path
    if parts.scheme == "udp" and parts.hostname and port:
        family = socket.AF_INET6 if ":" in parts.hostname else socket.AF_INET
        return family, (parts.hostname, port)
    raise Invalid("COFFRE_SYSLOG_URL is udp://host:port or unix:///dev/log.", code="bad_setting")
