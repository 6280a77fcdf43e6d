"""Searchset bundles (FHIR R4 sections 3.1.1.3 and 2.36): matches, links, and what there is to say."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from records.fhir.addresses import Addresses
from records.fhir.wording import outcome_issue
from viewer_api.fhir.searching.search_query import AFTER, SearchQuery
from viewer_api.fhir.searching.searched_types import PATIENT

Issue = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """What a search answers. `total` is None where nobody counted to the end; `following` begins the next
    page, as `_after` takes it; `record` is the public id that links name instead of an INS, None where the
    answer is about the caller; `included` came along.
    """

    record: UUID | None
    resources: Sequence[dict[str, Any]] = field(repr=False)
    included: Sequence[dict[str, Any]] = field(default=(), repr=False)
    total: int | None = None
    following: str | None = None
    issues: Sequence[Issue] = ()


def searchset(addresses: Addresses, kind: str, query: SearchQuery, found: Found) -> dict[str, Any]:
    """The bundle of one page; `kind` is the type of resource that was searched."""
    bundle: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset"}
    if found.total is not None:
        bundle["total"] = found.total
    bundle["link"] = [*_links(addresses, kind, query, found)]
    entries: list[dict[str, Any]] = []
    if not query.counts_alone:
        entries += _entries(addresses, found.resources, "match")
        entries += _entries(addresses, found.included, "include")
    if issues := [*_ignored(query), *found.issues]:
        outcome = {"resourceType": "OperationOutcome", "issue": issues}
        entries.append({"resource": outcome, "search": {"mode": "outcome"}})
    if entries:
        bundle["entry"] = entries
    return bundle


def _links(addresses: Addresses, kind: str, query: SearchQuery, found: Found) -> Iterable[dict[str, str]]:
    asked: list[tuple[str, str]] = [*_named(kind, found.record), *query.asked, *query.included]
    asked.append(("_count", str(query.count)) if not query.counts_alone else ("_summary", "count"))
    if query.total is not None:
        asked.append(("_total", query.total))
    here = [*asked, (AFTER, query.after)] if query.after else asked
    yield _link(addresses, kind, "self", here)
    if query.after:
        yield _link(addresses, kind, "first", asked)
    if found.following is not None:
        yield _link(addresses, kind, "next", [*asked, (AFTER, found.following)])


def _named(kind: str, record: UUID | None) -> Iterable[tuple[str, str]]:
    if record is not None:
        yield ("_id", str(record)) if kind == PATIENT else ("patient", f"Patient/{record}")


def _link(addresses: Addresses, kind: str, relation: str, asked: Sequence[tuple[str, str]]) -> dict[str, str]:
    return {"relation": relation, "url": f"{addresses.base}/{kind}?{urlencode(asked)}"}


def _entries(
    addresses: Addresses, resources: Iterable[dict[str, Any]], mode: str
) -> Iterable[dict[str, Any]]:
    for each in resources:
        address = addresses.resource(each["resourceType"], each["id"])
        yield {"fullUrl": address, "resource": each, "search": {"mode": mode}}


def _ignored(query: SearchQuery) -> Iterable[Issue]:
    if query.ignored:
        names = ", ".join(query.ignored)
        yield outcome_issue(
            "parameter_ignored",
            f"These parameters are not known here, or not with that value, and had no effect: {names}.",
            "not-supported",
            "warning",
        )
