"""Judge again what a grant gives, on the present card and facts, and say until when that judgement holds."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from keyvault.context import Vault
from keyvault.credentials import withdrawn
from keyvault.credentials.refusing import CredentialError
from keyvault.keys.blob_keys import ADOPTED
from keyvault.keys.record_keys import open_record_key
from keyvault.opened_records import BRANCH_OF, OpenedRecord
from keyvault.store import Row, VaultTransaction
from keyvault.verbs.open_emergencies import emergency_use, use_changes_at
from keyvault.verbs.reader.grants.kept_grants import GrantedBlob, KeptGrant, Standing
from keyvault.verbs.rows import copies_of, facts_of
from records.documents.facts import DocumentFacts
from records.instants import changes_at
from records.policy import AccessRequest, Deny, Facts, decide
from records.vocabulary.codes import Action, PurposeOfUse, ReasonCode

Refused = Mapping[GrantedBlob, ReasonCode]


@dataclass(frozen=True, slots=True)
class Judged:
    """Which of the blobs may not be read now, and why; without a standing where all are refused alike."""

    refused: Refused
    standing: Standing | None = None


def judge_again(
    vault: Vault,
    tx: VaultTransaction,
    grant: Row,
    kept: KeptGrant,
    blobs: Collection[GrantedBlob],
    now_ms: int,
) -> Judged:
    """`grant` as `standing` answered it in this snapshot."""
    purpose = PurposeOfUse(grant["purpose"])
    row = tx.get("record", record_id=grant["record_id"])
    why = _barred(vault, tx, row, kept, purpose)
    if row is None or why is not None:
        return Judged(dict.fromkeys(blobs, why or ReasonCode.NO_SUCH_RECORD))
    request = AccessRequest(kept.actor, Action.RETRIEVE, purpose, now_ms // 1000, kept.reason)
    record = vault.open(tx, row, actor=kept.actor)
    facts = Facts(record.facts, None, emergency_use(vault, tx, record, request, now_ms))
    decision = decide(request, facts)
    if isinstance(decision, Deny):
        return Judged(dict.fromkeys(blobs, decision.reason))
    parts = _documents(tx, record, blobs)
    refused = {blob: why for blob in blobs if (why := _objection(request, facts, parts.get(blob, [])))}
    instants = [
        grant["expires"] * 1000,
        use_changes_at(vault, tx, record, request, now_ms),
        _in_ms(changes_at(request, record.facts, _permitted(parts, refused))),
    ]
    until = min(each for each in instants if each is not None)
    return Judged(refused, Standing(row["epoch"], request.now * 1000, until))


def judge_held(
    vault: Vault,
    tx: VaultTransaction,
    grant: Row,
    kept: KeptGrant,
    blobs: Collection[GrantedBlob],
    now_ms: int,
) -> Judged:
    """The same for a grant that is held to read on: what was withdrawn or replaced since is read no more.

    Who opened a grant on their own side may read what was retired until it expires (docs/vault.md section 4).
    """
    judged = judge_again(vault, tx, grant, kept, blobs, now_ms)
    rows = tx.find("blob", blob_id__in=sorted({blob_id for blob_id, _ in blobs}), state=ADOPTED)
    gone = {*blobs} - {(row["blob_id"], row["version"]) for row in rows}
    return replace(judged, refused={**dict.fromkeys(gone, ReasonCode.NO_SUCH_DOCUMENT), **judged.refused})


def _barred(
    vault: Vault, tx: VaultTransaction, row: Row | None, kept: KeptGrant, purpose: PurposeOfUse
) -> ReasonCode | None:
    """Why nothing of the record is given, whatever its card says: record, branch or credential is gone."""
    if row is None:
        return ReasonCode.NO_SUCH_RECORD
    if open_record_key(tx, vault.keyring, row, BRANCH_OF[purpose]) is None:
        return ReasonCode.OPTED_OUT
    try:
        withdrawn.check(tx, vault.pseudonym, kept.actor)
    except CredentialError:
        return ReasonCode.BAD_CREDENTIAL
    return None


def _documents(
    tx: VaultTransaction, record: OpenedRecord, blobs: Collection[GrantedBlob]
) -> dict[GrantedBlob, list[DocumentFacts | None]]:
    """The facts of the documents that have bytes in each blob; None for one that is no longer there."""
    wanted = {*blobs}
    links = [
        (blob, link["document_id"])
        for link in tx.find("blob_document", blob_id__in=sorted({blob_id for blob_id, _ in wanted}))
        if (blob := (link["blob_id"], link["version"])) in wanted
    ]
    facts = _facts(tx, record, {document_id for _, document_id in links})
    parts: dict[GrantedBlob, list[DocumentFacts | None]] = defaultdict(list)
    for blob, document_id in links:
        parts[blob].append(facts.get(document_id))
    return parts


def _facts(tx: VaultTransaction, record: OpenedRecord, named: Collection[UUID]) -> dict[UUID, DocumentFacts]:
    record_id = record.row["record_id"]
    documents = tx.find("document", record_id=record_id, document_id__in=sorted(named))
    return facts_of(record.card, copies_of(tx, record_id, documents))


def _objection(
    request: AccessRequest, facts: Facts, documents: Sequence[DocumentFacts | None]
) -> ReasonCode | None:
    """Why one of a blob's documents may not be read."""
    if not documents:
        return ReasonCode.NO_SUCH_DOCUMENT
    for each in documents:
        if each is None:
            return ReasonCode.NO_SUCH_DOCUMENT
        decision = decide(request, Facts(facts.record, each, facts.emergency))
        if isinstance(decision, Deny):
            return decision.reason
    return None


def _permitted(
    parts: Mapping[GrantedBlob, Sequence[DocumentFacts | None]], refused: Refused
) -> Iterator[DocumentFacts]:
    for blob, documents in parts.items():
        if blob not in refused:
            yield from (each for each in documents if each is not None)


def _in_ms(seconds: int | None) -> int | None:
    return None if seconds is None else seconds * 1000
