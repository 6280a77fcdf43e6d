"""One search of a record's documents, studies or submission sets, as a client asks it (FHIR R4, 3.1.1).

Conditions are about the resources that an answer shows: vault and reader make them alike.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from records.documents.listed import ListedDocument
from records.fhir.addresses import Addresses
from records.fhir.resources.document_references import DocumentReferences
from records.fhir.resources.imaging_studies import ImagingStudies
from records.fhir.resources.submission_sets import SubmissionSet, submission_set
from records.fhir.search.document_parameters import DOCUMENT_PARAMETERS
from records.fhir.search.imaging_parameters import IMAGING_PARAMETERS
from records.fhir.search.matching import Condition, Parameter, Resource, condition, split
from records.fhir.search.set_parameters import SET_PARAMETERS
from records.fhir.search.study_links import StudyTokens, with_studies
from records.filters import DocumentFilter

DOCUMENT, IMAGING_STUDY, SET = "DocumentReference", "ImagingStudy", "List"
PARAMETERS: Mapping[str, Mapping[str, Parameter]] = {
    DOCUMENT: {each.name: each for each in DOCUMENT_PARAMETERS},
    IMAGING_STUDY: {each.name: each for each in IMAGING_PARAMETERS},
    SET: {each.name: each for each in SET_PARAMETERS},
}
"""By type of resource: what is searched by, beside the patient."""


@dataclass(frozen=True, slots=True)
class FhirSearch:
    """`kind` is the type of resource, `asked` names of parameters, with modifiers, and their texts.

    `limit` resources from the key `after` on are asked for, newest first. `counted`: the record is read to
    its end, for the total. `beside`: what the resources refer to, or what refers to them, is asked for, too.
    """

    kind: str
    asked: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    after: tuple[int, UUID] | None = None
    limit: int = 100
    counted: bool = False
    beside: bool = False

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Raises `Invalid` "bad_query", which names the parameter and never the value."""
        known = PARAMETERS[self.kind]
        named = ((*name.partition(":")[::2], text) for name, text in self.asked)
        return tuple(condition(known[name], modifier, text) for name, modifier, text in named)

    @property
    def wanted(self) -> DocumentFilter:
        """What can be left out by facts, before a summary is opened."""
        kinds = frozenset({"study"}) if self.kind == IMAGING_STUDY else frozenset()
        types = self.values_of("type")
        codes = frozenset(text.rpartition("|")[2] for text in types[0]) if types else frozenset()
        return DocumentFilter(kinds=kinds, type_codes=codes if all(codes) else frozenset())

    @property
    def named_studies(self) -> tuple[UUID, ...]:
        """The studies that `related=ImagingStudy/{id}` names."""
        texts = (text for each in self.values_of("related") for text in each)
        parts = (text.rstrip("/").split("/")[-2:] for text in texts)
        named = (each[-1] for each in parts if each[:-1] in ([], [IMAGING_STUDY]))
        return tuple(dict.fromkeys(found for text in named if (found := _id(text))))

    @property
    def named(self) -> tuple[UUID, ...] | None:
        """The documents, or submissions of the sets, that `_id` names; None where it may be about any."""
        texts = self.values_of("_id")
        if not texts:
            return None
        names = (text.rpartition("|")[2] for text in texts[0])
        ids = (_id(name[-32:] if self.kind == SET else name) for name in names)
        return tuple(dict.fromkeys(found for found in ids if found))

    def values_of(self, name: str) -> list[list[str]]:
        """The alternatives of each time that a parameter was given, without modifier."""
        return [split(text, ",") for asked, text in self.asked if asked == name]


def set_search(name: str) -> FhirSearch:
    """The read of one submission set by its id."""
    return FhirSearch(SET, (("_id", name),), limit=1)


class Resources:
    """The resources of one record, by whose public id they name it."""

    def __init__(self, addresses: Addresses, record: UUID) -> None:
        self._record = record
        self._references = DocumentReferences(addresses, record)
        self._studies = ImagingStudies(addresses, record)

    def of(self, kind: str, document: ListedDocument, studies: StudyTokens) -> Resource:
        """An ImagingStudy, or a DocumentReference that names those of `studies` which it is about."""
        if kind == IMAGING_STUDY:
            return self._studies.shown(document)
        return with_studies(self._references.shown(document), studies)

    def of_set(self, found: SubmissionSet) -> Resource:
        return submission_set(self._record, found)


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
