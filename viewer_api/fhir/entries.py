"""Own information as FHIR R4 resources: what counts now by search, versions by history (3.1.0)."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from keyvault.verbs.call import Call
from records.fhir.addresses import Addresses
from records.profile.kinds import KINDS
from records.profile.versions import EntryVersion, current, history, shown_version
from viewer_api.fhir.searching.bundles import Found, searchset
from viewer_api.fhir.searching.search_query import SearchQuery
from viewer_api.own_information import Declared, OwnInformation


class Entries:
    """Reads entries for callers, as resources."""

    def __init__(self, own: OwnInformation, addresses: Addresses) -> None:
        self._own = own
        self._addresses = addresses

    def search(self, kind: str, call: Call, query: SearchQuery) -> dict[str, Any]:
        """What counts now, of one type. Raises `NotAuthorised` alike for no right and no record."""
        record, found = self.taken(kind, call, query)
        return searchset(self._addresses, kind, query, Found(record, found, total=len(found)))

    def taken(self, kind: str, call: Call, query: SearchQuery) -> tuple[UUID, list[dict[str, Any]]]:
        """The public id of the record, and the resources that the search takes."""
        declared = self._own.of_record(call, query.locator)
        resources = [shown_version(each, declared.record) for each in current(_of(kind, declared))]
        return declared.record, [each for each in resources if query.takes(each)]

    def read(self, kind: str, call: Call, entry_id: UUID) -> tuple[str, dict[str, Any]]:
        """The newest version that may be seen, with its ETag. Raises `NotFound`."""
        declared = self._own.of_entry(call, entry_id)
        newest = history(_of(kind, declared), entry_id)[0]
        return f'W/"{newest.document_id}"', shown_version(newest, declared.record)

    def version(self, kind: str, call: Call, entry_id: UUID, version: UUID) -> dict[str, Any]:
        """One version. Raises `NotFound`."""
        declared = self._own.version(call, version)
        (found,) = history(_of(kind, declared), entry_id)
        return shown_version(found, declared.record)

    def history(self, kind: str, call: Call, entry_id: UUID) -> dict[str, Any]:
        """The versions that may be seen, newest first. Raises `NotFound`."""
        declared = self._own.of_entry(call, entry_id)
        versions = history(_of(kind, declared), entry_id)
        entries = [self._entry(kind, each, declared.record) for each in versions]
        return {"resourceType": "Bundle", "type": "history", "total": len(entries), "entry": entries}

    def _entry(self, kind: str, version: EntryVersion, record: UUID) -> dict[str, Any]:
        is_first = version.document_id == version.entry_id
        address = f"{kind}" if is_first else f"{kind}/{version.entry_id}"
        return {
            "fullUrl": self._addresses.resource(kind, version.entry_id),
            "resource": shown_version(version, record),
            "request": {"method": "POST" if is_first else "PUT", "url": address},
            "response": {
                "status": "201" if is_first else "200",
                "etag": f'W/"{version.document_id}"',
            },
        }


def _of(kind: str, declared: Declared) -> Sequence[EntryVersion]:
    return [each for each in declared.versions if KINDS[each.kind].resource == kind]
