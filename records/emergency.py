"""The rules of an emergency: which purposes are one, how long a reason serves, what of earlier ones counts.

Times are milliseconds since 1970 in UTC. Windows are kept by the vault (docs/vault.md section 3), which hands
them in as the digest of their reason and the time they opened.
"""

from collections.abc import Iterable

from records.access import EmergencyUse
from records.durations import DAY_MS, HOUR_MS
from records.vocabulary.codes import PurposeOfUse

EMERGENCIES = frozenset({PurposeOfUse.BRIS_DE_GLACE, PurposeOfUse.CENTRE_15})
SHORTEST_REASON = 10  # characters, surrounding space apart
WINDOWS_A_DAY = 3
WINDOW_MS = 4 * HOUR_MS  # the same reason serves this long (docs/vault.md section 3)
STEP_UP_S = 15 * 60
"""How long ago whoever breaks the glass may have proven who it is; older, it proves it again first."""


def normal_reason(reason: str | None) -> str:
    """Letters in folded case, single spaces; empty where no reason is stated."""
    return " ".join((reason or "").casefold().split())


def long_enough(reason: str | None) -> bool:
    return len((reason or "").strip()) >= SHORTEST_REASON


def use_of(
    windows: Iterable[tuple[bytes, int]], reason: bytes | None, unstated: bytes, now: int
) -> EmergencyUse:
    """The meaning of the last day's windows, (digest of the reason, opened at), for a call with this reason.

    `reason` is the digest of the call's reason, None where it states none; `unstated` is the digest that
    windows without a reason bear.
    """
    if reason is None:
        # where no reason is asked for, none can run out: after four hours the next window opens, with its
        # notices
        return EmergencyUse(expired=False, windows_today=0)
    stated = [window for window in windows if window[0] != unstated]
    same = [opened for digest, opened in stated if digest == reason]
    if not same:
        return EmergencyUse(expired=False, windows_today=len(stated))
    over = max(same) + WINDOW_MS <= now
    return EmergencyUse(expired=over, windows_today=0, is_open=not over)


def changes_at(
    windows: Iterable[tuple[bytes, int]], reason: bytes | None, unstated: bytes, now: int
) -> int | None:
    """The earliest instant after `now` at which `use_of` can answer otherwise about the windows of the last
    day, if none is opened; None: never.
    """
    if reason is None:
        return None
    stated = [window for window in windows if window[0] != unstated]
    same = [opened for digest, opened in stated if digest == reason]
    instants = [max(same) + WINDOW_MS] if same else []
    instants += [opened + DAY_MS for _, opened in stated]
    return min((each for each in instants if each > now), default=None)
