"""Durations of which others are made. Milliseconds are those of instants in the index and in the vault."""

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
YEAR_S = 365 * 86_400
