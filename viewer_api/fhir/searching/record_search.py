"""Search one record's documents: page by page of the vault, as far as the answer asks."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from keyvault.verbs.reader.filling import LARGEST_PAGE, Key, ListPage
from keyvault.verbs.reader.listing import Listing
from records.filters import DocumentFilter
from records.listed_documents import ListedDocument
from viewer_api.fhir.searching.search_query import SearchQuery
from viewer_api.record_pages import RecordPages

Shown = tuple[ListedDocument, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Matches:
    """`total` is None where the search ended before the record did, or began amid it."""

    listing: Listing
    found: tuple[Shown, ...]
    more: bool
    total: int | None


def matching(
    pages: RecordPages,
    query: SearchQuery,
    wanted: DocumentFilter,
    present: Callable[[Listing], Callable[[ListedDocument], dict[str, Any]]],
) -> Matches:
    """The page of documents that a search asks for, newest first.

    `wanted` is what the vault leaves out beforehand; `present` makes the resource that conditions are about.
    One match is looked for beyond the page: with none there is no next page.
    """
    limit = min(query.count + 1, LARGEST_PAGE)
    first = pages.page(ListPage(after=query.after, limit=limit, wanted=wanted))
    show = present(first)
    every = query.counts_alone or query.total == "accurate"
    found: list[Shown] = []
    counted = 0
    for listing in _walk(pages, first, ListPage(limit=LARGEST_PAGE, wanted=wanted)):
        for document in listing.documents:
            resource = show(document)
            if query.takes(resource):
                counted += 1
                if len(found) <= query.count:
                    found.append((document, resource))
        if counted > query.count and not every:
            return Matches(first, tuple(found[: query.count]), True, None)
    total = counted if query.after is None else None
    return Matches(first, tuple(found[: query.count]), counted > query.count, total)


def last_key(found: Matches) -> Key | None:
    """Where the next page begins: a document that was shown, so that it says nothing of others."""
    if not found.more or not found.found:
        return None
    document, _ = found.found[-1]
    return document.created_at, document.document_id


def _walk(pages: RecordPages, listing: Listing, page: ListPage) -> Iterator[Listing]:
    while True:
        yield listing
        if listing.following is None:
            return
        listing = pages.page(replace(page, after=listing.following))
