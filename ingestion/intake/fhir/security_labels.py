"""Labels that a sender gives a document (FHIR R4 6.1.1; IHE MHD confidentialityCode; ASIP table J08)."""

from collections.abc import Iterable, Sequence

from ingestion.intake.fhir.data_types import CodeableConcept, Coding
from records.errors import Invalid
from records.fhir.systems import CONFIDENTIALITY, VISIBILITY, one_name
from records.vocabulary.codes import Label

NORMAL = "N"
TEST_DATA = ("http://terminology.hl7.org/CodeSystem/v3-ActReason", "HTEST")
_VISIBILITY = frozenset(label.value for label in Label)
# restricted and very restricted: each would have to hide what is published
_NOT_YET = frozenset({"R", "V"})


def labels_of(element: str, labels: Iterable[CodeableConcept]) -> frozenset[str]:
    """The codes of TRE_A07 among the labels, several of which may stand in one concept.

    Raises `Invalid` "label_not_supported" or "unknown_label": a label is never dropped.
    """
    found: set[str] = set()
    for concept in labels:
        if any(each.code in _NOT_YET for each in concept.coding):
            raise Invalid(
                f"DocumentReference.{element}: a deposit cannot carry this label yet, and without it the "
                "document would be seen. Do not send it, or let the patient mask it afterwards.",
                code="label_not_supported",
            )
        if not concept.coding or not all(map(_is_known, concept.coding)):
            raise Invalid(
                f"DocumentReference.{element} holds a label that is not known here.", code="unknown_label"
            )
        found |= {each.code for each in concept.coding if each.code in _VISIBILITY}
    return frozenset(found)


def is_test_data(codings: Sequence[Coding]) -> bool:
    return any((each.system, each.code) == TEST_DATA for each in codings)


def _is_known(coding: Coding) -> bool:
    if coding.code in _VISIBILITY:
        return coding.system is None or one_name(coding.system) == VISIBILITY
    return coding.code == NORMAL and (coding.system is None or one_name(coding.system) == CONFIDENTIALITY)
