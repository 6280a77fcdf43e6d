"""ITI-81, Retrieve ATNA Audit Event: the log of a record, or what the caller did, as a searchset."""

import re
from collections.abc import Iterable
from typing import Any

from keyvault.verbs.call import Call
from keyvault.verbs.reader.lists.filling import LARGEST_PAGE
from keyvault.verbs.reader.log.log_reading import LogFilter
from records.errors import Invalid
from records.fhir.addresses import Addresses
from viewer_api.access import Access
from viewer_api.fhir.log.audit_events import AUDIT_EVENT, Resource, lines_of, own_line
from viewer_api.fhir.log.audit_parameters import period
from viewer_api.fhir.searching.bundles import Found, searchset
from viewer_api.fhir.searching.search_query import SearchQuery
from viewer_api.own_log import LogPeriod, OwnLog, read_place, write_place

_NUMBER = re.compile(r"[1-9][0-9]{0,15}")
Line = tuple[str | None, Resource]
"""Where the page after this line begins, and its event."""


class LogAnswers:
    """The verbs are those of the access log and of own actions; each question is a line of its own."""

    def __init__(self, addresses: Addresses, access: Access, own: OwnLog) -> None:
        self._addresses = addresses
        self._access = access
        self._own = own

    def answer(self, call: Call, query: SearchQuery) -> dict[str, Any]:
        """Of the record that is named, or, where none is, of the caller. Raises `NotAuthorised`."""
        return self._of_record(call, query) if query.locator else self._of_caller(call, query)

    def _of_record(self, call: Call, query: SearchQuery) -> dict[str, Any]:
        before = _number(query.after)
        since, until = period(query.asked)
        wanted = LogFilter(since=since, until=until)
        page = self._access.access_log(call, query.locator, before, _looked_at(query), wanted, proven=True)
        following = None if page.next_before is None else str(page.next_before)
        lines = ((str(seq), event) for seq, event in lines_of(page))
        shown, following = taken(query, lines, following)
        return self._bundle(query, Found(page.public_id, shown, following=following))

    def _of_caller(self, call: Call, query: SearchQuery) -> dict[str, Any]:
        since, until = period(query.asked)
        wanted = LogPeriod(read_place(query.after), _looked_at(query), since, until)
        page = self._own.actions(call, wanted)
        lines = ((write_place((each.at, each.leaf)), own_line(each, page.actor)) for each in page.actions)
        shown, following = taken(query, lines, write_place(page.following))
        return self._bundle(query, Found(None, shown, following=following))

    def _bundle(self, query: SearchQuery, found: Found) -> dict[str, Any]:
        return searchset(self._addresses, AUDIT_EVENT, query, found)


def taken(
    query: SearchQuery, lines: Iterable[Line], following: str | None
) -> tuple[list[Resource], str | None]:
    """The first lines that fit, and where to go on: behind the last of them, or behind all looked at."""
    shown: list[Resource] = []
    last: str | None = None
    for place, event in lines:
        if not query.takes(event):
            continue
        if len(shown) == query.count:
            return shown, last
        shown.append(event)
        last = place
    return shown, following


def _looked_at(query: SearchQuery) -> int:
    """A search for some looks at as many lines as the vault tells at once."""
    return LARGEST_PAGE if query.conditions else query.count


def _number(after: str | None) -> int | None:
    if after is None:
        return None
    if not _NUMBER.fullmatch(after):
        raise Invalid(
            "No page begins there: pass `_after` as the link to the next page gave it, or leave it out.",
            code="bad_cursor",
        )
    return int(after)
