"""The use case of reading what a patient declares of herself: one search of the vault, decided and logged."""

from dataclasses import dataclass, replace
from uuid import UUID

from keyvault.verbs.call import Call
from keyvault.verbs.reader.lists.filling import LARGEST_PAGE
from records.fhir.search.fhir_search import DOCUMENT, FhirSearch
from records.profile.kinds import ENTRY_TYPES
from records.profile.versions import EntryVersion, versions_of
from viewer_api.access import Access
from viewer_api.record_pages import RecordPages
from viewer_api.refusals import no_such_document
from viewer_api.summarising import summarised


@dataclass(frozen=True, slots=True)
class Declared:
    """`record` is the public id; `versions` newest first, those of the past to the holder alone."""

    record: UUID
    versions: tuple[EntryVersion, ...]


class OwnInformation:
    """Reads own information for callers."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def of_record(self, call: Call, locator: str) -> Declared:
        """All of a record. Raises `NotAuthorised` alike for no right and no record."""
        return _read(self._access.pages(call, locator))

    def of_entry(self, call: Call, entry_id: UUID) -> Declared:
        """All of the record that holds an entry, whose first version the caller may see.

        Raises `NotFound` alike for no right, hidden and absent.
        """
        first = self._access.document(call, entry_id)
        return self.of_record(call, str(first.record))

    def version(self, call: Call, document_id: UUID) -> Declared:
        """One version alone. Raises `NotFound` likewise, and for what is none."""
        seen = self._access.document(call, document_id)
        found = versions_of([summarised(seen)])
        if not found:
            raise no_such_document()
        return Declared(seen.record, found)


def _read(pages: RecordPages) -> Declared:
    asked = FhirSearch(DOCUMENT, (("type", ",".join(sorted(ENTRY_TYPES))),), limit=LARGEST_PAGE)
    found = pages.search_documents(asked)
    documents = [*found.documents]
    while found.following is not None:
        found = pages.search_documents(replace(asked, after=found.following))
        documents += found.documents
    return Declared(found.public_id, versions_of(documents))
