"""The bundle that answers a search of one record: what the vault found, and what to know of it."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from keyvault.verbs.reader.lists.searching_documents import FoundDocuments
from records.documents.listed import ListedDocument
from records.fhir.addresses import Addresses
from records.fhir.search.fhir_search import DOCUMENT, IMAGING_STUDY, SET, Resources
from records.fhir.search.study_links import tokens_of_study
from records.fhir.wording import outcome_issue
from records.vocabulary.codes import Obligation
from viewer_api.cursors import write_cursor
from viewer_api.fhir.searching.bundles import Found, Issue, searchset
from viewer_api.fhir.searching.search_query import SearchQuery
from viewer_api.presenting import CAUTIONS, cautions_of, warnings_of
from viewer_api.record_pages import RecordPages

Resource = dict[str, Any]
_HIDDEN = (
    "Le patient, ou ses représentants, ne voient pas encore ce document. / The patient, or their "
    "representatives, cannot see this document yet."
)

_ASSUMED = (
    "Nous supposons que votre profession peut lire ce type de document : le tableau officiel n'est pas connu "
    "en entier. / We take it that your profession may read this type of document: the official table is not "
    "known in full."
)


class RecordAnswers:
    """Searches of one type of resource, `kind`."""

    def __init__(self, addresses: Addresses, kind: str) -> None:
        self._addresses = addresses
        self._kind = kind

    def answer(self, pages: RecordPages, query: SearchQuery) -> Resource:
        """Raises `NotAuthorised` alike for no right and no record."""
        found = pages.search_documents(query.of(self._kind))
        shown = self._matches(found)
        beside = self._included(found, shown) if query.included else []
        described = [*found.documents, *(document for document, _ in beside)]
        conflicting = pages.conflicts(_once(described))
        return searchset(
            self._addresses,
            self._kind,
            query,
            Found(
                record=found.public_id,
                resources=shown,
                included=[resource for _, resource in beside],
                total=found.total if query.total != "none" else None,
                following=None if found.following is None else write_cursor(found.following),
                issues=[
                    issue
                    for document in _once(described)
                    for issue in _issues(document, conflicting.get(document.document_id, ()))
                ],
            ),
        )

    def _matches(self, found: FoundDocuments) -> list[Resource]:
        resources = Resources(self._addresses, found.public_id)
        if self._kind == SET:
            return [resources.of_set(each) for each in found.sets]
        studies = {each.document_id: tokens_of_study(each) for each in found.beside if _is_study(each)}
        return [resources.of(self._kind, each, studies) for each in found.documents]

    def _included(
        self, found: FoundDocuments, shown: Sequence[Resource]
    ) -> list[tuple[ListedDocument, Resource]]:
        """What the matches refer to; for studies the documents that refer to them."""
        resources = Resources(self._addresses, found.public_id)
        if self._kind == SET:
            documents = _once(document for each in found.sets for document in each.documents)
            return [(each, resources.of(DOCUMENT, each, {})) for each in documents]
        if self._kind == IMAGING_STUDY:
            studies = {each.document_id: tokens_of_study(each) for each in found.documents}
            return [(each, resources.of(DOCUMENT, each, studies)) for each in found.beside]
        named = {one.get("reference") for each in shown for one in each.get("context", {}).get("related", ())}
        return [
            (each, resources.of(IMAGING_STUDY, each, {}))
            for each in found.beside
            if f"{IMAGING_STUDY}/{each.document_id}" in named
        ]


def _is_study(document: ListedDocument) -> bool:
    return document.facts.kind == "study"


def _once(documents: Iterable[ListedDocument]) -> list[ListedDocument]:
    return [*{each.document_id: each for each in documents}.values()]


def _issues(document: ListedDocument, conflicting: Collection[str]) -> Iterable[Issue]:
    """What whoever reads the document has to know first."""
    for code in cautions_of(warnings_of(document, conflicting)):
        yield _about(document, code, " / ".join(CAUTIONS[code]))
    if Obligation.WARN_HIDDEN_FROM_PATIENT in document.obligations:
        yield _about(document, Obligation.WARN_HIDDEN_FROM_PATIENT.value, _HIDDEN)
    if Obligation.TELL_ASSUMED_RIGHT in document.obligations:
        yield _about(document, Obligation.TELL_ASSUMED_RIGHT.value, _ASSUMED)


def _about(document: ListedDocument, code: str, sentence: str) -> Issue:
    issue = outcome_issue(code, sentence, "informational", "warning")
    return {**issue, "diagnostics": f"{DOCUMENT}/{document.document_id}"}
