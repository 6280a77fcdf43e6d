"""Release: the one place where data keys leave the vault, sealed to a recipient, after the event is kept."""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any
from uuid import UUID, uuid4

from keyvault.context import Vault
from keyvault.grants.body import GrantBody, GrantedBlob, GrantedDocument, GrantedSeries
from keyvault.grants.grant import LONGEST_GRANT, check_recipient, seal_grant
from keyvault.keys.blob_keys import ADOPTED, open_data_key, sealed_blob
from keyvault.keys.record_keys import open_record_key
from keyvault.log.appending import Appended
from keyvault.opened_records import BRANCH_OF
from keyvault.store import Row, VaultTransaction
from keyvault.transaction import Transaction
from keyvault.verbs.attempt import Attempt, Call, Denied, refuse
from keyvault.verbs.caller import caller
from keyvault.verbs.judging import judged
from keyvault.verbs.reader.kept_grants import keep_grant
from keyvault.verbs.reader.snapshot import Question, carry_out
from keyvault.verbs.rows import SealedRow, genuine, open_rows
from records.details import DocumentDetails
from records.errors import CoffreError, NotFound
from records.instances import by_age
from records.vocabulary.codes import Action, ReasonCode

MOST_BLOBS = 5_000


@dataclass(frozen=True, slots=True)
class Released:
    """A grant without its URLs, and the objects it opens as (blob id, version)."""

    grant: dict[str, Any]
    objects: tuple[tuple[UUID, int], ...]


@dataclass(frozen=True, slots=True)
class _Opened:
    """What is granted: documents, their blobs' rows, and what the recipient will open. Nothing has left."""

    documents: tuple[UUID, ...]
    blobs: tuple[Row, ...]
    body: GrantBody = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Refused:
    why: ReasonCode
    object_id: str | None = None


class ReleasingVerbs:
    """For the reader and the gateway."""

    _vault: Vault

    def release(
        self,
        call: Call,
        record_id: UUID,
        rows: Sequence[SealedRow],
        *,
        documents: Sequence[Sequence[UUID]] | None,
        recipient: bytes,
        suite: int = 1,
    ) -> Released | Denied:
        """Decide, log, and seal the keys of `documents` (None: everything visible) to `recipient`.

        Each member names one thing by the documents it consists of: itself, or those of a study. What may be
        seen of it is granted; where that is nothing, the whole grant is refused with `NotFound`
        "no_such_document".
        """
        check_recipient(recipient)
        actor = caller(
            self._vault,
            call,
            "release",
            record_id=record_id,
            documents=documents,
            recipient=recipient,
            suite=suite,
        )

        def opened(tx: VaultTransaction, found: Attempt) -> _Opened | _Refused:
            return _open(self._vault, tx, found, rows, documents)

        def told(
            transaction: Transaction, found: Attempt, what: _Opened | _Refused
        ) -> Released | Denied | None:
            if isinstance(what, _Opened):
                return self._seal(transaction, found, what, recipient, suite)
            refused = self._refuse(transaction, found, what.why, what.object_id)
            absent = what.why is ReasonCode.NO_SUCH_DOCUMENT and not refused.is_of_quota
            return None if absent else refused

        asked = Question(call, actor, Action.RETRIEVE, record_id)
        released = carry_out(self._vault, asked, opened, told)
        if released is None:
            # raised after the commit, so that the refusal keeps its line in the log
            raise NotFound("There is no such document in this record.", code="no_such_document")
        return released

    def _refuse(
        self, transaction: Transaction, found: Attempt, reason: ReasonCode, object_id: str | None
    ) -> Denied:
        return refuse(
            self._vault,
            transaction,
            found.call,
            found.actor,
            Action.RETRIEVE,
            found.record,
            reason,
            object_id,
        )

    def _seal(
        self,
        transaction: Transaction,
        found: Attempt,
        opened: _Opened,
        recipient: bytes,
        suite: int,
    ) -> Released:
        grant_id = uuid4()
        expires = min(
            transaction.now + LONGEST_GRANT, found.actor.expires_at or transaction.now + LONGEST_GRANT
        )
        objects = tuple((row["blob_id"], row["version"]) for row in opened.blobs)
        appended = _log(transaction, found, grant_id, opened.documents, opened.blobs)
        keep_grant(self._vault, transaction, found, grant_id, expires, objects)
        signing = self._vault.keyring.signing("grant")
        grant = seal_grant(
            suite=suite,
            grant_id=grant_id,
            issued=transaction.now,
            expires=expires,
            record=found.public_id,
            purpose=found.call.purpose.value,
            actor=appended.actor or bytes(32),
            recipient=recipient,
            body=opened.body,
            event=appended.leaf,
            key_id=signing.key_id,
            sign=signing.sign,
        )
        return Released(grant, objects)


