"""`choose`: the documents and kinds of documents that one professional is shown, in place of earlier ones.

Copies of one content are shown together. What belongs to the same study, such as a report and its images,
goes with what was named (R40), or is told to the holder, who asked to decide about it apart.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from keyvault.context import Vault
from keyvault.keys.cards import open_facts
from keyvault.keys.choices import authorisation_row, keep_authorisations, open_authorisation
from keyvault.keys.document_facts import keep_facts
from keyvault.store import Row
from keyvault.transaction import Transaction
from keyvault.verbs.attempt import Attempt, attempt, refuse
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.caller import caller
from keyvault.verbs.notice_outbox import queue_notice
from keyvault.verbs.reader.holder.authorising import kinds_json, settle_card
from keyvault.verbs.rows import facts_of, same_content
from records import policy
from records.choices.authorisations import Authorisation, DocumentKind, Ground
from records.choices.authorising import choose, narrows
from records.documents.facts import DocumentFacts
from records.errors import NotFound
from records.notices import NOTICE_OF_CHANGE
from records.vocabulary.codes import Action, ReasonCode, RecordState


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a professional is shown: documents that the holder sees, and kinds. `linked` are those that belong
    to the same studies and were left out.
    """

    professional: str
    documents: tuple[UUID, ...]
    kinds: frozenset[DocumentKind]
    linked: tuple[UUID, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "professional": self.professional,
            "scope": "chosen",
            "documents": [str(each) for each in self.documents],
            "kinds": kinds_json(self.kinds),
            "linked": [str(each) for each in self.linked],
        }


@dataclass(frozen=True, slots=True)
class _Documents:
    """Every document of the record: rows, facts, and which of them the holder sees."""

    rows: Mapping[UUID, Row]
    facts: Mapping[UUID, DocumentFacts]
    seen: frozenset[UUID]

    def copies(self, named: Collection[UUID]) -> set[UUID]:
        """The named documents and every copy of them, hidden ones too: what is the same is shown alike."""
        contents = {(row["kind"], same_content(row)) for row in self._rows(named)} - {
            ("study", None),
            ("document", None),
        }
        return {*named} | {
            each for each, row in self.rows.items() if (row["kind"], same_content(row)) in contents
        }

    def of_studies(self, named: Collection[UUID]) -> set[UUID]:
        """What else belongs to the studies of the named documents, as far as the holder sees it."""
        studies = {row["study_token"] for row in self._rows(named)} - {None}
        return {each for each in self.seen if self.rows[each]["study_token"] in studies} - {*named}

    def _rows(self, named: Collection[UUID]) -> list[Row]:
        return [self.rows[each] for each in named]


