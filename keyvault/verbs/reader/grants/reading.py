"""The reader's verbs that disclose no content: resolve, find, documents, events, tokens."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from keyvault.context import Vault
from keyvault.crypto.search_tokens import TokenField
from keyvault.keys.clocks import documents_on_clocks
from keyvault.store import VaultTransaction
from keyvault.transaction import Transaction
from keyvault.verbs.attempt import Attempt, attempt
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.caller import caller
from keyvault.verbs.judging import judged
from keyvault.verbs.reader.holder.changing import CARD_CHANGES
from keyvault.verbs.reader.holder.choices import concerning, is_holder, with_authorisations
from keyvault.verbs.reader.holder.notices import OwnNotice, unread
from keyvault.verbs.reader.lists.filling import LARGEST_PAGE
from keyvault.verbs.reader.lists.snapshot import Question, carry_out
from keyvault.verbs.reader.log.log_reading import (
    EVERY_LINE,
    ChainLink,
    LineEvidence,
    LogFilter,
    evidence,
    find_lines,
)
from keyvault.verbs.rows import SealedRow, SeenDocument, genuine, open_rows
from records.people.identity import INS, Traits
from records.policy import warnings
from records.rules.request import CONTACTS, OF_A_TEAM
from records.vocabulary.codes import Action, Obligation, Role

_SEARCHABLE = frozenset({TokenField.STUDY, TokenField.SERIES, TokenField.SOP, TokenField.ACCESSION})
# anybody may deposit, an operator may open, a professional record a consent: resolving for those would tell
# which records exist
_RESOLVABLE = CARD_CHANGES | {
    Action.SEARCH,
    Action.RETRIEVE,
    Action.READ_LOG,
    Action.ANNOUNCE,
    Action.LABEL,
    Action.CHOOSE,
    Action.FORM_TEAM,
    *OF_A_TEAM,
    Action.REFUSE,
    Action.ADMIT,
    Action.ACKNOWLEDGE,
    Action.READ_NOTICES,
    *CONTACTS,
}


@dataclass(frozen=True, slots=True)
class ResolvedRecord:
    """A record the actor may ask about. `record_id` is internal and stays between reader and vault."""

    record_id: UUID
    public_id: UUID
    state: str


@dataclass(frozen=True, slots=True)
class Whose:
    """The identity that an open record carries on every screen: traits and INS, as its card has them."""

    ins: INS = field(repr=False)
    traits: Traits = field(repr=False)


@dataclass(frozen=True, slots=True)
class Disclosed:
    """Those of the named documents of a record that an actor may see, and whose record it is.

    `obligations` holds those of the permit and of every document shown. For the holder alone: `choices`, the
    own card, and `notices`, what was not acknowledged yet. For a professional: `concerning`, the choices
    about himself.
    """

    public_id: UUID
    documents: tuple[SeenDocument, ...]
    obligations: frozenset[Obligation]
    whose: Whose = field(repr=False)
    choices: dict[str, Any] | None = field(repr=False)
    notices: tuple[OwnNotice, ...] = ()
    concerning: dict[str, Any] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class EventPage:
    """Lines of the access log of one record, newest first; `next_before` asks for the following page.

    Where it was asked for: `evidence` of each line, and `passed`, the links of lines that were not wanted.
    """

    public_id: UUID
    whose: Whose = field(repr=False)
    events: tuple[dict[str, Any], ...] = field(repr=False)
    next_before: int | None
    evidence: tuple[LineEvidence, ...] = ()
    passed: tuple[ChainLink, ...] = ()


class ReadingVerbs:
    """For the reader process. Every method may answer `Denied`, already logged."""

    _vault: Vault

    def resolve(self, call: Call, locator: str, action: Action = Action.SEARCH) -> ResolvedRecord | Denied:
        """The record that an INS or public id names, if the actor may do `action` on it.

        A permit is no event for whoever has a right of their own: nothing is disclosed before the verb that
        follows, which decides and logs. In an emergency it says that there is such a record: the first one
        has its line, window and notices. No answer to a caller stands on this alone.
        """
        if action not in _RESOLVABLE:
            raise ValueError("the reader resolves records for its own verbs only")
        actor = caller(self._vault, call, "resolve", locator=locator, action=action)
        with self._vault.transaction() as transaction:
            answer = attempt(self._vault, transaction, call, actor, action, locator=locator, discloses=False)
            if isinstance(answer, Denied):
                return answer
            row = answer.record.row
            return ResolvedRecord(row["record_id"], row["public_id"], row["state"])

    def find(self, call: Call, locator: str) -> ResolvedRecord | Denied:
        """The same for whoever asks for nothing more: that there is a record is an answer, and has its
        event.
        """
        actor = caller(self._vault, call, "find", locator=locator)
        with self._vault.transaction() as transaction:
            answer = attempt(self._vault, transaction, call, actor, Action.SEARCH, locator=locator)
            if isinstance(answer, Denied):
                return answer
            transaction.append(answer.record.chain, replace(answer.event(), action=Action.IDENTIFY))
            row = answer.record.row
            return ResolvedRecord(row["record_id"], row["public_id"], row["state"])

    def documents(self, call: Call, record_id: UUID, rows: Sequence[SealedRow]) -> Disclosed | Denied:
        """Open the details rows of named documents that the actor may see, and nothing else."""
        named = list(dict.fromkeys(row.document_id for row in rows))
        actor = caller(self._vault, call, "documents", record_id=record_id, documents=named)

        def opened(tx: VaultTransaction, found: Attempt) -> Disclosed:
            shown = opened_documents(tx, found, rows)
            return Disclosed(
                public_id=found.public_id,
                documents=tuple(shown),
                obligations=found.permit.obligations.union(*(each.obligations for each in shown)),
                whose=whose(found),
                choices=with_authorisations(tx, found),
                notices=unread(self._vault, tx, found.record.card) if is_holder(found) else (),
                concerning=concerning(found),
            )

        def told(transaction: Transaction, found: Attempt, answer: Disclosed) -> Disclosed:
            tell_listed(transaction, found, len(answer.documents), answer.obligations)
            return answer

        return carry_out(self._vault, Question(call, actor, Action.SEARCH, record_id), opened, told)

    def events(
        self,
        call: Call,
        record_id: UUID,
        *,
        before: int | None = None,
        limit: int = 100,
        wanted: LogFilter = EVERY_LINE,
        proven: bool = False,
    ) -> EventPage | Denied:
        """The record's access log, newest first, or those of its lines that are wanted (R56, R1111-43).

        `proven`: with what the lines can be checked by.
        """
        actor = caller(self._vault, call, "events", record_id=record_id)
        limit = max(1, min(limit, LARGEST_PAGE))
        with self._vault.transaction() as transaction:
            found = attempt(self._vault, transaction, call, actor, Action.READ_LOG, record_id=record_id)
            if isinstance(found, Denied):
                return found
            withheld = _unannounced(transaction.rows, found)
            lines = find_lines(transaction.rows, found.record.chain, wanted, before, limit, withheld)
            proof = evidence(transaction.rows, lines) if proven else ()
            transaction.append(found.record.chain, found.event())
        passed = tuple(each.link for each in lines.passed) if proven else ()
        events = tuple(each.line for each in lines.lines)
        return EventPage(found.public_id, whose(found), events, lines.next_before, proof, passed)

    def tokens(
        self, call: Call, record_id: UUID, values: Sequence[tuple[TokenField, str]]
    ) -> tuple[bytes, ...] | Denied:
        """Search tokens of UIDs and accession numbers, for an actor who may search this record."""
        actor = caller(self._vault, call, "tokens", record_id=record_id, values=values)
        with self._vault.transaction() as transaction:
            found = attempt(
                self._vault, transaction, call, actor, Action.SEARCH, record_id=record_id, discloses=False
            )
            if isinstance(found, Denied):
                return found
        return tuple(self._vault.token(_searchable(name), value) for name, value in values)


def _unannounced(tx: VaultTransaction, found: Attempt) -> frozenset[str]:
    """The documents whose lines the holder doesn't read before she sees them, and their submissions (R22)."""
    if found.actor.role is not Role.PATIENT:
        return frozenset()
    documents = documents_on_clocks(tx, found.record.card)
    rows = tx.find("document_row", document_id__in=sorted(documents)) if documents else []
    return frozenset(map(str, (*documents, *(row["submission_id"] for row in rows))))


