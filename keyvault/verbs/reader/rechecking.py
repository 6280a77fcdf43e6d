"""Decide again on a grant that was given: at each request for an object, and for new addresses."""

from collections.abc import Sequence
from uuid import UUID

from keyvault.context import Vault
from keyvault.credentials import withdrawn
from keyvault.credentials.tokens import CredentialError
from keyvault.keys.record_keys import open_record_key
from keyvault.opened_records import BRANCH_OF, OpenedRecord
from keyvault.store import Row, VaultTransaction
from keyvault.verbs.attempt import Call, Denied, refuse
from keyvault.verbs.caller import caller
from keyvault.verbs.reader.kept_grants import KeptGrant, open_grant
from keyvault.verbs.rows import copies_of, facts_of
from records.errors import NotFound
from records.policy import AccessRequest, Deny, Facts, decide
from records.vocabulary.codes import Action, PurposeOfUse, ReasonCode


class RecheckingVerbs:
    """For the reader and the gateway."""

    _vault: Vault

    def recheck(self, grant_id: UUID, blob_id: UUID, version: int) -> bool:
        """Whether this grant's actor would be permitted this object now, on the present card.

        Only a refusal is logged, the first of its reason in an hour: the permit has its event already,
        and whoever has an address must not make the log grow with it.
        """
        vault = self._vault
        with vault.store.reading() as tx:
            grant = tx.get("grant", grant_id=grant_id)
            kept = open_grant(self._vault, grant)
            if grant is None or kept is None or (blob_id, version) not in kept.blobs:
                return False
            denied = self._now_denied(tx, grant, kept, blob_id, version)
        if denied is not None:
            self._log_no_longer(grant, kept, denied, blob_id)
        return denied is None

    def renew(self, call: Call, grant_id: UUID) -> tuple[tuple[UUID, int], ...] | Denied:
        """The objects of the caller's own grant, if each would still be permitted; for new addresses.

        Raises `NotFound` "no_such_grant" for another's, an expired or an unknown grant.
        """
        actor = caller(self._vault, call, "renew", grant_id=grant_id)
        with self._vault.store.reading() as tx:
            grant = tx.get("grant", grant_id=grant_id)
        kept = open_grant(self._vault, grant)
        if grant is None or kept is None or kept.actor != actor:
            raise NotFound("There is no such grant of yours, or it has expired.", code="no_such_grant")
        if not all(self.recheck(grant_id, blob_id, version) for blob_id, version in kept.blobs):
            return Denied(ReasonCode.NOT_AUTHORISED)
        return kept.blobs

    def _now_denied(
        self, tx: VaultTransaction, grant: Row, kept: KeptGrant, blob_id: UUID, version: int
    ) -> ReasonCode | None:
        row = tx.get("record", record_id=grant["record_id"])
        if row is None:
            return ReasonCode.NO_SUCH_RECORD
        purpose = PurposeOfUse(grant["purpose"])
        if open_record_key(tx, self._vault.keyring, row, BRANCH_OF[purpose]) is None:
            return ReasonCode.OPTED_OUT
        actor, now_ms = kept.actor, self._vault.now_ms()
        try:
            withdrawn.check(tx, self._vault.pseudonym, actor, now_ms // 1000 * 1000)
        except CredentialError:
            return ReasonCode.BAD_CREDENTIAL
        request = AccessRequest(actor, Action.RETRIEVE, purpose, now_ms // 1000, kept.reason)
        links = tx.find("blob_document", blob_id=blob_id, version=version)
        documents = tx.find("document", document_id__in=[link["document_id"] for link in links])
        return _objection(tx, request, self._vault.open(tx, row), documents)

    def _log_no_longer(self, grant: Row, kept: KeptGrant, reason: ReasonCode, blob_id: UUID) -> None:
        call = Call(token="", purpose=PurposeOfUse(grant["purpose"]), reason=kept.reason)
        with self._vault.transaction() as transaction:
            if not transaction.first_this_hour(
                b"coffre-still-v1", grant["grant_id"].bytes, reason.value.encode()
            ):
                return
            record = self._vault.open(
                transaction.rows, transaction.rows.get("record", record_id=grant["record_id"])
            )
            refuse(self._vault, transaction, call, kept.actor, Action.STILL, record, reason, str(blob_id))


def _objection(
    tx: VaultTransaction, request: AccessRequest, record: OpenedRecord, documents: Sequence[Row]
) -> ReasonCode | None:
    """Why one of these documents may not be read now, on the present card."""
    facts_here = facts_of(record.card, copies_of(tx, record.row["record_id"], documents))
    for facts in (facts_here[row["document_id"]] for row in documents):
        decision = decide(request, Facts(record.facts, facts, None))
        if isinstance(decision, Deny):
            return decision.reason
    return None if documents else ReasonCode.NO_SUCH_DOCUMENT
