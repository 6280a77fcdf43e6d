"""COFFRE_NOTICES_URL: `page:`, `smtp://host:port` with STARTTLS, or `smtps://host:port`.

Behind a `?`: `user`, `password_file`, `authority` (a file of certificates), `timeout` (seconds), and for a
server on this machine `tls=none`.
"""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from records.errors import Invalid
from records.text.hosts import is_loopback
from records.text.numbers import is_whole

PAGE = "page:"
LONGEST_TIMEOUT_S = 20  # less than a lease, with what comes before
_PORTS = {"smtp": 587, "smtps": 465}  # RFC 8314 section 3.3
_MEMBERS = {"user", "password_file", "authority", "timeout", "tls"}


@dataclass(frozen=True, slots=True)
class SmtpAddress:
    """A mail server, and how it is spoken to."""

    host: str
    port: int
    implicit_tls: bool
    starttls: bool
    user: str | None = field(default=None, repr=False)
    password_file: Path | None = None
    authority: Path | None = None
    timeout_s: float = 10.0


def read_smtp_address(url: str) -> SmtpAddress | None:
    """None for `page:`. Raises `Invalid` "bad_setting"."""
    if url == PAGE:
        return None
    parts = _parts(url)
    host, options = parts.hostname or "", _options(parts.query)
    plain = options.get("tls") == "none"
    if plain and not (parts.scheme == "smtp" and is_loopback(host)):
        raise _bad("tls=none is for a server on this machine alone: leave it out")
    return SmtpAddress(
        host,
        parts.port or _PORTS[parts.scheme],
        implicit_tls=parts.scheme == "smtps",
        starttls=parts.scheme == "smtp" and not plain,
        user=options.get("user"),
        password_file=_path(options.get("password_file")),
        authority=_path(options.get("authority")),
        timeout_s=_timeout(options.get("timeout", "10")),
    )


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise _bad("it is page:, smtp://host:port or smtps://host:port") from None
    if parts.scheme not in _PORTS or not parts.hostname or parts.path not in ("", "/"):
        raise _bad("it is page:, smtp://host:port or smtps://host:port")
    if parts.username is not None or parts.password is not None:
        raise _bad("a password stands in a file: smtp://host?user=…&password_file=…")
    return parts


def _options(query: str) -> dict[str, str]:
    options = dict(parse_qsl(query, keep_blank_values=True))
    if unknown := options.keys() - _MEMBERS:
        raise _bad(f"it knows {', '.join(sorted(_MEMBERS))}, and not {', '.join(sorted(unknown))}")
    if ("user" in options) != ("password_file" in options):
        raise _bad("user and password_file belong together")
    if options.get("tls", "none") != "none":
        raise _bad("tls is none, or left out")
    return options


def _path(text: str | None) -> Path | None:
    return Path(unquote(text)) if text else None


def _timeout(text: str) -> float:
    if not is_whole(text) or not 1 <= int(text) <= LONGEST_TIMEOUT_S:
        raise _bad(f"timeout is 1 to {LONGEST_TIMEOUT_S} seconds")
    return float(text)


def _bad(what: str) -> Invalid:
    return Invalid(f"Correct COFFRE_NOTICES_URL: {what}.", code="bad_setting")
