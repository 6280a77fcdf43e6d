"""The types of resources that are searched and read, as data: routes and CapabilityStatement follow them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from records.fhir.search.fhir_search import DOCUMENT, IMAGING_STUDY, PARAMETERS, SET
from records.fhir.search.matching import Parameter
from records.fhir.wording import PATIENT_PARAMETERS
from records.profile.kinds import RESOURCES
from viewer_api.fhir.cards.consent_parameters import CONSENT_PARAMETERS
from viewer_api.fhir.log.audit_events import AUDIT_EVENT
from viewer_api.fhir.log.audit_parameters import AUDIT_EVENT_PARAMETERS

CONSENT, PATIENT = "Consent", "Patient"
INCLUDE, REVERSE_INCLUDE = "_include", "_revinclude"


@dataclass(frozen=True, slots=True)
class SearchedType:
    """A type of resource with its search parameters, beside those that name the patient."""

    kind: str
    parameters: Mapping[str, Parameter]
    documentation: str
    includes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The values of `_include` and `_revinclude` that are known (R4 section 3.1.1.5.1)."""
    needs_patient: bool = True
    counted: bool = True
    """Whether a search may be for the number alone; a log is counted by reading it."""

    @property
    def patient(self) -> frozenset[str]:
        """The parameters that name the patient."""
        return frozenset({"identifier", "_id"}) if self.kind == PATIENT else PATIENT_PARAMETERS


_TYPES = (
    SearchedType(
        DOCUMENT,
        PARAMETERS[DOCUMENT],
        "Search: IHE MHD ITI-67. Read: for the depositor that it is there, for who may see the document what "
        "a list shows. With _include=DocumentReference:related each names the studies that it is about, by "
        "Study Instance UID, accession and order numbers.",
        {INCLUDE: frozenset({"DocumentReference:related", "DocumentReference:related:ImagingStudy"})},
    ),
    SearchedType(
        IMAGING_STUDY,
        PARAMETERS[IMAGING_STUDY],
        "The studies of a record. Images are read at the contained endpoint. With "
        "_revinclude=DocumentReference:related come the documents that are about them, and name them, found "
        "by Study Instance UID, accession and order numbers.",
        {REVERSE_INCLUDE: frozenset({"DocumentReference:related"})},
    ),
    SearchedType(
        SET,
        PARAMETERS[SET],
        "Submission sets, IHE MHD ITI-66: what one deposit brought into the record, as far as the caller may "
        "see it. There are no folders.",
        {INCLUDE: frozenset({"List:item", "List:item:DocumentReference"})},
    ),
    SearchedType(PATIENT, {}, "Whose record it is: INS and traits, to whoever may open the record."),
    SearchedType(
        CONSENT,
        {each.name: each for each in CONSENT_PARAMETERS},
        "The choices on a record's card: all of them to the holder, to a professional those about himself; "
        "its id is the public id of the record. Then what the patient declares: advance directives, organ "
        "donation.",
    ),
    SearchedType(
        AUDIT_EVENT,
        {each.name: each for each in AUDIT_EVENT_PARAMETERS},
        "IHE ITI-81. With patient: the access log of that record, for its holder and attending doctors. "
        "Without: what a professional did, for that professional. A page may hold fewer than _count, or "
        "none, and yet have a next one. Asking is a line of the log, too.",
        needs_patient=False,
        counted=False,
    ),
)
_ENTRIES = tuple(
    SearchedType(
        kind,
        {},
        "What the patient declares, as it counts now: created and changed by the patient alone, and marked "
        "as patient asserted.",
    )
    for kind in sorted(RESOURCES - {CONSENT})
)
SEARCHED_TYPES: Mapping[str, SearchedType] = {each.kind: each for each in (*_TYPES, *_ENTRIES)}
READ_BY_ID = frozenset({CONSENT, DOCUMENT, IMAGING_STUDY, PATIENT, SET, "Binary", *RESOURCES})
