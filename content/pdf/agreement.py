"""The table of agreement between two readers of one PDF about its structure; `docs/verdicts.md` shows it."""

from collections.abc import Mapping
from enum import StrEnum


class Reading(StrEnum):
    """The way in which one reader got through a document."""

    READ = "read"
    REPAIRED = "read with repairs"
    AMBIGUOUS = "parts of an object dropped"
    FAILED = "not read, or not all of it"
    TOO_COMPLEX = "beyond a limit"
    LOCKED = "password asked for"


_R = Reading
# pypdf's reading, qpdf's reading -> verdict, None where there is nothing to say; pairs not listed are refused
AGREEMENT: Mapping[tuple[Reading, Reading], str | None] = {
    (_R.READ, _R.READ): None,
    (_R.READ, _R.REPAIRED): "pdf_repaired",
    (_R.REPAIRED, _R.READ): "pdf_repaired",
    (_R.REPAIRED, _R.REPAIRED): "pdf_repaired",
    # one library does not know a construct that the other reads without a doubt
    (_R.FAILED, _R.READ): "pdf_repaired",
    (_R.FAILED, _R.REPAIRED): "pdf_repaired",
    (_R.TOO_COMPLEX, _R.READ): "pdf_repaired",
    (_R.TOO_COMPLEX, _R.REPAIRED): "pdf_repaired",
    (_R.AMBIGUOUS, _R.READ): "pdf_ambiguous",
    (_R.AMBIGUOUS, _R.REPAIRED): "pdf_ambiguous",
}


def agreed(first: Reading, second: Reading) -> str | None:
    """The verdict about a document's structure, None where both read it without a doubt."""
    if Reading.LOCKED in (first, second):
        return "pdf_password"
    if (first, second) in AGREEMENT:
        return AGREEMENT[first, second]
    return "pdf_too_complex" if Reading.TOO_COMPLEX in (first, second) else "pdf_unreadable"
