"""COFFRE_SMS_URL: a gateway that speaks GSMA OneAPI's SMS RESTful API, such as https://gateway/smsmessaging/v1.

Behind a `?`: `sender` (a telephone number, or a short name that the gateway knows), `token_file`, or `user`
and `password_file`; `authority` (a file of certificates) and `timeout` (seconds).
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from records.errors import Invalid
from records.text.hosts import is_loopback
from records.text.numbers import is_whole

LONGEST_TIMEOUT_S = 20
_MEMBERS = frozenset({"sender", "token_file", "user", "password_file", "authority", "timeout"})
_SENDER = re.compile(r"\+[0-9]{6,15}|[0-9]{3,8}|[A-Za-z0-9 ]{3,11}")  # E.164, a short code, or a name
_FORM = "it is https://host/path?sender=NUMBER&token_file=FILE"


@dataclass(frozen=True, slots=True)
class SmsAddress:
    """A gateway, and how it is spoken to: with a token, or with a name and a password."""

    url: str
    sender: str
    token_file: Path | None = None
    user: str | None = field(default=None, repr=False)
    password_file: Path | None = None
    authority: Path | None = None
    timeout_s: float = 10.0


def read_sms_address(url: str | None) -> SmsAddress | None:
    """None for none. Raises `Invalid` "bad_setting"."""
    if not url:
        return None
    base, _, query = url.partition("?")
    options = dict(parse_qsl(query, keep_blank_values=True))
    _check_base(base)
    _check(options)
    return SmsAddress(
        base.rstrip("/"),
        options["sender"],
        token_file=_path(options, "token_file"),
        user=options.get("user"),
        password_file=_path(options, "password_file"),
        authority=_path(options, "authority"),
        timeout_s=float(options.get("timeout", "10")),
    )


def _check_base(base: str) -> None:
    try:
        parts = urlsplit(base)
        _ = parts.port
    except ValueError:
        raise _bad(_FORM) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise _bad(_FORM)
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise _bad("http:// is for a gateway on this machine alone: codes travel over https://")


def _check(options: dict[str, str]) -> None:
    if unknown := options.keys() - _MEMBERS:
        raise _bad(f"it knows {', '.join(sorted(_MEMBERS))}, and not {', '.join(sorted(unknown))}")
    if empty := sorted(name for name, value in options.items() if not value):
        raise _bad(f"give {', '.join(empty)} a value, or leave it out")
    if not _SENDER.fullmatch(options.get("sender", "")):
        raise _bad("sender is a telephone number such as +33700000000, or a name of 3 to 11 letters")
    has_password = {"user", "password_file"} & options.keys()
    if has_password and ("token_file" in options or len(has_password) == 1):
        raise _bad("a gateway is shown token_file, or user and password_file")
    timeout = options.get("timeout", "10")
    if not is_whole(timeout) or not 1 <= int(timeout) <= LONGEST_TIMEOUT_S:
        raise _bad(f"timeout is 1 to {LONGEST_TIMEOUT_S} seconds")


def _path(options: dict[str, str], name: str) -> Path | None:
    return Path(options[name]) if name in options else None


def _bad(what: str) -> Invalid:
    return Invalid(f"Correct COFFRE_SMS_URL: {what}.", code="bad_setting")
