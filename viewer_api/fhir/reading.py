"""The use cases of FHIR reading, without their transport."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from keyvault.verbs.call import Call
from keyvault.verbs.reader.grants.reading import Disclosed
from keyvault.verbs.reader.holder.authorising import LARGEST_PAGE
from keyvault.verbs.rows import STUDY
from records.fhir.addresses import Addresses
from records.fhir.resources.document_references import DocumentReferences
from records.fhir.resources.imaging_studies import ImagingStudies
from records.fhir.search.fhir_search import DOCUMENT, IMAGING_STUDY, SET, Resources, set_search
from records.text.base64url import b64
from viewer_api.access import Access
from viewer_api.cursors import read_position
from viewer_api.fhir.cards.consents import shown_to
from viewer_api.fhir.cards.patients import patient
from viewer_api.fhir.entries import Entries
from viewer_api.fhir.ids import named_set, no_such_set
from viewer_api.fhir.log.log_answers import LogAnswers
from viewer_api.fhir.searching.bundles import Found, searchset
from viewer_api.fhir.searching.record_answers import RecordAnswers
from viewer_api.fhir.searching.search_query import SearchQuery
from viewer_api.fhir.searching.searched_types import CONSENT, PATIENT
from viewer_api.own_information import OwnInformation
from viewer_api.own_log import OwnLog
from viewer_api.refusals import no_such_document
from viewer_api.summarising import summarised


class FhirReading:
    """Reads records for callers. Everything asks the vault, which decides and logs."""

    def __init__(self, access: Access, own: OwnLog, addresses: Addresses) -> None:
        self._access = access
        self._addresses = addresses
        self.base = addresses.base
        self._log = LogAnswers(addresses, access, own)
        self.entries = Entries(OwnInformation(access), addresses)

    def document(self, call: Call, document_id: UUID) -> dict[str, Any]:
        """One document. Raises `NotFound` alike for no right, hidden and absent."""
        found = self._access.document(call, document_id)
        return DocumentReferences(self._addresses, found.record).shown(summarised(found))

    def documents(self, call: Call, query: SearchQuery) -> dict[str, Any]:
        """ITI-67. Raises `NotAuthorised` alike for no right and no record."""
        return self._searched(call, query, DOCUMENT)

    def study(self, call: Call, document_id: UUID) -> dict[str, Any]:
        """One study. Raises `NotFound` alike for no right, hidden, absent, and what is no study."""
        found = self._access.document(call, document_id)
        if found.facts.kind != STUDY:
            raise no_such_document()
        return ImagingStudies(self._addresses, found.record).shown(summarised(found))

    def studies(self, call: Call, query: SearchQuery) -> dict[str, Any]:
        """The studies of a record. Raises like `documents`."""
        return self._searched(call, query, IMAGING_STUDY)

    def submission_sets(self, call: Call, query: SearchQuery) -> dict[str, Any]:
        """ITI-66, the submission sets of a record. Raises like `documents`."""
        return self._searched(call, query, SET)

    def submission_set(self, call: Call, name: str) -> dict[str, Any]:
        """One submission set. Raises like `documents`, and `NotFound` where nothing of it may be seen."""
        found = self._access.pages(call, str(named_set(name))).search_documents(set_search(name))
        for each in found.sets:
            return Resources(self._addresses, found.public_id).of_set(each)
        raise no_such_set()

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
        _, found = shown_to(self._choices(call, locator))
        if not found:
            raise no_such_document()
        return found[0]

    def consents(self, call: Call, query: SearchQuery) -> dict[str, Any]:
        """The one Consent of a record's card, or none, and the declared ones. Raises like `documents`."""
        record, consents = shown_to(self._choices(call, query.locator))
        taken = [each for each in consents if query.takes(each)]
        taken += self.entries.taken(CONSENT, call, query)[1]
        return searchset(self._addresses, CONSENT, query, Found(record, taken, total=len(taken)))

    def _choices(self, call: Call, locator: str) -> Disclosed:
        """The card with all authorisations: one Consent tells them all; each page is a line of the log."""
        found = self._access.named(call, locator, ())
        choices = dict(found.choices or {})
        while (following := read_position(choices.get("next"))) is not None:
            more = self._access.choices(call, locator, following, LARGEST_PAGE)
            behind = (more.own or {}).get("authorisations", [])
            choices["authorisations"] = [*choices["authorisations"], *behind]
            choices["next"] = None if more.following is None else b64(more.following)
        return replace(found, choices=choices or None)

    def audit_events(self, call: Call, query: SearchQuery) -> dict[str, Any]:
        """ITI-81. Raises `NotAuthorised` alike for no right and no record."""
        return self._log.answer(call, query)

    def _searched(self, call: Call, query: SearchQuery, kind: str) -> dict[str, Any]:
        pages = self._access.pages(call, query.locator)
        return RecordAnswers(self._addresses, kind).answer(pages, query)
