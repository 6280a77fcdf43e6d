"""A document's facts in their place: the next version sealed, and what its event says of it."""

from typing import Any

from keyvault.keys.cards import OpenedCard, changed_meanwhile, seal_facts
from keyvault.store import Row, VaultTransaction
from records.documents.facts import DocumentFacts


def keep_facts(tx: VaultTransaction, opened: OpenedCard, row: Row, facts: DocumentFacts) -> dict[str, Any]:
    """Seal the version after that of `row`, a row of `document`, and bring its copied state along.

    Answers the event's details: version and digest. Raises `CoffreError` "card_changed" where the row isn't
    the newest any more.
    """
    columns = seal_facts(opened, facts, row["facts_version"] + 1)
    present = {name: row[name] for name in ("document_id", "record_id", "facts_version")}
    if tx.update("document", {**columns, "state": facts.state.value}, **present) != 1:
        raise changed_meanwhile()
    digest = columns["facts_digest"]
    assert isinstance(digest, bytes)
    return {"facts_version": columns["facts_version"], "facts_digest": digest.hex()}


def keep_labels(tx: VaultTransaction, opened: OpenedCard, row: Row, facts: DocumentFacts) -> dict[str, Any]:
    """The same, where the event tells the labels, too."""
    labels = ",".join(sorted(label.value for label in facts.labels))
    return {"labels": labels, **keep_facts(tx, opened, row, facts)}
