"""The document that the criteria of a conditional patch name (FHIR R4 section 3.1.0.11.1)."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from keyvault.verbs.call import Call
from records.errors import CoffreError, Invalid
from records.fhir.search.fhir_search import DOCUMENT
from records.fhir.systems import URI
from viewer_api.fhir.searching.search_query import Parameters, SearchQuery, read_search
from viewer_api.fhir.searching.searched_types import SEARCHED_TYPES
from viewer_api.refusals import no_such_document

IDENTIFIER = "identifier"
_OWN = f"{URI}|urn:uuid:"
_OF_THE_ANSWER = frozenset({"_format", "_pretty"})
Search = Callable[[Call, SearchQuery], dict[str, Any]]


def document_named(parameters: Parameters, call: Call, search: Search, base: str) -> UUID:
    """By the identifier that Coffre gives a document, which needs no patient; else by a search of one record,
    decided and logged like every search.

    Raises `Invalid` "bad_query", "patient_missing" or "unknown_parameter", `NotAuthorised`, `NotFound` where
    nothing of that name is to be seen, `CoffreError` "several_documents".
    """
    criteria = [each for each in parameters if each[0] not in _OF_THE_ANSWER]
    identifiers = [text for name, text in criteria if name == IDENTIFIER]
    if len(identifiers) != 1:
        raise Invalid("Name the one document by its identifier: identifier=system|value.", code="bad_query")
    if len(criteria) == 1 and identifiers[0].startswith(_OWN):
        return _own(identifiers[0].removeprefix(_OWN))
    query = read_search([*criteria, ("_count", "2")], SEARCHED_TYPES[DOCUMENT], base, strict=True)
    entries = search(call, query).get("entry", [])
    found = [each["resource"]["id"] for each in entries if each["search"]["mode"] == "match"]
    if len(found) > 1:
        raise CoffreError(
            "Several documents have this identifier: change one by its id.", code="several_documents"
        )
    if not found:
        raise no_such_document()
    return UUID(found[0])


def _own(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise no_such_document() from None