def _open(
    vault: Vault,
    tx: VaultTransaction,
    found: Attempt,
    rows: Sequence[SealedRow],
    documents: Sequence[Sequence[UUID]] | None,
) -> _Opened | _Refused:
    # what the index hasn't published yet is absent, whoever asks (docs/vault.md section 2)
    published = {row.document_id for row in rows}
    asked = published if documents is None else published.intersection(chain.from_iterable(documents))
    seen = judged(tx, found, asked)
    things = [list(seen)] if documents is None else documents
    hidden = [thing for thing in things if not any(document in seen for document in thing)]
    if hidden and documents is not None:
        return _Refused(ReasonCode.NO_SUCH_DOCUMENT, str(hidden[0][0]) if hidden[0] else None)
    wanted = list(dict.fromkeys(document for thing in things for document in thing if document in seen))
    key = open_record_key(tx, vault.keyring, found.record.row, BRANCH_OF[found.call.purpose])
    if key is None:
        return _Refused(ReasonCode.OPTED_OUT)
    kept = _all_genuine(tx, rows, wanted)
    blobs = _blobs(tx, wanted, seen, {row.submission_id for row in kept})
    opened = open_rows(tx, found.record.key, kept)
    granted = tuple(GrantedBlob(sealed_blob(row), open_data_key(key, row)) for row in blobs)
    return _Opened(tuple(wanted), tuple(blobs), GrantBody(granted, _documents(opened), _series(opened)))


def _log(
    transaction: Transaction, found: Attempt, grant_id: UUID, wanted: Sequence[UUID], blobs: Sequence[Row]
) -> Appended:
    """The line that is kept before any key leaves; it names the keys by their commitments."""
    event = found.event(
        object_id=str(wanted[0]) if len(wanted) == 1 else None,
        commitment=hashlib.sha256(b"".join(row["commitment"] for row in blobs)).digest(),
        grant=grant_id,
        details={"documents": len(wanted)},
    )
    appended = transaction.append(found.record.chain, event)
    assert appended is not None  # a permit
    return appended


def _blobs(
    tx: VaultTransaction, wanted: Sequence[UUID], seen: Iterable[UUID], published: Collection[UUID]
) -> list[Row]:
    """The adopted blobs of the wanted documents that came with these submissions.

    A blob with a part the actor may not see is refused.
    """
    links = tx.find("blob_document", document_id__in=list(wanted))
    ids = sorted({link["blob_id"] for link in links})
    if len(ids) > MOST_BLOBS:
        raise CoffreError("Ask for fewer documents in one grant.", code="grant_too_large")
    every = tx.find("blob_document", blob_id__in=ids)
    allowed = set(seen)
    mixed = {link["blob_id"] for link in every if link["document_id"] not in allowed}
    if mixed:
        raise CoffreError("A stored object mixes documents: run coffre check.", code="mixed_blob")
    adopted = tx.find("blob", blob_id__in=ids, state=ADOPTED)
    rows = (row for row in adopted if row["submission_id"] in published)
    return sorted(rows, key=lambda row: (row["blob_id"], row["version"]))


def _all_genuine(tx: VaultTransaction, rows: Sequence[SealedRow], wanted: Sequence[UUID]) -> list[SealedRow]:
    kept = genuine(tx, rows, wanted)
    if {row.document_id for row in kept} != set(wanted):
        raise CoffreError(
            "The index holds an altered or missing row for this document: run coffre check.",
            code="index_altered",
        )
    return kept


def _documents(opened: dict[UUID, tuple[DocumentDetails, ...]]) -> tuple[GrantedDocument, ...]:
    return tuple(
        GrantedDocument(
            document_id=document_id,
            media_type=content.media_type,
            blob_id=content.place.blob_id,
            offset=content.place.offset,
            length=content.place.length,
            sha256=content.place.sha256,
        )
        for document_id, rows in opened.items()
        for content in (row.content for row in rows[-1:])
        if content is not None
    )


def _series(opened: dict[UUID, tuple[DocumentDetails, ...]]) -> tuple[GrantedSeries, ...]:
    """One per series of each granted document: its metadata blobs, oldest submission first.

    Two documents may give their series the same UIDs, each is named by an entry of its own.
    """
    return tuple(each for rows in opened.values() for each in _series_of(rows))


def _series_of(rows: tuple[DocumentDetails, ...]) -> Iterator[GrantedSeries]:
    found: dict[tuple[str, str], list[UUID]] = {}
    for details in by_age(rows):
        for series in details.series:
            found.setdefault((details.study_uid or "", series.uid), []).append(series.metadata_blob)
    for (study, uid), blobs in found.items():
        yield GrantedSeries(study, uid, tuple(blobs))
