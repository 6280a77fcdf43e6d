"""The query of `GET /records/{ins}/documents`: which page of which documents (docs/api.md)."""

import re
from datetime import date
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Query, Request

from keyvault.verbs.reader.lists.filling import LARGEST_PAGE, ListPage
from keyvault.verbs.reader.lists.listing import Listing
from records.documents.facts import Kind
from records.errors import Invalid
from records.filters import DocumentFilter
from viewer_api.cursors import read_cursor, write_cursor
from viewer_api.routes.numbers import Whole

DEFAULT = 100
_KEPT = frozenset({"limit", "since", "type", "kind", "from", "to"})
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def list_page(
    after: Annotated[str | None, Query(description="`next` of the page before", max_length=64)] = None,
    limit: Annotated[Whole, Query(ge=1, le=LARGEST_PAGE)] = DEFAULT,
    since: Annotated[Whole | None, Query(description="received since, unix seconds", ge=0, lt=2**53)] = None,
    type_codes: Annotated[list[str] | None, Query(alias="type", max_length=100)] = None,
    kinds: Annotated[list[Kind] | None, Query(alias="kind", max_length=2)] = None,
    first: Annotated[str | None, Query(alias="from", description="the document's own date")] = None,
    last: Annotated[str | None, Query(alias="to", description="the same, included")] = None,
) -> ListPage:
    """Raises `Invalid` "bad_cursor" or "bad_period"."""
    wanted = DocumentFilter(
        since=since,
        kinds=frozenset(kinds or ()),
        type_codes=frozenset(type_codes or ()),
        first=_day(first),
        last=_day(last),
    )
    if wanted.first and wanted.last and wanted.first > wanted.last:
        raise _bad_period()
    return ListPage(after=read_cursor(after), limit=limit, wanted=wanted, companions=True)


def next_link(request: Request, listing: Listing) -> str | None:
    """The next page of the same question (RFC 8288), under the record's public id; None on the last one."""
    if listing.following is None:
        return None
    asked = [each for each in request.query_params.multi_items() if each[0] in _KEPT]
    query = urlencode([*asked, ("after", write_cursor(listing.following))])
    return f'</records/{listing.public_id}/documents?{query}>; rel="next"'


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise _bad_period()


def _bad_period() -> Invalid:
    return Invalid("Give days as YYYY-MM-DD, the first before the last.", code="bad_period")
