"""Emergency windows: four hours a reason, and what counts towards the reasons of a day."""

import pytest

from records.access import EmergencyUse
from records.durations import DAY_MS
from records.emergency import WINDOW_MS, changes_at, long_enough, normal_reason, use_of

NOW = 1_800_000_000_000
NONE, FALL, STROKE = b"none", b"fall", b"stroke"


@pytest.mark.parametrize(
    ("windows", "reason", "expired", "today"),
    [
        ([], FALL, False, 0),
        ([(FALL, NOW - WINDOW_MS + 1)], FALL, False, 0),
        ([(FALL, NOW - WINDOW_MS)], FALL, True, 0),
        ([(FALL, NOW - 2 * WINDOW_MS), (FALL, NOW - 1)], FALL, False, 0),
        ([(FALL, NOW - 1), (STROKE, NOW - 2), (NONE, NOW - 3)], b"burn", False, 2),
        ([(NONE, NOW - WINDOW_MS)], None, False, 0),
    ],
)
def test_what_windows_of_the_last_day_mean(
    windows: list[tuple[bytes, int]], reason: bytes | None, expired: bool, today: int
) -> None:
    is_open = not expired and reason in {digest for digest, _ in windows}
    expected = EmergencyUse(expired=expired, windows_today=today, is_open=is_open)
    assert use_of(windows, reason, NONE, NOW) == expected


def test_a_reason_is_the_same_in_other_capitals_and_spaces() -> None:
    assert normal_reason("  Chute  dans\tl'escalier ") == normal_reason("chute dans L'ESCALIER")
    assert normal_reason("Chute  dans l'escalier") == "chute dans l'escalier"
    assert normal_reason(None) == ""


@pytest.mark.parametrize(
    ("reason", "enough"), [("x" * 10, True), (" " + "x" * 9 + " ", False), (None, False)]
)
def test_surrounding_space_makes_no_reason_longer(reason: str | None, enough: bool) -> None:
    assert long_enough(reason) is enough


def test_the_next_change_lies_ahead_and_windows_without_a_reason_make_none() -> None:
    reason, other = b"r" * 32, b"o" * 32
    assert changes_at([(NONE, NOW - 5)], reason, NONE, NOW) is None
    assert changes_at([(other, NOW - 5)], None, NONE, NOW) is None
    assert changes_at([(reason, NOW - 5)], reason, NONE, NOW) == NOW - 5 + WINDOW_MS
    # at the end of its window it has changed already: what comes is that a day is over
    assert changes_at([(reason, NOW - WINDOW_MS)], reason, NONE, NOW) == NOW - WINDOW_MS + DAY_MS
