"""`changed_states`: which documents were archived or deleted of late, read from the log.

The index has a copy of each state, which the reader writes once the vault has decided (ADR 32). What a kill
left between the two is found here, since the decision and its entry are one transaction.
"""

from dataclasses import dataclass
from uuid import UUID

from audit.events import Entry
from keyvault.context import Vault
from keyvault.store import VaultTransaction
from records.vocabulary.codes import Action, Outcome

AT_ONCE = 1_000
LOOKED_BACK = 100_000
"""Entries before the newest at which a housekeeper begins: more than are written while one is down."""
SETTLED_MS = 10_000
"""Who asked has written the copy by then, and a later change comes later in the log."""
_CHANGE_STATES = frozenset({Action.ARCHIVE, Action.UNARCHIVE, Action.DELETE})


@dataclass(frozen=True, slots=True)
class ChangedStates:
    """The present states of the documents that some entries are about. `following` is the position to go on
    from, `is_last`: nothing waits behind it for now.
    """

    states: tuple[tuple[UUID, str], ...]
    following: int
    is_last: bool


class ChangedStatesVerbs:
    """Part of the housekeeper's door."""

    _vault: Vault

    def changed_states(self, begin: int | None = None) -> ChangedStates:
        """What the entries from position `begin` on changed; None: those of late. Repeatable."""
        with self._vault.store.reading() as tx:
            begin = _of_late(tx) if begin is None else begin
            entries = _settled(tx, begin, self._vault.now_ms() - SETTLED_MS)
            named = [UUID(each.object) for each in entries if _changes_a_state(each) and each.object]
            rows = tx.find("document", document_id__in=sorted({*named})) if named else []
        states = tuple((row["document_id"], row["state"]) for row in rows)
        return ChangedStates(states, begin + len(entries), len(entries) < AT_ONCE)


def _of_late(tx: VaultTransaction) -> int:
    newest = tx.find("leaf", order="-position", limit=1)
    return max(0, newest[0]["position"] + 1 - LOOKED_BACK) if newest else 0


def _settled(tx: VaultTransaction, begin: int, until_ms: int) -> list[Entry]:
    """Entries in their order, up to the first that is younger."""
    leaves = tx.find("leaf", order="position", limit=AT_ONCE, position__ge=begin)
    if not leaves:
        return []
    rows = tx.find("entry", leaf_hash__in=[row["leaf_hash"] for row in leaves])
    found = {row["leaf_hash"]: row["entry"] for row in rows}
    settled: list[Entry] = []
    for leaf in leaves:
        entry = Entry.from_bytes(found[leaf["leaf_hash"]])
        if entry.time > until_ms:
            break
        settled.append(entry)
    return settled


def _changes_a_state(entry: Entry) -> bool:
    return entry.action in _CHANGE_STATES and entry.outcome is Outcome.PERMIT
