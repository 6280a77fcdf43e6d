"""Step 3 of a submission (docs/vault.md section 2): what was packed is put to the vault, record by record.

The vault decides, wraps the keys under the record's and seals the details; its answer is kept there until the
submission is settled. An equal request therefore has an equal answer, whoever repeats it after a crash, and
makes no second event.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from ingestion.envelope import NO_ENVELOPE
from ingestion.grouping import InspectedPart
from ingestion.outcomes import refused
from ingestion.worker.details import Deposit, document_details, study_details
from ingestion.worker.opening import OpenedSubmission
from ingestion.worker.packing import PackedGroup
from ingestion.worker.publication import AdoptedGroup, adopted_groups
from ingestion.worker.rejudging import like_their_first, rejudged, told_of_shared
from keyvault.crypto.sealed_blob import BlobKind
from keyvault.verbs.call import Denied
from keyvault.verbs.worker.adoption.adopt_request import Adopted, AdoptRequest, NewBlob, NewDocument
from records.documents.details import DocumentDetails, SetAside
from records.vocabulary.identifier_warnings import STUDY_UID_SHARED
from storage.rows.submissions import Blob

log = logging.getLogger("coffre.ingestion")
Ask = Callable[[AdoptRequest], Adopted | Denied]
"""The verb of the vault: `adopt` for a submission, `adopt_job` for a job."""


@dataclass(frozen=True, slots=True)
class Adoption:
    """The requests of one try. `sealed_envelope` is as intake left it: the vault opens it anew."""

    submission_id: UUID
    worker: str
    sealed_envelope: bytes | None
    opened: OpenedSubmission

    def adopt(
        self, parts: Sequence[InspectedPart], packed: Sequence[PackedGroup], ask: Ask
    ) -> tuple[list[InspectedPart], list[AdoptedGroup]]:
        """The parts as the vault left them, and the groups it adopted; what it denies is rejected."""
        adopted: list[AdoptedGroup] = []
        judged = list(parts)
        # a record at a time: one that is closed by now takes nothing from the others of the same request
        for record in dict.fromkeys(each.group.record for each in packed):
            mine = [each for each in packed if each.group.record == record]
            judged, found = self.answered(judged, mine, ask(self.request(record, mine)))
            adopted += found
        # only now: the vault may have refused a part that another one of this request repeats
        return like_their_first(judged), adopted

    def answered(
        self, parts: Sequence[InspectedPart], packed: Sequence[PackedGroup], answer: Adopted | Denied
    ) -> tuple[list[InspectedPart], list[AdoptedGroup]]:
        """The same for what was asked of one record, and its answer."""
        if isinstance(answer, Denied):
            return rejudged(parts, _numbers(packed), refused(answer.reason)), []
        adopted = adopted_groups(packed, answer, self.opened.structure)
        return _with_shared(parts, adopted), adopted

    def request(self, record: str | None, packed: Sequence[PackedGroup]) -> AdoptRequest:
        """What the vault is asked for one record; None: for quarantine."""
        return AdoptRequest(
            submission_id=self.submission_id,
            worker=self.worker,
            sealed_envelope=self.sealed_envelope or NO_ENVELOPE,
            record=record,
            # the vault knows a repeat by its blobs, so that a plan has to give every try the same ones
            documents=tuple(map(self._document, packed)),
            blobs=tuple(new_blob(blob) for each in packed for blob in each.blobs),
        )

    def _document(self, packed: PackedGroup) -> NewDocument:
        group = packed.group
        return NewDocument(
            kind=group.kind,
            type_code=group.type_code,
            study_uid=group.study_uid,
            details=self._details(packed),
            blobs=tuple((blob.blob_id, blob.version) for blob in packed.blobs),
        )

    def _details(self, packed: PackedGroup) -> DocumentDetails:
        group, pack, offsets = packed.group, packed.pack.blob_id, packed.offsets
        deposit = Deposit(self.opened.received, self.opened.structure, self.submission_id)
        # of what is set aside only that it is bytes: study and series are told of it once it is discharged
        if group.parts[0].is_dicom and group.record is not None:
            return study_details(
                group,
                deposit,
                pack=pack,
                offsets=offsets,
                series_blobs=packed.series_blobs(),
                renditions=packed.rendition_details(),
            )
        return document_details(
            group,
            deposit,
            pack=pack,
            offsets=offsets,
            declared=self.opened.headers.declared(group.parts[0].number),
            replaced=self.opened.headers.entry.replaced if self.opened.headers.entry else None,
            set_aside=self._set_aside(group.parts[0].number) if group.record is None else None,
        )

    def _set_aside(self, part: int) -> SetAside:
        """What its discharge has to know (`ingestion/jobs/discharge.py`), by when the envelope is gone."""
        headers = self.opened.headers
        stated = headers.declared(part) if headers.document or headers.documents else None
        return SetAside(kind=headers.kind, document=stated.to_json() if stated else None)


def new_blob(blob: Blob) -> NewBlob:
    """A row of the index as the vault adopts it."""
    assert blob.sealed_key is not None
    return NewBlob(
        blob_id=blob.blob_id,
        version=blob.version,
        kind=BlobKind(blob.kind),
        sealed_key=blob.sealed_key,
        commitment=blob.commitment,
        header=blob.header,
        plaintext_size=blob.plaintext_size,
        ciphertext_size=blob.ciphertext_size,
    )


def _with_shared(parts: Sequence[InspectedPart], adopted: Sequence[AdoptedGroup]) -> list[InspectedPart]:
    """Depositor and operators learn that two structures used one Study Instance UID, not who the other is."""
    shared = _numbers([each.packed for each in adopted if each.document.shared])
    if shared:
        log.warning("two structures used one study identifier", extra={"code": STUDY_UID_SHARED})
    return told_of_shared(parts, shared)


def _numbers(packed: Sequence[PackedGroup]) -> frozenset[int]:
    return frozenset(part.number for each in packed for part in each.group.parts)
