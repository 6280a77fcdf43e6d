"""Parts of the index's port that several processes use; `storage.ports.index` puts them together by process.

What holds for every verb stands there.
"""

from collections.abc import Collection
from typing import Protocol
from uuid import UUID

from records.people.directory import DirectoryEntry, Exercise, Person, Structure
from storage.rows.documents import Details, Document, GrownStudy, UnrenderedStudy
from storage.rows.sign_ins import SignedIn
from storage.rows.submissions import Blob, PartVerdict, QuarantinedPart, Submission


class Uploads(Protocol):
    """Uploads that intake or a worker begins, and that the sweeper condemns."""

    def begin_upload(self, blob_id: UUID, version: int, at: int) -> None:
        """Names an object before its first byte is written, so that the sweeper need never list the store."""

    def begin_uploads(self, refs: Collection[tuple[UUID, int]], at: int) -> None:
        """The same for several, in one transaction."""

    def end_upload(self, blob_id: UUID, version: int) -> None:
        """Forgets an upload whose object is gone. May be repeated."""


class Submissions(Protocol):
    """Submissions as they stand, whoever asks."""

    def submission(self, submission_id: UUID) -> Submission | None: ...

    def parts(self, submission_id: UUID) -> list[PartVerdict]:
        """The verdicts in order of number; empty before publication."""

    def blobs(self, submission_id: UUID) -> list[Blob]:
        """Its objects in order of id and version, adopted or not, until `forget_blobs`."""


class Settling(Protocol):
    """The end of a finished submission, by its worker, or by the housekeeper after it."""

    def settle(self, submission_id: UUID, at: int) -> list[Blob]:
        """Erases envelope, sealed keys and plan of a finished submission; lists the blobs that were not
        adopted.

        Their objects are the caller's to delete, then `forget_blobs`; after a crash in between
        `abandoned_blobs` names them. Repeatable. Conflict `unfinished`, NotFound `submission_unknown`.
        """

    def settle_many(self, submission_ids: Collection[UUID], at: int) -> list[Blob]:
        """The same for several, in one transaction."""

    def forget_blobs(self, blobs: Collection[Blob]) -> None:
        """Removes rows of abandoned and retired blobs whose objects are deleted; others are left alone.

        Repeatable.
        """


class Leftovers(Protocol):
    """Leftovers of finished work: the housekeeper clears them, an operator checks them."""

    def unsettled(self, finished_before: int) -> list[UUID]:
        """Finished before that time and not settled, oldest first, 1 000 at most."""

    def abandoned_blobs(self) -> list[Blob]:
        """Blobs that `settle` gave up and nobody forgot yet, 1 000 at most."""


class GrownStudies(Protocol):
    """Studies that are worth a compaction."""

    def grown_studies(
        self, *, least: int, quiet_since: int, record_id: UUID | None = None, limit: int = 1000
    ) -> list[GrownStudy]:
        """Approved studies of at least `least` submissions, none of which joined after `quiet_since`."""


class UnrenderedStudies(Protocol):
    """Studies whose renditions are still to be made."""

    def unrendered_studies(
        self, *, after: UUID | None = None, record_id: UUID | None = None, limit: int = 1000
    ) -> list[UnrenderedStudy]:
        """Approved studies with images of which none were made, in the order of their ids."""

    def rendition_counts(self) -> tuple[int, int]:
        """Capped: the deposits whose renditions are to be made, and those of which some could not be."""


class SignIns(Protocol):
    """Sealed sign-ins of the pages."""

    def put_sign_in(self, signed_in: SignedIn) -> None:
        """Keeps a sealed sign-in."""

    def sign_in(self, digest: bytes, now: int, idle_since: int) -> SignedIn | None:
        """The sealed sign-in, unless it expired, or is of a session that nobody used since `idle_since`."""

    def use_sign_in(self, digest: bytes, at: int) -> None:
        """Notes that its session is used."""

    def renew_sign_in(self, old: bytes, new: SignedIn, until: int) -> bool:
        """Puts `new` in the place of `old`, which counts until then; False where it is replaced already."""

    def end_sign_in(self, digest: bytes) -> None:
        """Signs out, and ends every other code of the same session. May be repeated."""


class LiveSessions(Protocol):
    """Sessions as the process that begins them sees them."""

    def live_sessions(self, session_ids: Collection[UUID], now: int, idle_since: int) -> dict[UUID, int]:
        """Those of them that last, each with when it was used last."""

    def end_sessions(self, session_ids: Collection[UUID]) -> int:
        """Ends them at once, everywhere; counts the codes that were left."""


class Named(Protocol):
    """Names of professionals and structures, from the public directory."""

    def people(self, numbers: Collection[str]) -> dict[str, Person]:
        """Those of the national numbers that the directory has, or once had."""

    def structures(self, numbers: Collection[str]) -> dict[str, Structure]: ...

    def exercises(self, person: str) -> list[Exercise]:
        """Where a professional exercises, by profession and structure; none where nobody knows him."""


class KeptDirectory(Named, Protocol):
    """The directory as whoever imports it uses it."""

    def put_directory(self, entries: Collection[DirectoryEntry], at: int) -> None:
        """Adds entries, in place of earlier ones, as seen at `at`. May be repeated."""

    def count_exercises(self, *, seen_at: int | None = None) -> int:
        """All exercises, or those seen at that time."""

    def end_exercises(self, before: int) -> int:
        """Removes exercises last seen before that time and counts them. Names stay: traces show them."""


class ReceptionKeys(Protocol):
    """Signed reception keys, which the vault makes and intake seals to."""

    def put_reception_key(self, day: str, document: str) -> None:
        """Keeps the signed reception key of `day` (YYYY-MM-DD), in place of an earlier one."""

    def reception_key(self, day: str) -> str | None: ...


class PublishedIssuers(Protocol):
    """Whose credentials are accepted, as the vault has signed it."""

    def put_issuers(self, document: str) -> None:
        """Keeps the signed list, in place of an earlier one."""

    def issuers(self) -> str | None: ...


class RecordDocuments(Protocol):
    """Documents of a record by what names them."""

    def documents_by_id(
        self, record_id: UUID, ids: Collection[UUID]
    ) -> list[tuple[Document, tuple[Details, ...]]]:
        """Those of `ids` that are in the record."""

    def documents_by_study(
        self, record_id: UUID, study_token: bytes
    ) -> list[tuple[Document, tuple[Details, ...]]]: ...


class QuarantinedDocuments(Protocol):
    """A document under quarantine, for the operators who decide and the worker who carries it out."""

    def quarantined_document(self, document_id: UUID) -> QuarantinedPart | None: ...
