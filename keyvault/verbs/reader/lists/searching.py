"""`search`: the studies, series or instances of a record that an actor may see and that a search asks for.

One call and one line in the log whatever the page (docs/adr/0020-search-in-the-vault.md): matching is done
here, over summaries, and over details where series or instances are looked for. Nothing that is hidden is
matched, counted or stepped over.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice
from uuid import UUID

from keyvault.context import Vault
from keyvault.crypto.search_tokens import TokenField
from keyvault.store import VaultTransaction
from keyvault.transaction import Transaction
from keyvault.verbs.attempt import Attempt
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.caller import allow_next, caller
from keyvault.verbs.reader.grants.reading import tell_listed
from keyvault.verbs.reader.lists.filling import Reader, SummariesLacking
from keyvault.verbs.reader.lists.imaging_page import DetailsLacking, ImagingPage
from keyvault.verbs.reader.lists.imaging_walk import Group, groups, studies
from keyvault.verbs.reader.lists.rows_needed import Brought, Made, RowsNeeded, with_rows
from keyvault.verbs.reader.lists.snapshot import Question
from keyvault.verbs.rows import SealedRow
from records.documents.details import DocumentDetails
from records.imaging.attributes import Level
from records.imaging.items import may_hold, studies_found
from records.imaging.search import ImagingSearch
from records.imaging.studies import Study
from records.vocabulary.codes import Action


@dataclass(frozen=True, slots=True)
class FoundImaging:
    """The studies that the asked items are of, or are; `skipped` of what matches in them comes before them.

    `left` are matching items that follow, counted as far as was asked. `cut`: what follows was not looked at.
    `named`: something may be seen of the study that the address names.
    """

    public_id: UUID
    studies: tuple[Study, ...] = field(repr=False)
    skipped: int
    left: int
    cut: bool
    named: bool


class SearchingVerbs:
    """For the reader process."""

    _vault: Vault

    def search(
        self,
        call: Call,
        record_id: UUID,
        asked: ImagingSearch,
        rows: Sequence[SealedRow] = (),
        without: Sequence[UUID] = (),
    ) -> FoundImaging | RowsNeeded | Denied:
        """`rows` and `without` like those of `list`."""
        vault = self._vault
        actor = caller(vault, call, "search", record_id=record_id, study=asked.study, after=None)

        def told(transaction: Transaction, found: Attempt, answer: FoundImaging) -> FoundImaging:
            tell_listed(transaction, found, sum(len(each.documents) for each in answer.studies))
            return answer

        return with_rows(
            vault,
            Question(call, actor, Action.SEARCH, record_id),
            Brought(rows, without),
            partial(_search, vault, asked),
            told,
            lambda transaction: allow_next(transaction, call, "search", None),
        )


def _search(
    vault: Vault, asked: ImagingSearch, tx: VaultTransaction, found: Attempt, made: Made
) -> FoundImaging | RowsNeeded:
    reader = Reader(tx, found, made.summaries, made.left_out)
    tokens = None if asked.named is None else [vault.token(TokenField.STUDY, uid) for uid in asked.named]
    walk = groups(reader, tokens, asked.offset + asked.limit + 1)
    try:
        if asked.level is Level.STUDY:
            return _studies(reader, found, asked, walk)
        return _below(reader, found, asked, walk, made.details)
    except SummariesLacking as lacking:
        return RowsNeeded((*made.in_part, *lacking.ids))
    except DetailsLacking as lacking:
        return RowsNeeded(tuple(sorted({*made.details, *lacking.ids})))


def _studies(reader: Reader, found: Attempt, asked: ImagingSearch, walk: Iterator[Group]) -> FoundImaging:
    conditions = asked.conditions
    if not conditions.each:  # nothing is opened of what is stepped over
        page = tuple(studies(reader, [*islice(walk, asked.offset, asked.offset + asked.limit)]))
        return FoundImaging(found.public_id, page, 0, _count(walk, asked.beyond), False, bool(page))
    matching = (study for study, _ in studies_found(studies(reader, walk), conditions))
    page = tuple(islice(matching, asked.offset, asked.offset + asked.limit))
    return FoundImaging(found.public_id, page, 0, _count(matching, asked.beyond), False, bool(page))


def _below(
    reader: Reader,
    found: Attempt,
    asked: ImagingSearch,
    walk: Iterator[Group],
    details: Mapping[UUID, tuple[DocumentDetails, ...]],
) -> FoundImaging:
    """Series or instances: the details of what may hold some are opened, as far as the page needs them."""
    page, conditions = ImagingPage(asked, details), asked.conditions
    seen = studies(reader, walk)
    newest = [*islice(seen, 1)]
    for study, _ in studies_found(chain(newest, seen), conditions):
        if may_hold(study, conditions) and not page.add(study):
            break
    page.check()
    return FoundImaging(found.public_id, tuple(page.studies), page.skipped, page.left, page.cut, bool(newest))


def _count(each: Iterator[object], most: int) -> int:
    return sum(1 for _ in islice(each, most))