class ChoosingVerbs:
    """For the reader process on behalf of the holder."""

    _vault: Vault

    def choose(
        self,
        call: Call,
        record_id: UUID,
        professional: str,
        documents: Sequence[UUID],
        kinds: Sequence[DocumentKind],
        with_linked: bool = True,
    ) -> Chosen | Denied:
        """Show this professional these documents and kinds, and nothing else from the next call on.

        Raises `NotFound` "no_such_authorisation", or "no_such_document" for one that the holder does not see;
        `Invalid` "bad_kind".
        """
        actor = caller(
            self._vault,
            call,
            "choose",
            record_id=record_id,
            professional=professional,
            documents=documents,
            kinds=[(each.class_code, each.practice_setting) for each in kinds],
            with_linked=with_linked,
        )
        with self._vault.transaction() as transaction:
            found = attempt(self._vault, transaction, call, actor, Action.CHOOSE, record_id=record_id)
            if isinstance(found, Denied):
                return found
            every = _documents(transaction, found)
            unseen = next((each for each in documents if each not in every.seen), None)
            if unseen is None:
                return self._choose(transaction, found, professional, {*documents}, kinds, every, with_linked)
            refused = refuse(
                self._vault,
                transaction,
                call,
                actor,
                Action.CHOOSE,
                found.record,
                ReasonCode.NO_SUCH_DOCUMENT,
                str(unseen),
            )
            if refused.is_of_quota:
                return refused
        raise NotFound("There is no such document in this record.", code="no_such_document")

    def _choose(
        self,
        transaction: Transaction,
        found: Attempt,
        professional: str,
        named: set[UUID],
        kinds: Sequence[DocumentKind],
        every: _Documents,
        with_linked: bool,
    ) -> Chosen | Denied:
        settle_card(transaction, found)
        row, present, own = _present(transaction, found, professional)
        linked = every.of_studies(named)
        shown = every.copies(named | linked if with_linked else named)
        newly = {each for each in shown if own.circle not in every.facts[each].shown_to}
        suspended = found.record.facts.state is not RecordState.ACTIVE
        if suspended and not narrows(own, kinds, newly):
            why, action = ReasonCode.RECORD_SUSPENDED, Action.CHOOSE
            return refuse(self._vault, transaction, found.call, found.actor, action, found.record, why)
        ground = _narrow(transaction, found, row, present, kinds)
        for document_id, facts in every.facts.items():
            if (ground.circle in facts.shown_to) != (document_id in shown):
                _show(
                    transaction,
                    found,
                    every.rows[document_id],
                    ground.circle,
                    professional,
                    document_id in shown,
                )
        return Chosen(
            professional,
            tuple(sorted(shown & every.seen)),
            ground.kinds,
            tuple(sorted(linked - shown)),
        )


def _documents(transaction: Transaction, found: Attempt) -> _Documents:
    """One statement, whatever is named; what a hidden document costs, an absent one costs."""
    rows = transaction.rows.find("document", record_id=found.record.row["record_id"])
    facts = facts_of(found.record.card, rows)
    seen = policy.visible(found.request, found.facts, facts.values())
    return _Documents(
        {row["document_id"]: row for row in rows}, facts, frozenset(each.document_id for each in seen)
    )


def _present(
    transaction: Transaction, found: Attempt, professional: str
) -> tuple[Row, Authorisation, Ground]:
    """What a professional has, with the ground of its own."""
    card = found.record.card
    row = authorisation_row(transaction.rows, card, professional)
    present = open_authorisation(card, row) if row is not None else None
    own = present.own if present is not None else None
    if row is None or present is None or own is None or own.ended is not None:
        raise NotFound("This professional has no authorisation of its own.", code="no_such_authorisation")
    return row, present, own


def _narrow(
    transaction: Transaction,
    found: Attempt,
    row: Row,
    present: Authorisation,
    kinds: Sequence[DocumentKind],
) -> Ground:
    """The professional's own ground, which now shows chosen documents alone, with its event."""
    tx, card = transaction.rows, found.record.card
    changed = choose(present, kinds)
    (kept,) = keep_authorisations(tx, card, [changed], [row])
    queue_notice(transaction, card, kind=NOTICE_OF_CHANGE[Action.CHOOSE])
    details = {"professional": present.professional, "scope": "chosen", **kept.told("authorisation")}
    transaction.append(found.record.chain, found.event(details=details))
    assert changed.own is not None
    return changed.own


def _show(
    transaction: Transaction, found: Attempt, row: Row, circle: UUID, professional: str, is_shown: bool
) -> None:
    """Seal one document's facts with the circle or without it, with the event that names them."""
    card, document_id = found.record.card, row["document_id"]
    facts = open_facts(card, [row])[document_id]
    shown_to = facts.shown_to | {circle} if is_shown else facts.shown_to - {circle}
    if shown_to == facts.shown_to:
        return
    told = keep_facts(transaction.rows, card, row, replace(facts, shown_to=shown_to))
    details = {"professional": professional, "shown": is_shown, **told}
    transaction.append(found.record.chain, found.event(object_id=str(document_id), details=details))
