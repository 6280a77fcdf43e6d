"""Leases of submissions and jobs: one worker has one in hand, as long as it asks, 15 minutes at most."""

LONGEST_LEASE_MS = 15 * 60_000
OPEN, SETTLED = "open", "settled"
"""States of a row of `ingest`."""
