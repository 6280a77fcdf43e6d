"""Unicode normal forms (UAX #15) of what strangers wrote, in time that grows with its length.

To put marks into order takes the square of how many follow each other, and holds every thread meanwhile:
sixty kilobytes of a password took two seconds. No language puts more than `MARKS` upon one letter, where the
Stream-Safe Text Format (UAX #15 section 13) sets a joiner.
"""

import unicodedata
from collections.abc import Iterator
from typing import Literal

MARKS = 30
_JOINER = "\u034f"

Form = Literal["NFC", "NFKC", "NFKD"]


def in_form(form: Form, text: str) -> str:
    """What `unicodedata.normalize` makes of every text that somebody wrote to be read."""
    if len(text) > MARKS and not text.isascii():
        text = "".join(_joined(text))
    return unicodedata.normalize(form, text)


def _joined(text: str) -> Iterator[str]:
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks > MARKS:
            yield _JOINER
            marks = 1
        yield character
