"""Secrets in files, in the folder CREDENTIALS_DIRECTORY: systemd's LoadCredential, a container's secrets.

Each `*.env` there has lines NAME=value, as `text` writes them and `coffre roles --out`. A value is all that
follows, but for one pair of single quotes around it. Only a line feed ends a line.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from keyvault.credentials.private_files import check_mode
from records.errors import Invalid

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_NOWHERE = re.compile(r"[\n\r\0\ud800-\udfff]")
"""What no line of UTF-8 holds, or no environment."""
_QUOTE = "'"


def text(told: Mapping[str, str]) -> str:
    """What `read` reads as `told`. Raises `Invalid` "bad_secrets", without the value, where nothing is."""
    for name, value in told.items():
        if not _NAME.fullmatch(name) or _NOWHERE.search(value):
            raise Invalid(f"{name} is text on one line.", code="bad_secrets")
    return "".join(f"{name}={_quoted(value)}\n" for name, value in told.items())


def read(path: Path) -> dict[str, str]:
    """What a file says. Raises `Invalid` "bad_setting" for a line of another form, without repeating it."""
    try:
        lines = path.read_bytes().decode().split("\n")
    except UnicodeDecodeError:
        raise Invalid(f"{path} is no text in UTF-8.", code="bad_setting") from None
    found = {}
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.startswith("#"):
            name, separator, value = line.partition("=")
            if not separator or not _NAME.fullmatch(name):
                raise Invalid(f"Line {number} of {path} is not NAME=value.", code="bad_setting")
            found[name] = _plain(value.removesuffix("\r"))
    return found


def variables(folder: Path) -> dict[str, str]:
    """Of every file in `folder`, later names before earlier; none where there is no folder.

    Raises CoffreError "secret_readable" where everybody may read one, and as `read` does.
    """
    found: dict[str, str] = {}
    for path in sorted(folder.glob("*.env")):
        check_mode(path)
        found |= read(path)
    return found


def _quoted(value: str) -> str:
    return f"'{value}'" if _is_quoted(value) else value


def _plain(written: str) -> str:
    return written[1:-1] if _is_quoted(written) else written


def _is_quoted(value: str) -> bool:
    return len(value) > 1 and value[0] == _QUOTE and value[-1] == _QUOTE
