"""A submission as the vault opens it for a worker, and its content in memory.

Content is read by range: ciphertext from the store, opened segment by segment, so that a study of gigabytes
costs a worker no more memory than a report.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from ingestion.envelope import SubmissionHeaders
from keyvault.crypto.blob_opener import Opener
from keyvault.crypto.sealed_blob import BlobKind, BlobRef, SealedBlob
from keyvault.keys.reception import ReceivedPart
from keyvault.verbs.worker.deposits.ingest_request import ForIngest
from storage.ports.objects import ObjectStore
from storage.rows.submissions import Blob

CHUNK = 1 << 20
COPIED = 8 * CHUNK
"""Plaintext bytes of a pack that a job has in memory at once: a store far away is asked for few ranges."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class OpenedSubmission:
    """The part of a submission that one worker may know; it has no credential of the depositor.

    `received` in unix seconds; `keys` are data keys by blob and version. `structure_token` names the
    structure to the index, `depositor` whoever sent it. `record_state` is that of the record that was named,
    "unknown" where none has this name, "open" where none was named; `expected_ins` is the INS of that record.
    `day_public` is the reception key that new data keys are sealed to. `part_tokens` recognise the parts as
    they came, in the record that was named; none where none was.
    """

    received: int
    headers: SubmissionHeaders
    parts: tuple[ReceivedPart, ...]
    keys: Mapping[tuple[UUID, int], bytes]
    structure: str
    structure_token: bytes
    depositor: bytes
    record_state: str
    expected_ins: str | None
    day_public: bytes
    part_tokens: tuple[bytes, ...] = ()

    @classmethod
    def of(cls, found: ForIngest) -> "OpenedSubmission":
        """Raises `Invalid` "envelope_invalid"."""
        return cls(
            received=found.envelope.received,
            headers=SubmissionHeaders.of_json(found.envelope.headers),
            parts=found.envelope.parts,
            keys=found.keys,
            structure=found.structure,
            structure_token=found.structure_token,
            depositor=found.depositor,
            record_state=found.record_state,
            expected_ins=found.expected_ins,
            day_public=found.day_public,
            part_tokens=found.part_tokens,
        )


class Content(Protocol):
    """Plaintext by range. `blob` is the one that holds exactly these bytes, if there is one."""

    @property
    def blob(self) -> Blob | None: ...

    def read(self, offset: int, length: int) -> bytes: ...

    def stream(self, offset: int, length: int) -> Iterator[bytes]: ...


class OpenedContent:
    """The plaintext of one sealed blob, by range; nothing is kept between reads.

    `blob` is its row where it may be taken over as it is, as what was just received may be; None for what is
    in a record already, or under quarantine, whose key stays there. `piece` is how many bytes of plaintext a
    copy has in memory at once.
    """

    def __init__(
        self,
        objects: ObjectStore,
        sealed: SealedBlob,
        dek: bytes,
        *,
        blob: Blob | None = None,
        piece: int = CHUNK,
    ) -> None:
        self.blob = blob
        self._objects = objects
        self._ref = sealed.ref
        self._opener = Opener(sealed, dek)
        self._piece = piece

    def read(self, offset: int, length: int) -> bytes:
        return self._opener.read(offset, length, self._fetch)

    def stream(self, offset: int, length: int) -> Iterator[bytes]:
        """The same in pieces, for copying."""
        for start in range(offset, offset + length, self._piece):
            yield self.read(start, min(self._piece, offset + length - start))

    def _fetch(self, start: int, stop: int) -> bytes:
        return self._objects.read(self._ref.blob_id, self._ref.version, start, stop)


def sealed_blob(blob: Blob) -> SealedBlob:
    """An index row as the cipher takes it."""
    ref = BlobRef(blob.blob_id, blob.version, BlobKind(blob.kind))
    return SealedBlob(ref, blob.commitment, blob.header, blob.plaintext_size, blob.ciphertext_size)
