"""Addresses that a holder can be written to: their forms, and the code that proves one.

An address is used for notices alone (R57). A telephone number is kept in its international form and nothing
is sent to it yet.
"""

import re
from enum import StrEnum

from records.errors import Invalid
from records.text.numbers import is_whole

CODE_DIGITS = 6
CODE_LIFE_S = 600  # R4: at most ten minutes
CODE_TRIES = 5  # R4
CODES_AN_HOUR, CODES_A_DAY = 5, 10

LONGEST_ADDRESS = 254  # RFC 5321 section 4.5.3.1.3, less the brackets
_LONGEST_LOCAL = 64  # section 4.5.3.1.1
_LONGEST_HOST = 253  # RFC 1035 section 2.3.4, as text
# dot-atom of RFC 5322 section 3.2.3; quoted local parts are of no address that a person types
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_BETWEEN_DIGITS = re.compile(r"[ .\-\u00a0\u202f()]")
_E164 = re.compile(r"\+[1-9][0-9]{7,14}")  # ITU-T E.164 section 6.2.1: at most 15 digits
_FRENCH = re.compile(r"0[1-9][0-9]{8}")


class ContactKind(StrEnum):
    EMAIL = "email"
    TELEPHONE = "telephone"


def kind_of(text: str) -> ContactKind:
    """What somebody meant who wrote it into one field."""
    return ContactKind.EMAIL if "@" in text else ContactKind.TELEPHONE


def read_contact(kind: ContactKind, text: str) -> str:
    """The address in the one form in which it is kept. Raises `Invalid` "bad_contact", without the value."""
    return _email(text) if kind is ContactKind.EMAIL else _telephone(text)


def _email(text: str) -> str:
    """Letters outside ASCII are taken in the domain alone, which is kept as DNS has it (RFC 5891)."""
    local, at, domain = text.strip(" ").rpartition("@")
    host = _host(domain)
    right = at and len(local) <= _LONGEST_LOCAL and _LOCAL.fullmatch(local) and host
    if not right or len(local) + 1 + len(host) > LONGEST_ADDRESS:
        raise Invalid(
            "Write the e-mail address as name@example.fr, without accents before the @.", code="bad_contact"
        )
    return f"{local}@{host}"


def _host(domain: str) -> str:
    """The name of a host in letters of DNS; empty where it is none."""
    try:
        host = domain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return ""
    labels = host.split(".")
    # one part alone is a machine of one's own network; digits at the end, an address (RFC 3696 section 2)
    named = len(labels) > 1 and len(host) <= _LONGEST_HOST and not is_whole(labels[-1])
    return host if named and all(_LABEL.fullmatch(label) for label in labels) else ""


def _telephone(text: str) -> str:
    number = _BETWEEN_DIGITS.sub("", text.strip(" "))
    if _FRENCH.fullmatch(number):
        number = f"+33{number[1:]}"
    if number.startswith("00"):
        number = f"+{number[2:]}"
    if not _E164.fullmatch(number):
        raise Invalid(
            "Write the telephone number with its country, as +33 6 12 34 56 78, or the ten digits of a "
            "French one.",
            code="bad_contact",
        )
    return number
