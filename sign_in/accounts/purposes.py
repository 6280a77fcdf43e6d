"""Purposes of letters, how long each lasts, and which wait to be printed. No key is needed to tell."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from records.durations import DAY_MS, HOUR_MS, MINUTE_MS
from sign_in.store import Row

ASKED = b""
"""In a letter's row in place of its code's digest, until it is printed."""


class Purpose(StrEnum):
    FIRST_VISIT = "first_visit"
    RECOVERY = "recovery"
    ONLINE = "online"
    """For the person of an INS that somebody asked an account for; `person_id` stands in for the account."""
    OPENED = "opened"
    """Says without a code that an account was opened, to who had the first code by message: whoever opened it
    for another than the holder is found out."""
    BROWSER = "browser"
    """By message: makes a browser one that is expected, and chooses no password."""


CHOOSES = tuple(each for each in Purpose if each is not Purpose.BROWSER)
"""What a code is for that chooses a password; those that wait are letters to be printed."""
LIFE_MS = {
    Purpose.FIRST_VISIT: 30 * DAY_MS,
    Purpose.RECOVERY: 14 * DAY_MS,
    Purpose.ONLINE: 14 * DAY_MS,
    Purpose.OPENED: 30 * DAY_MS,
    Purpose.BROWSER: DAY_MS,
}
"""How long a code serves from its printing on, and how long one that was asked for waits to be printed. Of a
message both are one time, from its asking on.
"""
TRIES_AFTER_MS = (0, 5 * MINUTE_MS, HOUR_MS, 4 * HOUR_MS, 16 * HOUR_MS)
"""When a message is tried, from its asking on, as long as it cannot leave."""


class Rows(Protocol):
    """As much of a store as finds rows by equal values."""

    def find(self, table: str, /, *, code: bytes) -> list[Row]: ...


@dataclass(frozen=True, slots=True)
class Waiting:
    """Letters that are to be printed; `oldest_s`: for how long the first of them has been."""

    letters: int
    oldest_s: int | None


def waiting(rows: Rows, now_ms: int) -> Waiting:
    """What the host has not printed yet; whose, nobody learns."""
    asked = [
        row["expires"] - LIFE_MS[Purpose(row["purpose"])]
        for row in rows.find("letter", code=ASKED)
        if row["expires"] > now_ms and row["purpose"] in CHOOSES
    ]
    return Waiting(len(asked), max(0, now_ms - min(asked)) // 1000 if asked else None)
