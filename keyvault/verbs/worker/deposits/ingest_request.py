"""A worker's request for `release_ingest`, and the form in which it reads the answer."""

from dataclasses import dataclass, field
from uuid import UUID

from audit.canonical import parse
from keyvault.crypto.boxes import open_box
from keyvault.keys.reception import Envelope, ReceivedPart
from keyvault.verbs.worker.deposits.received import ReceivedBlobKey
from records.text.base64url import unb64


@dataclass(frozen=True, slots=True)
class ForIngest:
    """A submission opened for a worker: the envelope but its credential, data keys, the record awaited."""

    envelope: Envelope
    keys: dict[tuple[UUID, int], bytes] = field(repr=False)
    structure: str
    structure_token: bytes  # the depositor's own token where it has no structure
    depositor: bytes
    record_state: str  # "active", another state, "unknown" where no record has this INS, "open" without INS
    expected_ins: str | None = field(repr=False)
    day_public: bytes
    part_tokens: tuple[bytes, ...] = ()  # of the parts as they came, in the record that was named


@dataclass(frozen=True, slots=True)
class IngestRequest:
    """A submission to be opened, as intake left it: its envelope, and the sealed keys of its blobs."""

    submission_id: UUID
    sealed_envelope: bytes
    keys: tuple[ReceivedBlobKey, ...] = field(repr=False)


def open_for_ingest(private: bytes, sealed: bytes, submission_id: UUID) -> ForIngest:
    """The worker's side of `release_ingest`."""
    found = parse(open_box(private, sealed))
    parts = tuple(
        ReceivedPart(UUID(blob), offset, length, unb64(digest), name)
        for blob, offset, length, digest, name in found["parts"]
    )
    envelope = Envelope(submission_id, "", found["received"], found["ins"], found["headers"], parts)
    return ForIngest(
        envelope=envelope,
        keys={(UUID(blob), version): unb64(dek) for blob, version, dek in found["keys"]},
        structure=found["structure"],
        structure_token=unb64(found["structure_token"]),
        depositor=unb64(found["depositor"]),
        record_state=found["record_state"],
        expected_ins=found["expected_ins"],
        day_public=unb64(found["day_public"]),
        part_tokens=tuple(map(unb64, found.get("part_tokens", ()))),
    )
