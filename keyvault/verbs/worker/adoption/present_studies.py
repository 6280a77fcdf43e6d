"""Studies of a request that the record has already, which grow by it."""

from dataclasses import dataclass, replace
from uuid import UUID

from keyvault.context import Vault
from keyvault.crypto.search_tokens import TokenField
from keyvault.keys.cards import open_facts
from keyvault.opened_records import OpenedRecord
from keyvault.store import VaultTransaction
from keyvault.verbs.worker.adoption.adopt_request import AdoptRequest
from records.documents.facts import DocumentFacts
from records.vocabulary.codes import DocumentState


@dataclass(frozen=True, slots=True)
class PresentStudy:
    """A study of the depositor's structure as it is kept by now, with its facts where it was there before;
    `others`: another structure has one, too.
    """

    document_id: UUID | None = None
    row_version: int = 0
    others: bool = False
    facts: DocumentFacts | None = None


@dataclass(frozen=True, slots=True)
class PresentStudies:
    """As they are kept before the request changes anything."""

    vault: Vault
    rows: VaultTransaction
    record: OpenedRecord
    structure: str

    def of(self, request: AdoptRequest) -> dict[bytes, PresentStudy]:
        """The studies of a request that the record has, by token.

        A study grows by submissions of its own structure; another structure's images are its own study.
        """
        tokens = self._tokens(request) if self.record.exists else []
        rows = self.rows.find(
            "document", record_id=self.record.key.record_id, study_token__in=tokens, kind="study"
        )
        facts = open_facts(self.record.card, rows)
        found: dict[bytes, PresentStudy] = {}
        for row in rows:
            fact = facts[row["document_id"]]
            if fact.state is not DocumentState.APPROVED:
                continue
            study = found.get(row["study_token"], PresentStudy())
            if fact.author_structure != self.structure:
                study = replace(study, others=True)
            elif study.document_id is None:
                study = replace(
                    study, document_id=row["document_id"], row_version=row["row_version"], facts=fact
                )
            found[row["study_token"]] = study
        return found

    def _tokens(self, request: AdoptRequest) -> list[bytes]:
        uids = {new.study_uid for new in request.documents if new.kind == "study" and new.study_uid}
        return sorted(self.vault.token(TokenField.STUDY, uid) for uid in uids)
