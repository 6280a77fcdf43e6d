"""Names of files and folders for what is fetched: readable, and safe on any disk whatever a title holds."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

LONGEST_TITLE = 120  # bytes in UTF-8: with date, id and ending far below the 255 that file systems take
ID_DIGITS = 8
_DATE = re.compile(r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})")
_KEPT = frozenset("-_,()'’&+=@ ")
_RESERVED = frozenset(
    {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"}
    | {f"{port}{digit}" for port in ("COM", "LPT") for digit in "123456789¹²³"}
)
"""Devices of Windows, whatever follows a point (Win32 "Naming Files, Paths, and Namespaces")."""


def stem_of(listed: Mapping[str, Any]) -> str:
    """A name without ending for one line of the list: date, title and the start of its id.

    The id makes it another name than that of any other document, today's and those to come, so that
    nothing that was fetched earlier is overwritten by something else.
    """
    title = _safe(str(listed.get("title") or "")) or _safe(str(listed.get("kind") or "")) or "document"
    date = _DATE.match(str(listed.get("date") or ""))
    name = f"{'-'.join(date.groups())} {title}" if date else title
    return f"{name} [{_safe(str(listed.get('id') or ''))[:ID_DIGITS]}]"


def uid_name(uid: str) -> str:
    """A UID as the name of a file or folder; a depositor's odd one cannot lead elsewhere."""
    name = quote(uid, safe="")
    return name.replace(".", "%2E") if set(name) <= {"."} else name


def _safe(text: str) -> str:
    """Letters, digits and a few signs in NFC, at most `LONGEST_TITLE` bytes; the rest separates words."""
    composed = unicodedata.normalize("NFC", text)
    plain = "".join(each if each.isalnum() or each in _KEPT else _instead(each) for each in composed)
    words = " ".join(plain.split()).encode("utf-8", "ignore")[:LONGEST_TITLE].decode("utf-8", "ignore")
    name = words.strip(" -~=+@")
    return f"_{name}" if name.split(" ")[0].upper() in _RESERVED else name


def _instead(character: str) -> str:
    """A mark goes with its letter, a point or slash between words leaves a hyphen, the unseen leaves none."""
    category = unicodedata.category(character)
    if category in ("Mn", "Mc"):
        return character
    return " " if category.startswith(("C", "Z")) else "-"
