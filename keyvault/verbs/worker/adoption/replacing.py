"""A deposit that replaces a version of an entry of own information (docs/adr/0029-own-information.md)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from keyvault.keys.cards import open_facts
from keyvault.keys.document_facts import keep_facts
from keyvault.keys.summaries import open_summaries
from keyvault.opened_records import OpenedRecord
from keyvault.store import Row
from keyvault.transaction import Transaction
from records.documents.facts import DocumentFacts
from records.profile.replacing import Replaced, may_succeed, succeeded


def replaced_in(headers: Mapping[str, Any]) -> Replaced | None:
    """What the envelope says is replaced. Raises `Invalid` "bad_shape"."""
    entry = headers.get("entry")
    return Replaced.of_json(entry.get("replaced")) if isinstance(entry, dict) else None


@dataclass(frozen=True, slots=True)
class Former:
    """The version that is replaced, under the lock of its record."""

    row: Row
    facts: DocumentFacts

    def retire(self, transaction: Transaction, record: OpenedRecord) -> dict[str, Any]:
        """It is history from now on. Answers the details of its event."""
        return keep_facts(transaction.rows, record.card, self.row, succeeded(self.facts))


def former_of(
    transaction: Transaction, record: OpenedRecord, named: Replaced, new: DocumentFacts
) -> Former | None:
    """The version that `new` may replace; None where it isn't there, isn't the newest, or isn't one's own."""
    row = transaction.rows.get("document", document_id=named.version)
    if row is None or row["record_id"] != record.key.record_id:
        return None
    facts = open_facts(record.card, [row])[named.version]
    if not may_succeed(facts, new):
        return None
    summary = open_summaries(transaction.rows, record.card, [row]).get(named.version)
    entry = summary.file.entry if summary and summary.file else None
    if entry is None or named.entry != (entry.entry or named.version):
        return None
    return Former(row, facts)
