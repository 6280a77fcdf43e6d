"""Headers and query of a FHIR request (R4 section 3.1.0), read before its body."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ingestion.intake.bodies.multipart import media_type
from ingestion.intake.stow.request import LABELS, preferences, quality, refuse_headers
from records.errors import Invalid
from records.fhir.wording import FHIR_JSON

_JSON = frozenset({FHIR_JSON, "application/json", "text/json", "application/json+fhir", "json"})
_RANGES = frozenset({"*/*", "application/*"})
_PARAMETERS = frozenset({"_format", "_pretty"})
# each would make the request another one; labels stand in the resource
_NOT_UNDERSTOOD = ("if-none-exist", "if-match", "if-none-match", "content-range", "x-provenance", LABELS)


@dataclass(frozen=True, slots=True)
class PublishRequest:
    """The form of answer that a create asks for."""

    respond_async: bool
    minimal: bool


def read_publish_request(headers: Mapping[str, str], query: Iterable[tuple[str, str]]) -> PublishRequest:
    """Read the headers of a create, their names in lower case.

    Raises `Invalid` "bad_content_type", "bad_content_encoding", "unsupported_header", "bad_query" or
    "not_acceptable".
    """
    check_content(headers)
    refuse_headers(headers, _NOT_UNDERSTOOD)
    check_answer(headers, query)
    wishes = preferences(headers)
    return PublishRequest("respond-async" in wishes, "return=minimal" in wishes)


def check_answer(headers: Mapping[str, str], query: Iterable[tuple[str, str]]) -> None:
    """Answers are JSON (R4 3.1.0.1.11): `_format` wins over Accept. Raises `Invalid`."""
    found = dict(query)
    if found.keys() - _PARAMETERS:
        raise Invalid("Of parameters, _format and _pretty alone are understood here.", code="bad_query")
    wanted = found.get("_format") or headers.get("accept", "")
    ranges = [_range(each) for each in wanted.split(",") if each.strip()]
    if ranges and not any(kind in _JSON | _RANGES and weight > 0 for kind, weight in ranges):
        raise Invalid("The answer is application/fhir+json: accept it.", code="not_acceptable")


def check_content(headers: Mapping[str, str]) -> None:
    """A resource of R4 in JSON. Raises `Invalid` "bad_content_type" or "bad_content_encoding"."""
    kind, parameters = media_type(headers.get("content-type") or FHIR_JSON)
    charset = parameters.get("charset", "utf-8").lower()
    version = parameters.get("fhirversion", "4.0")
    if kind not in _JSON or charset not in ("utf-8", "utf8", "utf-16") or not version.startswith("4.0"):
        raise Invalid(
            "Send the resource of FHIR R4 as JSON in UTF-8, with Content-Type: application/fhir+json; XML is "
            "not read.",
            code="bad_content_type",
        )
    if headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise Invalid("Send a resource as it is, without Content-Encoding.", code="bad_content_encoding")


def _range(text: str) -> tuple[str, float]:
    # an address may hold a "+" that stands for itself, and that many clients write unescaped
    kind, *parameters = (each.strip().lower().replace(" ", "+") for each in text.split(";"))
    return kind, quality(parameters)
