"""Fill a page of a record with what may be seen: read on by key, newest first, until it is full.

What a page costs grows with what is hidden among what it shows, never with the record. Documents are read in
portions; each is judged with its copies, whose labels count (R20).
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar
from uuid import UUID

from keyvault.crypto.envelope import KeyUse
from keyvault.keys.summaries import open_summaries
from keyvault.store import Row, VaultTransaction
from keyvault.verbs.attempt import Attempt
from keyvault.verbs.judging import facts_with_decoys
from keyvault.verbs.rows import NOBODYS, copies_of, facts_of
from records import policy
from records.documents.facts import DocumentFacts
from records.documents.summaries import DocumentSummary
from records.filters import DocumentFilter

T = TypeVar("T")
Key = tuple[int, UUID]
"""(created_at in ms, document_id): the order of lists, newest first."""

LARGEST_PAGE = 500
PORTION = 300
"""Documents judged at a time; their ids and tokens are the parameters of one statement."""


@dataclass(frozen=True, slots=True)
class ListPage:
    """The page that follows the key `after`, or precedes `before`; neither: the newest.

    `companions` asks also for documents of the same studies, where they stand on other pages. `named`: of
    these documents alone, `LARGEST_PAGE` at most, whatever the keys.
    """

    after: Key | None = None
    before: Key | None = None
    limit: int = 100
    wanted: DocumentFilter = field(default_factory=DocumentFilter)
    companions: bool = False
    named: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Visible:
    """A document that may be seen. `summary` is None where it has to be made of the details."""

    row: Row
    facts: DocumentFacts
    summary: DocumentSummary | None

    @property
    def key(self) -> Key:
        return key_of(self.row)


class SummariesLacking(Exception):  # noqa: N818
    """These documents have to be summarised before anything can be said of their dates."""

    def __init__(self, ids: Sequence[UUID]) -> None:
        super().__init__()
        self.ids = tuple(ids)


class Reader:
    """Reads one record for one attempt; `made` are summaries made of details, by document."""

    def __init__(
        self,
        tx: VaultTransaction,
        found: Attempt,
        made: Mapping[UUID, DocumentSummary],
        left_out: frozenset[UUID],
    ) -> None:
        self._tx = tx
        self._found = found
        self._card = found.record.card
        self._record_id: UUID = found.record.row["record_id"]
        self._made = made
        self._left_out = left_out

    def page(self, page: ListPage) -> tuple[list[Visible], bool]:
        """At most `limit` documents, newest first; and whether more follow in the direction of reading."""
        limit, backwards = max(1, min(page.limit, LARGEST_PAGE)), page.before is not None
        start = page.before if backwards else page.after
        found: list[Visible] = []
        oldest = 0 if page.wanted.since is None else page.wanted.since * 1000
        walk = self._portions(start, oldest, backwards=backwards, first=limit + 1)
        for rows in self._named(page.named) if page.named else walk:
            found += self._visible(rows, page.wanted)
            if len(found) > limit:
                break
        shown = found[:limit]
        return (shown[::-1] if backwards else shown), len(found) > limit

    def companions(self, shown: Sequence[Visible]) -> list[Visible]:
        """What else may be seen of the studies on the page, newest first."""
        tokens = {each.row["study_token"] for each in shown} - {None}
        here = {each.row["document_id"] for each in shown}
        rows = [row for row in self.of_studies([*tokens]) if row["document_id"] not in here]
        return [each for portion in portions(rows) for each in self._visible(portion, DocumentFilter())]

    def walk(self, start: Key | None, wanted: DocumentFilter, first: int) -> Iterator[Visible]:
        """What may be seen beyond `start`, newest first, without summaries, `first` rows at first."""
        for rows in self._portions(start, 0, backwards=False, first=max(1, min(first, PORTION))):
            yield from self._asked(rows, wanted)

    def named(self, named: Sequence[UUID], wanted: DocumentFilter) -> Iterator[Visible]:
        """Those of the named documents that may be seen, newest first; few cost what none cost."""
        for rows in self._named(named):
            yield from (each for each in self.judged(rows) if wanted.takes_facts(each.facts))

    def submissions(self, before: UUID | None, first: int) -> Iterator[Sequence[UUID]]:
        """Those of which the record holds something, newest first; `before`: beyond that one."""
        size, use = max(1, min(first, PORTION)), int(KeyUse.DETAILS)
        while True:
            beyond = {} if before is None else {"object_id__lt": before}
            where = {"record_id": self._record_id, "use": use, **beyond}
            rows = self._tx.find("wrapped_key", order=("-object_id",), limit=size, **where)
            yield [row["object_id"] for row in rows]
            if len(rows) < size:
                return
            before, size = rows[-1]["object_id"], PORTION

    def of_submissions(self, submissions: Sequence[UUID]) -> dict[UUID, list[Visible]]:
        """What may be seen of each, newest first; few cost what none cost."""
        rows = self._tx.find("document_row", submission_id__in=sorted({*submissions}) or [NOBODYS])
        brought: dict[UUID, set[UUID]] = defaultdict(set)
        for row in rows:
            brought[row["document_id"]].add(row["submission_id"])
        found: dict[UUID, list[Visible]] = {each: [] for each in submissions}
        for portion in self._of_record(brought):
            for each in self.judged(portion):
                for submission in brought[each.row["document_id"]]:
                    found[submission].append(each)
        return found

    def _named(self, named: Sequence[UUID]) -> Iterator[Sequence[Row]]:
        return self._of_record(sorted({*named})[:LARGEST_PAGE])

    def _of_record(self, documents: Collection[UUID]) -> Iterator[Sequence[Row]]:
        """Those of the record, newest first."""
        rows = [
            row
            for portion in portions(sorted(documents) or [NOBODYS])
            for row in self._tx.find("document", record_id=self._record_id, document_id__in=portion)
        ]
        return iter([*portions(sorted(rows, key=key_of, reverse=True))] or [()])

    def _portions(
        self, start: Key | None, oldest: int, *, backwards: bool, first: int
    ) -> Iterator[list[Row]]:
        """The record's documents from `start` on, in the order of reading, none created before `oldest`."""
        size = min(first, PORTION)
        while rows := self._read(start, oldest, backwards, size):
            yield rows
            if len(rows) < size:
                return
            start, size = key_of(rows[-1]), PORTION

    def _read(self, start: Key | None, oldest: int, backwards: bool, size: int, **more: object) -> list[Row]:
        """At most `size` rows beyond `start`: of the same instant first, then of the others."""
        beyond, sign = ("gt", "") if backwards else ("lt", "-")
        order = (f"{sign}created_at", f"{sign}document_id")
        if start is None:
            return self._find(order, size, {"created_at__ge": oldest, **more})
        at, document_id = start
        tied = {"created_at": at, f"document_id__{beyond}": document_id, **more}
        rows = self._find(order, size, tied) if at >= oldest else []
        if len(rows) < size:
            others = {f"created_at__{beyond}": at, "created_at__ge": oldest, **more}
            rows += self._find(order, size - len(rows), others)
        return rows

    def _find(self, order: Sequence[str], limit: int, where: Mapping[str, object]) -> list[Row]:
        return self._tx.find("document", order=order, limit=limit, record_id=self._record_id, **where)

    def _visible(self, rows: Sequence[Row], wanted: DocumentFilter) -> list[Visible]:
        found = self.summarised(self._asked(rows, wanted))
        if not wanted.asks_date:
            return found
        check_summarised(found)
        return [each for each in found if each.summary is not None and wanted.takes_date(each.summary)]

    def _asked(self, rows: Sequence[Row], wanted: DocumentFilter) -> list[Visible]:
        facts = facts_of(self._card, copies_of(self._tx, self._record_id, rows))
        return [each for each in self._seen(rows, facts) if wanted.takes_facts(each.facts)]

    def judged(self, rows: Sequence[Row]) -> list[Visible]:
        """Those of the rows that may be seen, without their summaries; few cost what none cost."""
        facts = facts_with_decoys(self._card, copies_of(self._tx, self._record_id, rows))
        return self._seen(rows, facts)

    def _seen(self, rows: Sequence[Row], facts: Mapping[UUID, DocumentFacts]) -> list[Visible]:
        here = [facts[row["document_id"]] for row in rows]
        seen = {each.document_id for each in policy.visible(self._found.request, self._found.facts, here)}
        seen -= self._left_out
        return [Visible(row, facts[row["document_id"]], None) for row in rows if row["document_id"] in seen]

    def summarised(self, documents: Sequence[Visible]) -> list[Visible]:
        """The same with their summaries, those that were made now before those that are kept."""
        ids = [each.row["document_id"] for each in documents]
        opened = open_summaries(self._tx, self._card, [each.row for each in documents])
        made = {document_id: self._made[document_id] for document_id in ids if document_id in self._made}
        summaries = opened | made
        return [replace(each, summary=summaries.get(each.row["document_id"])) for each in documents]

    def imaging(self, first: int) -> Iterator[Sequence[Row]]:
        """The record's DICOM documents, newest first: those of a study. `first`: how many are read first."""
        size, start = max(1, min(first, PORTION)), None
        while rows := self._read(start, 0, False, size, study_token__ge=bytes(1)):
            yield rows
            if len(rows) < size:
                return
            start, size = key_of(rows[-1]), PORTION

    def of_studies(self, tokens: Sequence[bytes]) -> list[Row]:
        """The documents of these studies, newest first."""
        rows = [
            row
            for portion in portions(sorted({*tokens}))
            for row in self._tx.find("document", record_id=self._record_id, study_token__in=portion)
        ]
        return sorted(rows, key=key_of, reverse=True)


def check_summarised(documents: Sequence[Visible]) -> None:
    """Raises `SummariesLacking`."""
    lacking = [each.facts.document_id for each in documents if each.summary is None]
    if lacking:
        raise SummariesLacking(lacking)


def key_of(row: Row) -> Key:
    return row["created_at"], row["document_id"]


def portions(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), PORTION):
        yield items[start : start + PORTION]
