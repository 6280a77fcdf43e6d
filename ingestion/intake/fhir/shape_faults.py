"""The sentence and the code for a DocumentReference that is not written as FHIR R4 writes it.

Pydantic finds the fault (`ingestion/intake/fhir/document_reference_model.py`). A sender is told where it is
and what stands there in R4, never what was found: a value may name a person.
"""

from typing import NoReturn

from pydantic import ValidationError

from ingestion.intake.fhir.data_types import BAD_DATE
from records.errors import Invalid


def refuse_shape(error: ValidationError) -> NoReturn:
    """One sentence for the first fault; of a member that R4 doesn't define only the place is told."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    unknown = first["type"] == "extra_forbidden"
    place = _place(first["loc"][:-1] if unknown else first["loc"])
    if unknown:
        raise Invalid(f"{place} holds a member that FHIR R4 does not define.", code="unknown_element")
    if first["type"] == BAD_DATE:
        raise Invalid(
            f"{place} is no date of FHIR: YYYY-MM-DD, or with time and zone; a period ends after it begins.",
            code="bad_date",
        )
    _refuse_element(str(first["loc"][0]) if first["loc"] else "", place)


def _refuse_element(element: str, place: str) -> NoReturn:
    if element == "status":
        raise Invalid("DocumentReference.status must be current.", code="bad_status")
    if element == "content":
        raise Invalid(
            f"DocumentReference.content holds exactly one document, as FHIR R4 writes it: {place}.",
            code="bad_content",
        )
    if element == "subject":
        raise Invalid(f"{place}: subject must name the patient by INS.", code="bad_subject")
    if element == "type":
        raise Invalid(f"{place} is not written as FHIR R4 writes it.", code="type_unknown")
    raise Invalid(f"{place} is not what FHIR R4 has there, or too long.", code="bad_element")


def _place(steps: tuple[int | str, ...]) -> str:
    """`DocumentReference.author[0].display`; names of models, which pydantic adds for unions, left out."""
    names = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps if step != "str")
    return "DocumentReference" + "".join(name for name in names if name[-1] != "]" or name[0] == "[")
