"""The types of resources that are searched and read, as data: routes and CapabilityStatement follow them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from viewer_api.fhir.document_parameters import DOCUMENT_PARAMETERS
from viewer_api.fhir.matching import Parameter

DOCUMENT = "DocumentReference"


@dataclass(frozen=True, slots=True)
class SearchedType:
    """A type of resource with its search parameters, beside those that name the patient."""

    kind: str
    parameters: Mapping[str, Parameter]
    documentation: str


def _searched(kind: str, parameters: Iterable[Parameter], documentation: str) -> SearchedType:
    return SearchedType(kind, {each.name: each for each in parameters}, documentation)


_TYPES = (
    _searched(
        DOCUMENT,
        DOCUMENT_PARAMETERS,
        "Search: IHE MHD ITI-67. Read: for the depositor that it is there, for who may see the document what "
        "a list shows.",
    ),
)
SEARCHED_TYPES: Mapping[str, SearchedType] = {each.kind: each for each in _TYPES}
READ_BY_ID = frozenset({DOCUMENT, "Binary"})
