"""The selection of lines of a record's access log, and the way they are found.

Lines are sealed, so a filter is applied after opening: newest first, from `before` on, until the page is
full, the chain ends, or so many lines were looked at that the caller had better ask again.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from audit.audit_event import access_line
from keyvault.log.appending import ORDINARY, Chain
from keyvault.store import Row, VaultTransaction
from records.vocabulary.codes import Action, Outcome, PurposeOfUse

MOST_LOOKED_AT = 5_000  # lines a call
_AT_ONCE = 500
_CLOCKS_APART_S = 3600  # neighbours in a chain may be dated by two processes


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFilter:
    """Every member that is given must fit. `since` (included) and `until` (not included) are unix seconds.

    `actor_of` is the number of a line in the record's log: lines of whoever did that one.
    """

    actions: tuple[Action, ...] = ()
    purposes: tuple[PurposeOfUse, ...] = ()
    roles: tuple[str, ...] = ()
    outcome: Outcome | None = None
    actor_of: int | None = None
    since: int | None = None
    until: int | None = None

    def fits(self, line: Mapping[str, Any]) -> bool:
        """Whether a line fits, whoever did it."""
        at = _seconds(line)
        return (
            (not self.actions or line["action"] in self.actions)
            and (not self.purposes or line["purpose"] in self.purposes)
            and (not self.roles or line["actor"]["role"] in self.roles)
            and (self.outcome is None or line["outcome"] == self.outcome)
            and (self.since is None or at >= self.since)
            and (self.until is None or at < self.until)
        )

    def ends_before(self, line: Mapping[str, Any]) -> bool:
        """Whether neither this line nor an older one can fit."""
        return self.since is not None and _seconds(line) < self.since - _CLOCKS_APART_S


EVERY_LINE = LogFilter()


def who(line: Mapping[str, Any]) -> tuple[str, str]:
    """The person or structure that did what a line says: role, then the most telling number."""
    actor = line["actor"]
    return actor["role"], actor.get("rpps") or actor.get("structure") or ""


def find_lines(
    tx: VaultTransaction, chain: Chain, wanted: LogFilter, before: int | None, limit: int
) -> tuple[tuple[dict[str, Any], ...], int | None]:
    """At most `limit` lines older than `before`, newest first; and where to go on, if there may be more."""
    person = None
    if wanted.actor_of is not None:
        row = tx.get("event", chain_id=chain.chain_id, chain=ORDINARY, seq=wanted.actor_of)
        if row is None:
            return (), None
        person = who(_line(chain, row))
    found: list[dict[str, Any]] = []
    oldest = before
    for line in _newest_first(tx, chain, before, _AT_ONCE if wanted != EVERY_LINE else limit + 1):
        if wanted.ends_before(line):
            return tuple(found), None
        if wanted.fits(line) and person in (None, who(line)):
            if len(found) == limit:
                return tuple(found), found[-1]["seq"]
            found.append(line)
        oldest = line["seq"]
    return tuple(found), oldest if oldest is not None and oldest > 1 else None


def _newest_first(
    tx: VaultTransaction, chain: Chain, before: int | None, at_once: int
) -> Iterator[dict[str, Any]]:
    looked_at = 0
    while looked_at < MOST_LOOKED_AT:
        older = {} if before is None else {"seq__lt": before}
        rows = tx.find("event", order="-seq", limit=at_once, chain_id=chain.chain_id, chain=ORDINARY, **older)
        yield from (_line(chain, row) for row in rows)
        if len(rows) < at_once:
            return
        looked_at += len(rows)
        before = rows[-1]["seq"]


def _line(chain: Chain, row: Row) -> dict[str, Any]:
    return {**access_line(chain.open_event(row).event), "seq": row["seq"], "leaf": row["leaf_hash"].hex()}


def _seconds(line: Mapping[str, Any]) -> float:
    return datetime.fromisoformat(line["time"]).timestamp()
