"""The types of resources that are searched and read, as data: routes and CapabilityStatement follow them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from records.fhir.search.document_parameters import DOCUMENT_PARAMETERS
from records.fhir.search.imaging_parameters import IMAGING_PARAMETERS
from records.fhir.search.matching import Parameter
from records.fhir.wording import PATIENT_PARAMETERS
from viewer_api.fhir.cards.consent_parameters import CONSENT_PARAMETERS

CONSENT, DOCUMENT, IMAGING_STUDY, PATIENT = "Consent", "DocumentReference", "ImagingStudy", "Patient"


@dataclass(frozen=True, slots=True)
class SearchedType:
    """A type of resource with its search parameters, beside those that name the patient."""

    kind: str
    parameters: Mapping[str, Parameter]
    documentation: str

    @property
    def patient(self) -> frozenset[str]:
        """The parameters that name the patient."""
        return frozenset({"identifier", "_id"}) if self.kind == PATIENT else PATIENT_PARAMETERS


def _searched(kind: str, parameters: Iterable[Parameter], documentation: str) -> SearchedType:
    return SearchedType(kind, {each.name: each for each in parameters}, documentation)


_TYPES = (
    _searched(
        DOCUMENT,
        DOCUMENT_PARAMETERS,
        "Search: IHE MHD ITI-67. Read: for the depositor that it is there, for who may see the document what "
        "a list shows.",
    ),
    _searched(
        IMAGING_STUDY,
        IMAGING_PARAMETERS,
        "The studies of a record. Images are read at the contained endpoint; an order and reports have the "
        "same accession number or Study Instance UID (DocumentReference?related:identifier).",
    ),
    _searched(PATIENT, (), "Whose record it is: INS and traits, to whoever may open the record."),
    _searched(
        CONSENT,
        CONSENT_PARAMETERS,
        "The choices on a record's card: all of them to the holder, to a professional those about himself. "
        "Its id is the public id of the record.",
    ),
)
SEARCHED_TYPES: Mapping[str, SearchedType] = {each.kind: each for each in _TYPES}
READ_BY_ID = frozenset({CONSENT, DOCUMENT, IMAGING_STUDY, PATIENT, "Binary"})
