"""A document hidden from the patient until a date, as the vault keeps it; no deposit can say so yet."""

from dataclasses import replace
from uuid import UUID

from keyvault.cards import open_facts, seal_facts
from keyvault.context import Vault
from records.vocabulary.codes import Label


def hide_from_patient(vault: Vault, document_id: UUID, until: int | None) -> None:
    """Label the document INVISIBLE_PATIENT, ending by itself at `until` (unix seconds)."""
    with vault.change() as change:
        row = change.tx.get("document", document_id=document_id)
        assert row is not None
        card = vault.open(change.tx, change.tx.get("record", record_id=row["record_id"])).card
        facts = open_facts(card, [row])[document_id]
        hidden = replace(
            facts, labels=facts.labels | {Label.INVISIBLE_PATIENT}, visible_to_patient_from=until
        )
        change.tx.update(
            "document", seal_facts(card, hidden, row["facts_version"] + 1), document_id=document_id
        )
