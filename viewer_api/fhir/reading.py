"""The use cases of FHIR reading, without their transport."""

from collections.abc import Callable, Collection, Iterable
from typing import Any
from uuid import UUID

from keyvault.verbs.attempt import Call
from keyvault.verbs.reader.listing import Listing
from keyvault.verbs.rows import STUDY
from records.fhir.addresses import Addresses
from records.fhir.resources.document_references import DocumentReferences
from records.fhir.resources.imaging_studies import ImagingStudies
from records.fhir.resources.study_links import StudyTokens, asked_studies, tokens_of_study, with_studies
from records.fhir.wording import outcome_issue
from records.filters import DocumentFilter
from records.listed_documents import ListedDocument
from records.vocabulary.codes import Obligation
from viewer_api.access import Access
from viewer_api.fhir.cards.consents import shown_to
from viewer_api.fhir.cards.patients import patient
from viewer_api.fhir.searching.bundles import Found, Issue, searchset
from viewer_api.fhir.searching.record_search import last_key, matching
from viewer_api.fhir.searching.search_query import SearchQuery
from viewer_api.fhir.searching.searched_types import CONSENT, DOCUMENT, IMAGING_STUDY, PATIENT
from viewer_api.presenting import CAUTIONS, cautions_of, warnings_of
from viewer_api.record_pages import RecordPages
from viewer_api.refusals import no_such_document
from viewer_api.summarising import summarised

Shown = Callable[[ListedDocument], dict[str, Any]]
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
        studies = _studies_of(pages, query)

        def present(listing: Listing) -> Shown:
            show = DocumentReferences(self._addresses, listing.public_id).shown
            return lambda document: with_studies(show(document), studies)

        return self._searched(pages, query, DOCUMENT, _narrowed(query), present)

    def study(self, call: Call, document_id: UUID) -> dict[str, Any]:
        """One study. Raises `NotFound` alike for no right, hidden, absent, and what is no study."""
        found = self._access.document(call, document_id)
        if found.facts.kind != STUDY:
            raise no_such_document()
        return ImagingStudies(self._addresses, found.record).shown(summarised(found))

    def studies(self, call: Call, query: SearchQuery) -> dict[str, Any]:
        """The studies of a record. Raises like `documents`."""

        def present(listing: Listing) -> Shown:
            return ImagingStudies(self._addresses, listing.public_id).shown

        pages = self._access.pages(call, query.locator)
        return self._searched(pages, query, IMAGING_STUDY, DocumentFilter(kinds=frozenset({STUDY})), present)

    def patient(self, call: Call, locator: str) -> dict[str, Any]:
        """Whose record it is. Raises like `documents`."""
        found = self._access.named(call, locator, ())
        return patient(found.public_id, found.whose)

    def patients(self, call: Call, query: SearchQuery) -> dict[str, Any]:
        """The one patient of an INS; without right and without a record there is the same refusal."""
        shown = self.patient(call, query.locator)
        found = Found(UUID(shown["id"]), [shown], total=1)
        return searchset(self._addresses, PATIENT, query, found)

    def consent(self, call: Call, locator: str) -> dict[str, Any]:
        """The choices on the card. Raises like `documents`, and `NotFound` where none concerns the caller."""
        _, found = shown_to(self._access.named(call, locator, ()))
        if not found:
            raise no_such_document()
        return found[0]

    def consents(self, call: Call, query: SearchQuery) -> dict[str, Any]:
        """The one Consent of a record, or none. Raises like `documents`."""
        record, consents = shown_to(self._access.named(call, query.locator, ()))
        taken = [each for each in consents if query.takes(each)]
        return searchset(self._addresses, CONSENT, query, Found(record, taken, total=len(taken)))

    def _searched(
        self,
        pages: RecordPages,
        query: SearchQuery,
        kind: str,
        wanted: DocumentFilter,
        present: Callable[[Listing], Shown],
    ) -> dict[str, Any]:
        found = matching(pages, query, wanted, present)
        shown = [] if query.counts_alone else [document for document, _ in found.found]
        conflicting = pages.conflicts(shown)
        answer = Found(
            record=found.listing.public_id,
            resources=[resource for _, resource in found.found],
            total=found.total if query.total != "none" else None,
            following=last_key(found),
            issues=[
                issue
                for document in shown
                for issue in _issues(document, conflicting.get(document.document_id, ()))
            ],
        )
        return searchset(self._addresses, kind, query, answer)


def _studies_of(pages: RecordPages, query: SearchQuery) -> StudyTokens:
    """What the studies that a search names are known by; they are opened for it, and that logged."""
    asked = asked_studies(query)
    if not asked:
        return {}
    studies = (summarised(each) for each in pages.opened(asked) if each.facts.kind == STUDY)
    return {each.document_id: tokens_of_study(each) for each in studies}


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
