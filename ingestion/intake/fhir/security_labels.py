"""Labels that a sender gives a document (FHIR R4 6.1.1; IHE MHD confidentialityCode; ASIP table J08)."""

from collections.abc import Iterable, Sequence

from ingestion.intake.fhir.data_types import CodeableConcept, Coding
from records.errors import Invalid
from records.vocabulary.codes import Label

NORMAL = "N"
CONFIDENTIALITY = frozenset(
    {
        None,
        "urn:oid:2.16.840.1.113883.5.25",
        "http://hl7.org/fhir/v3/Confidentiality",
        "http://terminology.hl7.org/CodeSystem/v3-Confidentiality",
    }
)
TEST_DATA = ("http://terminology.hl7.org/CodeSystem/v3-ActReason", "HTEST")
# restricted, very restricted, and the choices of visibility: each would have to hide what is published
_NOT_YET = frozenset({"R", "V", *(label.value for label in Label)})


def check_labels(element: str, labels: Iterable[CodeableConcept]) -> None:
    """Raises `Invalid` "label_not_supported" or "unknown_label": a label is never dropped."""
    for concept in labels:
        codes = [each.code for each in concept.coding]
        if any(code in _NOT_YET for code in codes):
            raise Invalid(
                f"DocumentReference.{element}: a deposit cannot carry this label yet, and without it the "
                "document would be seen. Do not send it, or let the patient mask it afterwards.",
                code="label_not_supported",
            )
        if not codes or not all(_is_normal(each) for each in concept.coding):
            raise Invalid(
                f"DocumentReference.{element} holds a label that is not known here.", code="unknown_label"
            )


def is_test_data(codings: Sequence[Coding]) -> bool:
    return any((each.system, each.code) == TEST_DATA for each in codings)


def _is_normal(coding: Coding) -> bool:
    return coding.code == NORMAL and coding.system in CONFIDENTIALITY
