"""The form of a FHIR answer: JSON or XML, as `_format` or Accept asks (R4 sections 3.1.0.1.11, 3.2)."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from records.errors import Invalid
from records.fhir.wording import FHIR_JSON, FHIR_XML
from viewer_api.fhir.forms.xml_form import written

_FORMS: Mapping[str, str] = {
    FHIR_JSON: FHIR_JSON,
    "application/json": FHIR_JSON,
    "text/json": FHIR_JSON,
    "application/json+fhir": FHIR_JSON,
    "json": FHIR_JSON,
    FHIR_XML: FHIR_XML,
    "application/xml": FHIR_XML,
    "text/xml": FHIR_XML,
    "application/xml+fhir": FHIR_XML,
    "xml": FHIR_XML,
    "*/*": FHIR_JSON,
    "application/*": FHIR_JSON,
    "text/*": FHIR_XML,
    "text/html": FHIR_JSON,  # a browser, to which XML would be as welcome
}
_WEIGHT = re.compile(r"q=([01](?:\.[0-9]{0,3})?)")


def form_of(accept: str, parameters: Iterable[tuple[str, str]]) -> str:
    """The media type to answer in; of equally welcome ones the first named. Raises `Invalid` 406."""
    wanted = next((text for name, text in parameters if name == "_format" and text), accept)
    welcome = [(weight, _FORMS[kind]) for kind, weight in media_ranges(wanted) if kind in _FORMS]
    if welcome:
        return max(welcome, key=lambda found: found[0])[1]
    if wanted.strip():
        raise Invalid(
            "The answer is application/fhir+json or application/fhir+xml: accept one of them.",
            code="not_acceptable",
        )
    return FHIR_JSON


def media_ranges(text: str) -> Iterable[tuple[str, float]]:
    """Each welcome range of an Accept header with its weight (RFC 9110 section 12.5.1)."""
    for each in text.split(","):
        # an address may hold a "+" that stands for itself, and that many clients write unescaped
        kind, *more = (part.strip().lower().replace(" ", "+") for part in each.split(";"))
        if (weight := _weight(more)) > 0:
            yield kind, weight


def form_or_json(accept: str, parameters: Iterable[tuple[str, str]]) -> str:
    """The same for an error, which has to be told whatever was asked."""
    try:
        return form_of(accept, parameters)
    except Invalid:
        return FHIR_JSON


def body_of(resource: dict[str, Any], form: str, *, pretty: bool = False) -> bytes:
    if form == FHIR_XML:
        return written(resource, pretty=pretty)
    return json.dumps(resource, ensure_ascii=False, indent=2 if pretty else None).encode()


def _weight(parameters: Iterable[str]) -> float:
    for each in parameters:
        if found := _WEIGHT.fullmatch(each):
            return float(found[1])
    return 1.0