def opened_documents(tx: VaultTransaction, found: Attempt, rows: Sequence[SealedRow]) -> list[SeenDocument]:
    """Open those of the rows that may be seen, newest document first."""
    seen = judged(tx, found, {row.document_id for row in rows})
    opened = open_rows(tx, found.record.key, genuine(tx, rows, seen))
    shown = [
        SeenDocument(
            document_id,
            found.public_id,
            facts,
            row["created_at"],
            opened[document_id],
            warnings(found.request, facts),
        )
        for document_id, (row, facts) in seen.items()
        if document_id in opened
    ]
    shown.sort(key=lambda document: (document.created_at, document.document_id), reverse=True)
    return shown


def tell_listed(
    transaction: Transaction, found: Attempt, count: int, obligations: Collection[Obligation] = ()
) -> None:
    """The line of a list, however many documents it shows; `obligations` are theirs."""
    transaction.append(found.record.chain, found.event(obligations=obligations, details={"documents": count}))


def _searchable(name: TokenField) -> TokenField:
    if name not in _SEARCHABLE:
        raise ValueError("the reader asks for tokens of UIDs and accession numbers only")
    return name


def whose(found: Attempt) -> Whose:
    card = found.record.card.card
    assert card is not None  # a record without a card is denied
    return Whose(card.ins, card.traits)
