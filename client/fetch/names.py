"""Make names for fetched files and folders: readable, and safe on any disk whatever a title holds."""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from records.text.normal_forms import in_form

LONGEST_TITLE = 120  # bytes in UTF-8: with date, id and ending far below the 255 that file systems take
ID_DIGITS = 8
STRUCTURE_CHARACTERS = 20  # a FINESS number has 9, a SIRET 14
_DATE = re.compile(r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})")
_KEPT = frozenset("-_,()'’&+=@ ")
_RESERVED = frozenset(
    {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"}
    | {f"{port}{digit}" for port in ("COM", "LPT") for digit in "123456789¹²³"}
)
"""Devices of Windows, whatever follows a point (Win32 "Naming Files, Paths, and Namespaces")."""


def stems_of(listed: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Names without ending by document id, each another one whatever case a file system folds.

    Studies of one UID out of several structures name these, too. Ids begin with the time of deposit, so that
    documents of one title which came together are told apart by their whole ids.
    """
    listed = list(listed)
    structures: dict[Any, set[Any]] = defaultdict(set)
    for one in listed:
        structures[one.get("study_uid")].add(one.get("structure"))
    shared = {uid for uid, found in structures.items() if uid and len(found) > 1}
    short = [stem_of(one, named=one.get("study_uid") in shared) for one in listed]
    taken = Counter(stem.casefold() for stem in short)
    return {
        str(one.get("id")): stem if taken[stem.casefold()] == 1 else stem_of(one, digits=None)
        for one, stem in zip(listed, short, strict=True)
    }


def stem_of(listed: Mapping[str, Any], *, named: bool = False, digits: int | None = ID_DIGITS) -> str:
    """A name without ending for one line of the list: date, title, its structure if wanted, and the start of
    its id; `digits` None: all of it.
    """
    title = _safe(str(listed.get("title") or "")) or _safe(str(listed.get("kind") or "")) or "document"
    date = _DATE.match(str(listed.get("date") or ""))
    name = f"{'-'.join(date.groups())} {title}" if date else title
    if named:
        name = f"{name} ({_safe(str(listed.get('structure') or ''))[:STRUCTURE_CHARACTERS]})"
    return f"{name} [{_safe(str(listed.get('id') or ''))[:digits]}]"


def uid_name(uid: str) -> str:
    """A UID as the name of a file or folder; a depositor's odd one cannot lead elsewhere."""
    name = quote(uid, safe="")
    return name.replace(".", "%2E") if set(name) <= {"."} else name


def _safe(text: str) -> str:
    """Letters, digits and a few signs in NFC, at most `LONGEST_TITLE` bytes; the rest separates words."""
    composed = in_form("NFC", text)
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
