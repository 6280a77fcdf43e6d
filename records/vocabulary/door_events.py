"""Events of the doors, by codes that stay: a SIEM has rules about them, and the log keeps them."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from types import MappingProxyType

from records.errors import Invalid
from records.vocabulary.codes import ReasonCode


class DoorEvent(StrEnum):
    FIRST_STEP = "password_right"
    FIRST_STEP_WRONG = "password_wrong"
    CODE_WRONG = "code_wrong"
    PAUSED = "paused"
    SIGNED_IN = "signed_in"
    NEW_DEVICE = "new_device"
    LETTER_ASKED = "letter_asked"
    """A line in the person's log once the letter is printed."""
    LETTER_WRONG = "letter_wrong"
    BROWSER_ASKED = "browser_asked"
    """A message with a code, so that a browser's tries count apart."""
    CHOSEN = "password_chosen"
    CONTACT_CHANGED = "contact_changed"
    PASSKEY_WRONG = "passkey_wrong"
    PASSKEY_ADDED = "passkey_added"
    PASSKEY_REMOVED = "passkey_removed"
    PASSKEY_CLONED = "passkey_cloned"
    IDENTITY_LINKED = "identity_linked"
    IDENTITY_UNLINKED = "identity_unlinked"
    PROVIDER_REFUSED = "provider_refused"
    """What somebody brought back from a provider of identities signed nobody in."""
    ACCOUNT_ASKED = "account_asked"
    """Online, by nobody whom a door knows: a number of the door's, and a line in the log once the letter is
    printed."""
    ACCOUNT_OPENED = "account_opened"
    OPENING_REFUSED = "opening_refused"
    """To whoever would open an account for another and may not, or for a person who has one."""
    CERTIFICATE_REFUSED = "certificate_refused"
    TOKEN_ISSUED = "token_issued"  # noqa: S105 - an event
    THRESHOLD = "threshold"
    """One of the others came more often in an hour than `THRESHOLDS` says."""


FAILURES: Mapping[DoorEvent, ReasonCode] = MappingProxyType(
    {
        DoorEvent.FIRST_STEP_WRONG: ReasonCode.WRONG_PASSWORD,
        DoorEvent.CODE_WRONG: ReasonCode.WRONG_CODE,
        DoorEvent.LETTER_WRONG: ReasonCode.WRONG_LETTER,
        DoorEvent.PASSKEY_WRONG: ReasonCode.WRONG_PASSKEY,
        DoorEvent.PASSKEY_CLONED: ReasonCode.PASSKEY_CLONED,
        DoorEvent.PAUSED: ReasonCode.TOO_MANY_TRIES,
        DoorEvent.CERTIFICATE_REFUSED: ReasonCode.CERTIFICATE_REFUSED,
        DoorEvent.PROVIDER_REFUSED: ReasonCode.PROVIDER_REFUSED,
        DoorEvent.OPENING_REFUSED: ReasonCode.OPENING_REFUSED,
    }
)
"""Those that are refusals, each with the reason that the log has for it."""

COUNTED = frozenset({*FAILURES, DoorEvent.ACCOUNT_ASKED, DoorEvent.LETTER_ASKED, DoorEvent.BROWSER_ASKED})
"""Those that anybody brings about as often as he likes: doors tell how many, without a line for each."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """A version of the table, and its events with how many an hour are ordinary."""

    version: str
    per_hour: Mapping[DoorEvent, int]


def read_thresholds(text: str) -> Thresholds:
    """From the text of `door-thresholds.toml`. Raises `Invalid` "bad_thresholds"."""
    try:
        found = tomllib.loads(text)
        rows = {**found["failures"], **found["bulk"]}
        limits = {DoorEvent(name): _limit(number) for name, number in rows.items()}
        return Thresholds(str(found["version"]), MappingProxyType(limits))
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise Invalid(
            f"door-thresholds.toml is not what it should be: {error}", code="bad_thresholds"
        ) from None


def _limit(number: object) -> int:
    if type(number) is not int or number < 1:
        raise ValueError(f"{number!r} is no number of events.")
    return number


THRESHOLDS = read_thresholds(files("records.vocabulary").joinpath("tables/door-thresholds.toml").read_text())
