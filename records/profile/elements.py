"""The grammar of own information: elements of FHIR R4 as checks, put together as data (R4 section 2.24).

A check raises `EntryRefused` with a code and the path of the element, never a value.
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from records.fhir.dates import span

Check = Callable[[Any, str], None]
LONGEST_LINE = 255
LONGEST_NOTE = 4000
LONGEST_CODE = 64
MOST_OF_A_LIST = 20
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{0,39}")
_REFERENCE = re.compile(r"(Patient|DocumentReference)/(?P<id>[A-Za-z0-9.\-]{1,64})")
_DATE_TIME = re.compile(
    r"[0-9]{4}(-[0-9]{2}(-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2}))?)?)?"
)
_FIRST_YEAR = "1850"
_LINE_ENDS = frozenset("\n\r\t")


class EntryRefused(Exception):  # noqa: N818
    """An entry breaks a rule. `code` names the rule, `where` the element by its path."""

    def __init__(self, code: str, where: str) -> None:
        super().__init__(code)
        self.code = code
        self.where = where


@dataclass(frozen=True, slots=True)
class Member:
    """One element of an object: how it is checked, and whether it has to be there."""

    check: Check
    required: bool = False


Members = Mapping[str, Member]


def must(check: Check) -> Member:
    return Member(check, required=True)


def may(check: Check) -> Member:
    return Member(check)


def shaped(members: Members) -> Check:
    """An object with these members and no other; the empty object is none in FHIR."""

    def check(value: Any, where: str) -> None:
        if not isinstance(value, dict) or not value:
            raise EntryRefused("entry_value_bad", where)
        for name in value:
            if name not in members:
                raise EntryRefused("entry_member_unknown", f"{where}.{_shown(name)}")
        for name, member in members.items():
            if name in value:
                member.check(value[name], f"{where}.{name}")
            elif member.required:
                raise EntryRefused("entry_member_missing", f"{where}.{name}")

    return check


def _shown(name: str) -> str:
    return name if _NAME.fullmatch(name) else "?"


def several(check: Check, least: int = 1, most: int = MOST_OF_A_LIST) -> Check:
    """A list; FHIR has no empty one."""

    def every(value: Any, where: str) -> None:
        if not isinstance(value, list) or not least <= len(value) <= most:
            raise EntryRefused("entry_value_bad", where)
        for number, each in enumerate(value):
            check(each, f"{where}[{number}]")

    return every


def text(longest: int = LONGEST_LINE, lines: bool = False) -> Check:
    """Something to read: not only white space, no control characters, lines where they are admitted."""

    def check(value: Any, where: str) -> None:
        if not isinstance(value, str) or not value.strip() or len(value) > longest:
            raise EntryRefused("entry_value_bad", where)
        if not all(each.isprintable() or (lines and each in _LINE_ENDS) for each in value):
            raise EntryRefused("entry_value_bad", where)

    return check


def code(*known: str) -> Check:
    """One of these codes."""

    def check(value: Any, where: str) -> None:
        if not isinstance(value, str) or value not in known:
            raise EntryRefused("entry_code_unknown", where)

    return check


def date(value: Any, where: str) -> None:
    """A date or dateTime at any precision, of a year that somebody alive may speak of."""
    if not isinstance(value, str) or not _DATE_TIME.fullmatch(value) or value < _FIRST_YEAR:
        raise EntryRefused("entry_date_bad", where)
    try:
        span(value)
    except ValueError:
        raise EntryRefused("entry_date_bad", where) from None


def truth(value: Any, where: str) -> None:
    if not isinstance(value, bool):
        raise EntryRefused("entry_value_bad", where)


def period(value: Any, where: str) -> None:
    """A start, an end, or both in their order."""
    shaped({"start": may(date), "end": may(date)})(value, where)
    if "start" in value and "end" in value and span(value["start"])[0] >= span(value["end"])[1]:
        raise EntryRefused("entry_date_bad", where)


def reference(kind: str) -> Check:
    """A reference to a resource of ours, by its id."""

    def check(value: Any, where: str) -> None:
        shaped({"reference": must(text()), "display": may(text())})(value, where)
        found = _REFERENCE.fullmatch(value["reference"])
        if found is None or found[1] != kind or not _is_uuid(found["id"]):
            raise EntryRefused("entry_value_bad", f"{where}.reference")

    return check


def _is_uuid(name: str) -> bool:
    try:
        UUID(name)
    except ValueError:
        return False
    return True


coding = shaped(
    {
        "system": must(text()),
        "version": may(text(LONGEST_CODE)),
        "code": must(text(LONGEST_CODE)),
        "display": may(text()),
        "userSelected": may(truth),
    }
)
concept = shaped({"text": must(text()), "coding": may(several(coding))})
"""What a person can read, with codes of any system beside it."""
note = several(shaped({"text": must(text(LONGEST_NOTE, lines=True)), "time": may(date)}))


def coded(system: str, codes: Mapping[str, str]) -> Check:
    """A concept with one code of this system that is known here; others may stand beside it."""
    whole = shaped({"text": may(text()), "coding": must(several(coding))})

    def check(value: Any, where: str) -> None:
        whole(value, where)
        known = [each for each in value["coding"] if each["system"] == system and each["code"] in codes]
        if len(known) != 1:
            raise EntryRefused("entry_code_unknown", where)

    return check


def base64_text(longest: int) -> Check:
    """Text in UTF-8, in base64."""

    def check(value: Any, where: str) -> None:
        if not isinstance(value, str):
            raise EntryRefused("entry_value_bad", where)
        try:
            found = base64.b64decode(value, validate=True).decode("utf-8")
        except (binascii.Error, ValueError):
            raise EntryRefused("entry_value_bad", where) from None
        text(longest, lines=True)(found, where)

    return check


def coded_one(system: str, code: str) -> Check:
    """A coding of this one code."""

    def check(value: Any, where: str) -> None:
        coding(value, where)
        if (value["system"], value["code"]) != (system, code):
            raise EntryRefused("entry_code_unknown", where)

    return check
