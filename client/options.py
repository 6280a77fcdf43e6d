"""Options that reach a Coffre, checked before anything is sent: the server's URL, the file of a token."""

import json
import re
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from records.errors import Invalid
from records.text.hosts import is_loopback
from records.text.plain_text import text_of

_TOKEN = re.compile(r"[A-Za-z0-9_.~+/=-]{16,8192}")


def read_token(path: Path) -> str:
    """Returns the token in a file: bare, or the member `token` of JSON as `coffre identity issue` prints it.

    Raises `Invalid` "bad_token_file", without the content.
    """
    try:
        text = text_of(path.read_bytes())
        token = json.loads(text).get("token") if text.startswith("{") else text
    except OSError as error:
        raise Invalid(
            f"The token file {path} cannot be read: {error.strerror or 'no such place'}.",
            code="bad_token_file",
        ) from None
    except (ValueError, AttributeError, RecursionError):
        token = None
    if not isinstance(token, str) or _TOKEN.fullmatch(token) is None:
        raise Invalid(
            f"The token file {path} holds no token: make one with coffre identity issue, or an operator's "
            "with coffre issuers token.",
            code="bad_token_file",
        )
    return token


def check_url(url: str, *, allow_http: bool = False, option: str = "The address") -> str:
    """Returns the server's URL without final slashes. Raises `Invalid` "bad_url" or "insecure_url"."""
    url = url.strip().rstrip("/")
    host, scheme = _host(url)
    if not host:
        raise Invalid(f"{option} is the server's URL, such as https://coffre.example.", code="bad_url")
    if scheme == "http" and not allow_http and not is_loopback(host):
        raise Invalid(
            f"{option}: over http:// anyone on the way can read the token: use https://, or --allow-http.",
            code="insecure_url",
        )
    return url


def _host(url: str) -> tuple[str, str]:
    """Host and scheme, void where the URL is none of a server."""
    try:
        parts = urlsplit(url)
        _ = parts.port, httpx.URL(url)
    except (ValueError, httpx.InvalidURL):
        return "", ""
    if parts.scheme not in ("http", "https") or parts.query or parts.fragment:
        return "", ""
    return parts.hostname or "", parts.scheme
