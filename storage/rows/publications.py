"""The change that one transaction of the index makes visible, with all that it replaces and hides."""

from dataclasses import dataclass
from uuid import UUID

from records.documents.renditions import RENDERED
from storage.rows.documents import Details, Document, Instance, Token
from storage.rows.submissions import CpuUse, PartVerdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """Rows that a job hides in the transaction that shows their replacement.

    Of `document_id` the rows and instances of `submissions` go, and their `blobs` are retired: no row leads
    to them any more. `whole`: the document goes too, as one that leaves quarantine does. `state` is the
    document's new one. `freed` are part tokens that are no duplicates from now on. `verdict` is what became
    of a part of an earlier submission.
    """

    document_id: UUID
    submissions: frozenset[UUID] = frozenset()
    blobs: frozenset[tuple[UUID, int]] = frozenset()
    whole: bool = False
    state: str | None = None
    freed: tuple[bytes, ...] = ()
    verdict: tuple[UUID, PartVerdict] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """The renditions of a study are made, as far as they can be, up to its row `row_version`: `state`.

    `replaced` gives way to the new row of the same submission, whose the job's adopted objects become; those
    in `blobs`, which no row names any more, are retired.
    """

    document_id: UUID
    row_version: int
    state: int = RENDERED
    replaced: int | None = None
    blobs: frozenset[tuple[UUID, int]] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """Everything that one transaction makes visible. `state`: published, rejected or quarantined.

    `documents` are inserted, or touched (`updated_at`) where they exist; `deprecated` are those that they
    replace; `adopted` names the submission's blobs that the vault adopted, the others are left for `settle`;
    `answer` is sealed to the request that waits for the verdict; `cpu_use` is counted in the same
    transaction.
    """

    state: str
    finished_at: int
    parts: tuple[PartVerdict, ...]
    documents: tuple[Document, ...] = ()
    details: tuple[Details, ...] = ()
    instances: tuple[Instance, ...] = ()
    tokens: tuple[Token, ...] = ()
    deprecated: frozenset[UUID] = frozenset()
    adopted: frozenset[tuple[UUID, int]] = frozenset()
    answer: bytes | None = None
    removal: Removal | None = None
    rendered: Rendered | None = None
    cpu_use: CpuUse | None = None
