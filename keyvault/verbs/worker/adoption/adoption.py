"""One permitted adoption: wraps, document rows, sealed details and the event, in one transaction."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from keyvault.context import Vault
from keyvault.crypto.envelope import KeyUse
from keyvault.crypto.sealed_json import seal_details
from keyvault.crypto.search_tokens import TokenField
from keyvault.keys.cards import open_facts
from keyvault.keys.clocks import legal_now, set_clock
from keyvault.keys.document_facts import keep_labels
from keyvault.keys.record_keys import new_object_key, open_object_key
from keyvault.keys.summaries import add_summaries
from keyvault.log.appending import Event
from keyvault.opened_records import OpenedRecord
from keyvault.store import Row, new_id
from keyvault.transaction import Transaction
from keyvault.verbs.worker.adoption.adopt_request import (
    Adopted,
    AdoptedDocument,
    AdoptRequest,
    Deposited,
    NewDocument,
    facts_of_new,
)
from keyvault.verbs.worker.adoption.adopted_blobs import keep_blobs
from keyvault.verbs.worker.adoption.deposit_notices import tell_of_deposit
from keyvault.verbs.worker.adoption.document_rows import digest_of, keep_rows, new_row, renew
from keyvault.verbs.worker.adoption.present_studies import PresentStudies, PresentStudy
from keyvault.verbs.worker.adoption.replacing import Former, former_of
from records.documents.announcing import Step
from records.documents.depositing_labels import labelled_too
from records.documents.details_json import to_json
from records.documents.facts import DocumentFacts
from records.documents.summaries import summary_of
from records.people.actors import Actor
from records.policy import AccessRequest, Deny, Facts, decide
from records.profile.replacing import Replaced, successor
from records.vocabulary.codes import Action, Label, PurposeOfUse, ReasonCode
from records.vocabulary.person_warnings import person_codes


@dataclass(frozen=True, slots=True)
class Adoption:
    """One permitted adoption, carried out in the transaction that decided it."""

    vault: Vault
    transaction: Transaction
    request: AdoptRequest
    record: OpenedRecord
    actor: Actor
    purpose: PurposeOfUse = PurposeOfUse.INGEST
    labels: frozenset[Label] = frozenset()
    replaced: Replaced | None = None

    def conflict(self) -> ReasonCode | None:
        """Why what this request names is not to be replaced (R36), or the labels cannot join those that a
        study of it has already (R24).
        """
        if self.replaced is not None and self._former() is None:
            return ReasonCode.NOT_NEWEST
        if not self.labels:
            return None
        request = AccessRequest(self.actor, Action.DEPOSIT, PurposeOfUse.INGEST, self.transaction.now)
        grown = (self._labelled(row) for row in self._grown())
        refused = (decide(request, Facts(self.record.facts, facts)) for facts in grown)
        return next((each.reason for each in refused if isinstance(each, Deny)), None)

    def carry_out(self, deks: dict[UUID, bytes]) -> Adopted:
        """Keep the blobs and documents, and log the deposit. `deks`: data keys by blob."""
        keep_blobs(self.transaction.rows, self.request, self.record.key, deks)
        grown = self._grown() if self.labels else []
        former = self._former()
        documents, facts = self._keep_documents(self._details_key(), former)
        self._log(documents)
        for row in grown:
            self._relabel(row)
        if former is not None:
            self._told(Action.REPLACE, former.row, former.retire(self.transaction, self.record))
        tell_of_deposit(self.transaction, self.record, self.actor, facts)
        self._begin_clocks(facts)
        return Adopted(self.record.row["record_id"], documents)

    def carry_out_in(self, document: Row, deks: dict[UUID, bytes]) -> Adopted:
        """Give a document that exists its newest row, of what a job made; the caller logs it."""
        (new,) = self.request.documents
        keep_blobs(self.transaction.rows, self.request, self.record.key, deks)
        document_id, version = document["document_id"], document["row_version"] + 1
        sealed = seal_details(self._details_key(), to_json(new.details), document_id, version)
        done = AdoptedDocument(document_id, version, sealed, document["study_token"])
        renew(self.transaction.rows, self.record, done)
        keep_rows(self.transaction.rows, self.request.submission_id, [(new, done)])
        return Adopted(self.record.row["record_id"], (done,))

    def _details_key(self) -> bytes:
        """One details key per submission and record (docs/formats.md section 2)."""
        key, submission = self.record.key, self.request.submission_id
        present = self.transaction.rows.get(
            "wrapped_key", record_id=key.record_id, use=int(KeyUse.DETAILS), object_id=submission, version=1
        )
        if present is not None:
            return open_object_key(self.transaction.rows, key, KeyUse.DETAILS, submission)
        return new_object_key(self.transaction.rows, key, KeyUse.DETAILS, submission)

    def _former(self) -> Former | None:
        """The version that the one document of this request replaces."""
        if self.replaced is None or len(self.request.documents) != 1:
            return None
        new = facts_of_new(self.request.documents[0], UUID(int=0), self._deposited)
        return former_of(self.transaction, self.record, self.replaced, new)

    def _keep_documents(
        self, details_key: bytes, former: Former | None = None
    ) -> tuple[tuple[AdoptedDocument, ...], list[DocumentFacts]]:
        """One statement per table, however many documents there are; one more per study that grows.

        Answers the facts of them too, as this deposit leaves them.
        """
        studies, by = self._studies(), self._deposited
        facts = {each.facts.document_id: each.facts for each in studies.values() if each.facts}
        kept, begun, summaries = [], {}, {}
        for new in self.request.documents:
            done = self._sealed(new, studies, details_key)
            kept.append((new, done))
            if done.row_version == 1:
                begins = facts_of_new(new, done.document_id, by)
                facts[done.document_id] = successor(former.facts, begins) if former else begins
                now_ms = self.transaction.now_ms
                begun[done.document_id] = new_row(self.record, new, facts[done.document_id], done, now_ms)
                summaries[done.document_id, 1] = summary_of([new.details])
            elif done.document_id in begun:
                begun[done.document_id] |= {"row_version": done.row_version, "row_digest": digest_of(done)}
            else:
                renew(self.transaction.rows, self.record, done)
        self.transaction.rows.insert("document", *begun.values())
        add_summaries(self.transaction.rows, self.record.card, summaries)
        keep_rows(self.transaction.rows, self.request.submission_id, kept)
        named = dict.fromkeys(done.document_id for _, done in kept)
        left = [labelled_too(facts[each], by.labels, by.now) for each in named]
        return tuple(_stated(done, facts[done.document_id]) for _, done in kept), left

    def _sealed(
        self, new: NewDocument, studies: dict[bytes, PresentStudy], details_key: bytes
    ) -> AdoptedDocument:
        """A new document, or the study that these images join, with its newest row sealed."""
        token = self.vault.token(TokenField.STUDY, new.study_uid) if new.study_uid else None
        present = studies.get(token, PresentStudy()) if token and new.kind == "study" else PresentStudy()
        document_id, version = present.document_id or new_id(), present.row_version + 1
        if token is not None and new.kind == "study" and self.record.exists:
            studies[token] = replace(present, document_id=document_id, row_version=version)
        sealed = seal_details(details_key, to_json(new.details), document_id, version)
        return AdoptedDocument(document_id, version, sealed, token, shared=present.others)

    @property
    def _deposited(self) -> Deposited:
        now, hides = self.transaction.now, Label.INVISIBLE_PATIENT in self.labels
        return Deposited(self.actor, self.labels, legal_now(self.transaction.rows, now) if hides else now)

    def _studies(self) -> dict[bytes, PresentStudy]:
        structure = self.actor.structure or ""
        return PresentStudies(self.vault, self.transaction.rows, self.record, structure).of(self.request)

    def _grown(self) -> list[Row]:
        """The documents of the record that this request adds images to."""
        ids = sorted(each.document_id for each in self._studies().values() if each.document_id)
        return self.transaction.rows.find("document", document_id__in=ids) if ids else []

    def _begin_clocks(self, documents: Sequence[DocumentFacts]) -> None:
        """Of what the patient doesn't see until it is announced (R22); under quarantine nothing runs."""
        if Label.INVISIBLE_PATIENT not in self.labels or not self.record.exists:
            return
        now = self._deposited.now
        for facts in documents:
            if facts.announcement is not None and facts.announcement.since == now:
                set_clock(self.transaction.rows, self.record.card, facts, Step.NOTICE)

    def _labelled(self, row: Row) -> DocumentFacts:
        facts = open_facts(self.record.card, [row])[row["document_id"]]
        return labelled_too(facts, self.labels, self._deposited.now)

    def _relabel(self, row: Row) -> None:
        """A study has the labels of all its deposits: each can only take away."""
        facts = self._labelled(row)
        if facts.labels == open_facts(self.record.card, [row])[row["document_id"]].labels:
            return
        self._told(Action.LABEL, row, keep_labels(self.transaction.rows, self.record.card, row, facts))

    def _told(self, action: Action, row: Row, details: dict[str, Any]) -> None:
        """Log what becomes of a document that was there before."""
        event = Event.of(
            action,
            self.purpose,
            self.actor,
            permitted=ReasonCode.DEPOSIT,
            record=self.record.row["public_id"],
            object_id=row["document_id"],
            details=details,
        )
        self.transaction.append(self.vault.chain_of(self.record), event)

    def _log(self, documents: Sequence[AdoptedDocument]) -> None:
        quarantined = self.request.record is None
        single = documents[0].document_id if len(documents) == 1 else self.request.submission_id
        commitments = b"".join(blob.commitment for blob in self.request.blobs)
        told = Event.of(
            Action.QUARANTINE if quarantined else Action.DEPOSIT,
            self.purpose,
            self.actor,
            permitted=ReasonCode.DEPOSIT,
            record=None if quarantined else self.record.row["public_id"],
            object_id=single,
            commitment=hashlib.sha256(commitments).digest(),
            details={"documents": len(documents), **self._differing(), **self._stated()},
        )
        self.transaction.append(self.vault.chain_of(self.record), told)

    def _stated(self) -> dict[str, str]:
        return {"labels": ",".join(sorted(self.labels))} if self.labels else {}

    def _differing(self) -> dict[str, str]:
        """What the comparison of traits found, by its codes; nothing where nothing differs."""
        found = person_codes(code for new in self.request.documents for code in new.details.warnings)
        return {"differing": ", ".join(found)} if found else {}


def _stated(done: AdoptedDocument, facts: DocumentFacts) -> AdoptedDocument:
    """With what the index copies of its facts."""
    return replace(done, state=facts.state, replaced=facts.replaces)
