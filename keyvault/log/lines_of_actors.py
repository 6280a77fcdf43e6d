"""The lines of accountability of some actors, by the page: newest first for the actor, for the audit officer
in the order of time. Lines of one transaction have one instant; their leaf hashes order them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from keyvault.store import Row, VaultTransaction

Written = tuple[int, bytes]
"""When a line was written, in ms, and its leaf hash: where a page ends."""

_NEWEST, _OLDEST = ("-at", "-leaf_hash"), ("at", "leaf_hash")


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
    if before is None:
        return _lines(tx, tokens, _NEWEST, limit, _within(period))
    at, leaf = before
    rest = Period(period.since, at if period.until is None else min(at, period.until))
    rows = _lines(tx, tokens, _NEWEST, limit, {"at": at, "leaf_hash__lt": leaf}) if period.has(at) else []
    return rows + _lines(tx, tokens, _NEWEST, limit - len(rows), _within(rest))


def oldest_first(
    tx: VaultTransaction, tokens: Sequence[bytes], period: Period, after: Written | None, limit: int
) -> list[Row]:
    """The same in the order of time, from `after` on."""
    if after is None:
        return _lines(tx, tokens, _OLDEST, limit, _within(period))
    at, leaf = after
    rest = Period(at + 1 if period.since is None else max(at + 1, period.since), period.until)
    rows = _lines(tx, tokens, _OLDEST, limit, {"at": at, "leaf_hash__gt": leaf}) if period.has(at) else []
    return rows + _lines(tx, tokens, _OLDEST, limit - len(rows), _within(rest))


def _lines(
    tx: VaultTransaction, tokens: Sequence[bytes], order: Sequence[str], limit: int, where: dict[str, object]
) -> list[Row]:
    if limit <= 0:
        return []
    return tx.find("accountability", order=order, limit=limit, actor__in=list(tokens), **where)


def _within(period: Period) -> dict[str, object]:
    ends = {"at__ge": period.since, "at__lt": period.until}
    return {name: value for name, value in ends.items() if value is not None}
