"""`own_actions`: what a professional did, found under the own credential alone (R56).

The lines are those of `accountability`, which outlive the records that they are about. Of what was refused a
line says that it was, and neither why nor whose record: there, no right and no such record read alike. Nor
does one of the doors name a record: whoever opens somebody's account may have no right to find theirs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from audit.events import Entry, line_hash
from keyvault.context import Vault
from keyvault.crypto.envelope import KeyvaultError
from keyvault.log.accountability import open_own, own_tokens
from keyvault.log.lines_of_actors import Period, Written, newest_first
from keyvault.store import Row, VaultTransaction
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.caller import caller
from keyvault.verbs.preamble import Preamble
from keyvault.verbs.reader.lists.filling import LARGEST_PAGE
from records.policy import Deny, Facts, RecordFacts, decide
from records.vocabulary.codes import Action, Outcome, PurposeOfUse, ReasonCode, RecordState

_NO_RECORD = Facts(RecordFacts(RecordState.ACTIVE, None))


@dataclass(frozen=True, slots=True)
class OwnAction:
    """One thing that the caller did. `at` in ms; `record` and `decision` are None where it was refused."""

    at: int
    leaf: bytes
    action: str
    outcome: Outcome
    purpose: PurposeOfUse
    structure: str | None
    record: UUID | None
    decision: ReasonCode | None
    object: str | None


@dataclass(frozen=True, slots=True)
class OwnActions:
    """A page, newest first, of whom the credential names; `following` asks for the next, None at the end."""

    actor: dict[str, str] = field(repr=False)
    actions: tuple[OwnAction, ...] = field(repr=False)
    following: Written | None


class OwnActionsVerbs:
    """For the reader process."""

    _vault: Vault

    def own_actions(
        self,
        call: Call,
        *,
        before: Written | None = None,
        limit: int = 100,
        since: int | None = None,
        until: int | None = None,
    ) -> OwnActions | Denied:
        """What the caller did, wherever and by whichever door; the question is one of the lines.

        `since` (included) and `until` (not included) are unix seconds. CoffreError "own_line_altered".
        """
        vault = self._vault
        actor = caller(vault, call, "own_actions")
        preamble = Preamble.of(call, actor, Action.READ_OWN_LOG)
        with vault.transaction() as transaction:
            over = preamble.over_quota(transaction)
            decision = decide(preamble.request(transaction.now), _NO_RECORD)
            if over:
                decision = Deny(ReasonCode.QUOTA_EXCEEDED)
            if isinstance(decision, Deny):
                return preamble.refuse(transaction, vault.system_chain, decision.reason)
            transaction.append(vault.system_chain, preamble.event(Outcome.PERMIT, decision.reason))
        limit = max(1, min(limit, LARGEST_PAGE))
        with vault.store.reading() as tx:
            tokens = own_tokens(vault.keyring, actor, vault.settings.issuer)
            rows = newest_first(tx, tokens, Period.of(since, until), before, limit + 1)
            actions = _opened(vault, tx, rows[:limit])
        following = (rows[limit - 1]["at"], rows[limit - 1]["leaf_hash"]) if len(rows) > limit else None
        return OwnActions(actor.display(), tuple(actions), following)


def _opened(vault: Vault, tx: VaultTransaction, rows: Sequence[Row]) -> list[OwnAction]:
    leaves = [row["leaf_hash"] for row in rows]
    if not leaves:
        return []
    entries = {row["leaf_hash"]: row["entry"] for row in tx.find("entry", leaf_hash__in=leaves)}
    places = {row["leaf_hash"]: row for row in tx.find("event", leaf_hash__in=leaves)}
    return [_action(vault, row, entries.get(row["leaf_hash"]), places.get(row["leaf_hash"])) for row in rows]


def _action(vault: Vault, row: Row, entry: bytes | None, place: Row | None) -> OwnAction:
    """The line beside its entry, which binds it. What was refused keeps its reason and its record hidden."""
    if entry is None or place is None:
        raise _altered()
    said = Entry.from_bytes(entry)
    if said.line_hash != line_hash(row["own"], row["officer"]):
        raise _altered()
    where = (place["chain_id"], place["chain"], place["seq"])
    try:
        line = open_own(vault.keyring, where, row["actor"], row["own"])
    except KeyvaultError:
        raise _altered() from None
    shown = said.outcome is Outcome.PERMIT
    named = shown and said.action is not Action.SIGN_IN
    return OwnAction(
        at=said.time,
        leaf=row["leaf_hash"],
        action=said.action.value,
        outcome=said.outcome,
        purpose=said.purpose or PurposeOfUse.NORMAL,
        structure=line["structure"],
        record=UUID(line["public_id"]) if named and line["public_id"] else None,
        decision=said.reason if shown else None,
        object=said.object if shown else None,
    )


def _altered() -> KeyvaultError:
    return KeyvaultError(
        "A line of your own actions is not the one that was written: tell the hosting team, who run "
        "`coffre audit verify`.",
        code="own_line_altered",
    )
