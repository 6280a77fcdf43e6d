"""The lines of accountability of some actors, by the page: newest first for the actor, for the audit officer
in the order of time. Lines of one transaction have one instant; their leaf hashes order them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from keyvault.store import Row, VaultTransaction

Written = tuple[int, bytes]
"""When a line was written, in ms, and its leaf hash: where a page ends."""


@dataclass(frozen=True, slots=True)
class Period:
    """From `since` to before `until`, in ms; None leaves open."""

    since: int | None = None
    until: int | None = None

    @classmethod
    def of(cls, since: int | None, until: int | None) -> Self:
        """The same, of unix seconds."""
        return cls(*(None if each is None else each * 1000 for each in (since, until)))

    def has(self, at: int) -> bool:
        return (self.since is None or at >= self.since) and (self.until is None or at < self.until)


def newest_first(
    tx: VaultTransaction, tokens: Sequence[bytes], period: Period, before: Written | None, limit: int
) -> list[Row]:
    """At most `limit` lines kept under these tokens (`own_tokens`), that stand before `before`."""
    order = ("-at", "-leaf_hash")
    whose: dict[str, object] = {"actor__in": list(tokens)}
    rows: list[Row] = []
    until = period.until
    if before is not None:
        at, leaf = before
        if period.has(at):
            rows = tx.find("accountability", order=order, limit=limit, **whose, at=at, leaf_hash__lt=leaf)
        until = at if until is None else min(at, until)
    if len(rows) < limit:
        more = _within(Period(period.since, until))
        rows += tx.find("accountability", order=order, limit=limit - len(rows), **whose, **more)
    return rows


def oldest_first(
    tx: VaultTransaction, tokens: Sequence[bytes], period: Period, after: Written | None, limit: int
) -> list[Row]:
    """The same in the order of time, from `after` on."""
    order = ("at", "leaf_hash")
    whose: dict[str, object] = {"actor__in": list(tokens)}
    rows: list[Row] = []
    since = period.since
    if after is not None:
        at, leaf = after
        if period.has(at):
            rows = tx.find("accountability", order=order, limit=limit, **whose, at=at, leaf_hash__gt=leaf)
        since = at + 1 if since is None else max(at + 1, since)
    if len(rows) < limit:
        more = _within(Period(since, period.until))
        rows += tx.find("accountability", order=order, limit=limit - len(rows), **whose, **more)
    return rows


def _within(period: Period) -> dict[str, object]:
    ends = {"at__ge": period.since, "at__lt": period.until}
    return {name: value for name, value in ends.items() if value is not None}
