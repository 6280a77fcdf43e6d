"""A consent: by whom, by which means, when, and how long what is given lasts. Times are unix seconds."""

from dataclasses import dataclass

from records.durations import YEAR_S
from records.errors import Invalid
from records.text.shape import Shape
from records.vocabulary.codes import ConsentMeans, Role

DEFAULT_DURATION = YEAR_S  # R18: an authorisation lasts one year unless said otherwise
HOLDER = Role.PATIENT.value
"""Who gave a consent that nobody else recorded."""
LONGEST_DURATION = 100 * YEAR_S
"""An authorisation with an end has one that a calendar shows; whoever means for good says so."""


@dataclass(frozen=True, slots=True)
class ConsentRecord:
    """A recorded consent (R17, R18): by whom, by which means, when.

    `by` is the holder (`HOLDER`), or the national number of the professional who recorded it; cards have what
    an operator wrote. `how` is one of `ConsentMeans`; cards of earlier versions hold words of their own.
    """

    by: str
    how: str
    at: int


CONSENT_SHAPE: Shape = {"by": str, "how": str, "at": int}


def check_consent(how: str) -> ConsentMeans:
    """The means by which a consent was given; a caller states it. Raises Invalid `bad_consent`."""
    try:
        return ConsentMeans(how)
    except ValueError:
        raise Invalid(
            f"Say how the holder gave consent: {', '.join(ConsentMeans)}.", code="bad_consent"
        ) from None


def end_of(now: int, until: int | None = None, *, permanent: bool = False) -> int | None:
    """The end of what is given now: as stated, in one year, or never if `permanent`.

    Raises Invalid `bad_authorisation` for an end that lies in the past or more than a hundred years ahead, or
    contradicts `permanent`.
    """
    if until is not None and (permanent or not now < until <= now + LONGEST_DURATION):
        raise Invalid(
            "An authorisation ends in the future, within a hundred years, or never.", code="bad_authorisation"
        )
    return None if permanent else now + DEFAULT_DURATION if until is None else until
