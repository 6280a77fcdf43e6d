"""Emergency windows: four hours a reason, and what counts towards the reasons of a day."""

import pytest

from records.access import EmergencyUse
from records.emergency import WINDOW_MS, long_enough, normal_reason, use_of

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
    assert use_of(windows, reason, NONE, NOW) == EmergencyUse(expired=expired, windows_today=today)


def test_a_reason_is_the_same_in_other_capitals_and_spaces() -> None:
    assert normal_reason("  Chute  dans\tl'escalier ") == normal_reason("chute dans L'ESCALIER")
    assert normal_reason("Chute  dans l'escalier") == "chute dans l'escalier"
    assert normal_reason(None) == ""


@pytest.mark.parametrize(
    ("reason", "enough"), [("x" * 10, True), (" " + "x" * 9 + " ", False), (None, False)]
)
def test_surrounding_space_makes_no_reason_longer(reason: str | None, enough: bool) -> None:
    assert long_enough(reason) is enough
