"""Leases of submissions and jobs: one worker has one in hand, for 15 minutes unless it prolongs."""

LONGEST_LEASE_MS = 15 * 60_000
OPEN, SETTLED = "open", "settled"
"""States of a row of `ingest`."""
