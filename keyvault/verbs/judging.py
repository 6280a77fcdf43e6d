"""Judge the documents that a question names and their copies, and no other of the record.

A document that is hidden costs what one costs that is not there: the searches are the same, and at least
`LEAST_OPENED` sealed facts are opened, decoys where there are fewer. A study of more hidden documents and
copies than that takes longer by their openings.
"""

from collections.abc import Collection, Sequence
from functools import cache
from uuid import UUID

from keyvault.keys.cards import OpenedCard, open_facts, seal_facts
from keyvault.store import Row, VaultTransaction
from keyvault.verbs.attempt import Attempt
from keyvault.verbs.rows import NOBODYS, copies_of, facts_of
from records import policy
from records.documents.facts import DocumentFacts
from records.vocabulary.codes import DocumentState

LEAST_OPENED = 8
ONE_SEARCH = 300
"""Of more documents than this the whole record is read: their ids and tokens would fill a statement."""

_DECOY = OpenedCard(NOBODYS, 0, None, bytes(32))


def judged(
    tx: VaultTransaction, found: Attempt, named: Collection[UUID]
) -> dict[UUID, tuple[Row, DocumentFacts]]:
    """Those of the named documents that this attempt may see; the record is judged once."""
    documents, every = _with_copies(tx, found.record.row["record_id"], named)
    opened = facts_with_decoys(found.record.card, every)
    facts = [opened[row["document_id"]] for row in documents]
    rows = {row["document_id"]: row for row in documents}
    seen = policy.visible(found.request, found.facts, facts)
    return {each.document_id: (rows[each.document_id], each) for each in seen}


def facts_with_decoys(card: OpenedCard, documents: Sequence[Row]) -> dict[UUID, DocumentFacts]:
    """Like `facts_of`; as many are opened for few documents, or none, as for `LEAST_OPENED`."""
    facts = facts_of(card, documents)
    open_facts(_DECOY, [_sealed()] * (LEAST_OPENED - len(documents)))
    return facts


def _with_copies(
    tx: VaultTransaction, record_id: UUID, named: Collection[UUID]
) -> tuple[list[Row], list[Row]]:
    """The rows of the named documents of the record; and these with every copy of them."""
    if len(named) > ONE_SEARCH:
        every = tx.find("document", record_id=record_id)
        return [row for row in every if row["document_id"] in named], every
    documents = tx.find("document", record_id=record_id, document_id__in=sorted(named) or [NOBODYS])
    return documents, copies_of(tx, record_id, documents)


@cache
def _sealed() -> Row:
    """The columns of a document of the decoy: sealed once, opened each time."""
    facts = DocumentFacts(NOBODYS, "study", "-", "-", "", frozenset(), DocumentState.APPROVED)
    return {"document_id": NOBODYS, **seal_facts(_DECOY, facts, 1)}
