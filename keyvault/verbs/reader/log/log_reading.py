"""The selection of lines of a record's access log, and the way they are found.

Lines are sealed, so a filter is applied after opening: newest first, from `before` on, until the page is
full, the chain ends, or so many lines were looked at that the caller had better ask again.
"""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from audit.audit_event import access_line
from audit.canonical import canonical
from audit.events import EventPayload
from keyvault.log.appending import ORDINARY, Chain
from keyvault.store import Row, VaultTransaction
from records.vocabulary.codes import Action, Outcome, PurposeOfUse

MOST_LOOKED_AT = 5_000  # lines a call
MOST_PASSED = 1_000  # links of lines that do not fit
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


@dataclass(frozen=True, slots=True)
class ChainLink:
    """One place of a record's chain: number, leaf hash, and the leaf hash that it names as the one before."""

    seq: int
    leaf: bytes
    prev: bytes


@dataclass(frozen=True, slots=True)
class LineEvidence:
    """What proves a line: its entry as it stands in the tree, and the event that the entry binds.

    `entry` and `event` are canonical JSON; `entry` is empty where the store has lost it.
    """

    seq: int
    prev: bytes
    salt: bytes = field(repr=False)
    event: str = field(repr=False)
    entry: str


@dataclass(frozen=True, slots=True)
class OpenedLine:
    """A line with the payload that it was read from."""

    seq: int
    leaf: bytes
    line: dict[str, Any] = field(repr=False)
    payload: EventPayload = field(repr=False)

    @property
    def link(self) -> ChainLink:
        return ChainLink(self.seq, self.leaf, self.payload.prev)


@dataclass(frozen=True, slots=True)
class FoundLines:
    """Lines that fit, those that were passed over on the way (the newest of them), and where to go on, if
    there may be more.
    """

    lines: tuple[OpenedLine, ...]
    passed: tuple[OpenedLine, ...]
    next_before: int | None


def who(line: Mapping[str, Any]) -> tuple[str, str]:
    """The person or structure that did what a line says: role, then the most telling number."""
    actor = line["actor"]
    return actor["role"], actor.get("rpps") or actor.get("structure") or ""


def find_lines(
    tx: VaultTransaction,
    chain: Chain,
    wanted: LogFilter,
    before: int | None,
    limit: int,
    withheld: Container[str] = (),
) -> FoundLines:
    """At most `limit` lines older than `before`, newest first; none about an object that is `withheld`."""
    person = None
    if wanted.actor_of is not None:
        row = tx.get("event", chain_id=chain.chain_id, chain=ORDINARY, seq=wanted.actor_of)
        if row is None:
            return FoundLines((), (), None)
        person = who(_opened(chain, row).line)
    found: list[OpenedLine] = []
    passed: list[OpenedLine] = []
    oldest = before
    few = wanted == EVERY_LINE and not withheld
    for each in _newest_first(tx, chain, before, limit + 1 if few else _AT_ONCE):
        if wanted.ends_before(each.line):
            return FoundLines(tuple(found), tuple(passed), None)
        told = each.line.get("object") not in withheld
        if told and wanted.fits(each.line) and person in (None, who(each.line)):
            if len(found) == limit:
                return FoundLines(tuple(found), tuple(passed), found[-1].seq)
            found.append(each)
        elif len(passed) < MOST_PASSED:
            passed.append(each)
        oldest = each.seq
    return FoundLines(tuple(found), tuple(passed), oldest if oldest is not None and oldest > 1 else None)


def evidence(tx: VaultTransaction, found: FoundLines) -> tuple[LineEvidence, ...]:
    """What a reader of these lines needs to check them, in their order."""
    leaves = [each.leaf for each in found.lines]
    rows = tx.find("entry", leaf_hash__in=leaves) if leaves else []
    entries = {row["leaf_hash"]: row["entry"].decode() for row in rows}
    return tuple(
        LineEvidence(
            seq=each.seq,
            prev=each.payload.prev,
            salt=each.payload.salt,
            event=canonical(dict(each.payload.event)).decode(),
            entry=entries.get(each.leaf, ""),
        )
        for each in found.lines
    )


def _newest_first(
    tx: VaultTransaction, chain: Chain, before: int | None, at_once: int
) -> Iterator[OpenedLine]:
    looked_at = 0
    while looked_at < MOST_LOOKED_AT:
        older = {} if before is None else {"seq__lt": before}
        rows = tx.find("event", order="-seq", limit=at_once, chain_id=chain.chain_id, chain=ORDINARY, **older)
        yield from (_opened(chain, row) for row in rows)
        if len(rows) < at_once:
            return
        looked_at += len(rows)
        before = rows[-1]["seq"]


def _opened(chain: Chain, row: Row) -> OpenedLine:
    payload, leaf = chain.open_event(row), row["leaf_hash"]
    line = {**access_line(payload.event), "seq": row["seq"], "leaf": leaf.hex()}
    return OpenedLine(row["seq"], leaf, line, payload)


def _seconds(line: Mapping[str, Any]) -> float:
    return datetime.fromisoformat(line["time"]).timestamp()
