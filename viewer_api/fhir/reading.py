"""The use cases of FHIR reading, without their transport."""

from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from keyvault.verbs.attempt import Call
from keyvault.verbs.reader.listing import ListedDocument, Listing
from records.fhir import outcome_issue
from records.filters import DocumentFilter
from records.vocabulary.codes import Obligation
from viewer_api.access import Access
from viewer_api.fhir.addresses import Addresses
from viewer_api.fhir.bundles import Found, Issue, searchset
from viewer_api.fhir.document_references import DocumentReferences
from viewer_api.fhir.record_search import last_key, matching
from viewer_api.fhir.search_query import SearchQuery
from viewer_api.fhir.searched_types import DOCUMENT
from viewer_api.presenting import CAUTIONS, cautions_of, warnings_of
from viewer_api.summarising import summarised

_HIDDEN = (
    "Le patient, ou ses représentants, ne voient pas encore ce document. / The patient, or their "
    "representatives, cannot see this document yet."
)


class FhirReading:
    """Reads records for callers. Everything asks the vault, which decides and logs."""

    def __init__(self, access: Access, addresses: Addresses) -> None:
        self._access = access
        self._addresses = addresses

    def document(self, call: Call, document_id: UUID) -> dict[str, Any]:
        """One document. Raises `NotFound` alike for no right, hidden and absent."""
        found = self._access.document(call, document_id)
        return DocumentReferences(self._addresses, found.record).shown(summarised(found))

    def documents(self, call: Call, query: SearchQuery) -> dict[str, Any]:
        """ITI-67. Raises `NotAuthorised` alike for no right and no record."""
        pages = self._access.pages(call, query.locator)

        def present(listing: Listing) -> Any:
            return DocumentReferences(self._addresses, listing.public_id).shown

        found = matching(pages, query, _narrowed(query), present)
        shown = [document for document, _ in found.found]
        conflicting = pages.conflicts(shown) if not query.counts_alone else {}
        answer = Found(
            record=found.listing.public_id,
            resources=[resource for _, resource in found.found],
            total=found.total if query.total != "none" else None,
            following=last_key(found),
            issues=[
                issue
                for document in shown
                for issue in _issues(document, conflicting.get(document.document_id, ()))
            ]
            if not query.counts_alone
            else (),
        )
        return searchset(self._addresses, DOCUMENT, query, answer)


def _narrowed(query: SearchQuery) -> DocumentFilter:
    """What the vault can leave out by facts that it has without opening a summary: the type."""
    types = query.values_of("type")
    if not types:
        return DocumentFilter()
    codes = frozenset(text.rpartition("|")[2] for text in types[0])
    return DocumentFilter(type_codes=codes) if all(codes) else DocumentFilter()


def _issues(document: ListedDocument, conflicting: Collection[str]) -> Iterable[Issue]:
    """What whoever reads the document has to know first."""
    for code in cautions_of(warnings_of(document, conflicting)):
        yield _about(document, code, " / ".join(CAUTIONS[code]))
    if Obligation.WARN_HIDDEN_FROM_PATIENT in document.obligations:
        yield _about(document, Obligation.WARN_HIDDEN_FROM_PATIENT.value, _HIDDEN)


def _about(document: ListedDocument, code: str, sentence: str) -> Issue:
    issue = outcome_issue(code, sentence, "informational", "warning")
    return {**issue, "diagnostics": f"{DOCUMENT}/{document.document_id}"}
