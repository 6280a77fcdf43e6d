"""A document hidden from the patient until a date, as the vault keeps it; no deposit can say so yet."""

from dataclasses import replace
from uuid import UUID

from keyvault.context import Vault
from keyvault.keys.cards import open_facts, seal_facts
from keyvault.log.appending import Event
from records.vocabulary.codes import Action, Label, Outcome, PurposeOfUse, ReasonCode


def hide_from_patient(vault: Vault, document_id: UUID, until: int | None) -> None:
    """Label the document INVISIBLE_PATIENT, ending by itself at `until` (unix seconds)."""
    with vault.transaction() as transaction:
        row = transaction.rows.get("document", document_id=document_id)
        assert row is not None
        record = vault.open(transaction.rows, transaction.rows.get("record", record_id=row["record_id"]))
        facts = open_facts(record.card, [row])[document_id]
        hidden = replace(
            facts, labels=facts.labels | {Label.INVISIBLE_PATIENT}, visible_to_patient_from=until
        )
        columns = seal_facts(record.card, hidden, row["facts_version"] + 1)
        named = {"document_id": document_id, "record_id": row["record_id"]}
        transaction.rows.update("document", columns, **named)
        digest = columns["facts_digest"]
        assert isinstance(digest, bytes)
        told = Event(
            action=Action.LABEL,
            outcome=Outcome.PERMIT,
            reason=ReasonCode.DEPOSIT,
            purpose=PurposeOfUse.NORMAL,
            actor=None,
            record=record.row["public_id"],
            object_id=str(document_id),
            details={"facts_version": columns["facts_version"], "facts_digest": digest.hex()},
        )
        transaction.append(record.chain, told)
