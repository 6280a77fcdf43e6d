"""Requests and answers of FHIR routes: criteria in a form, wishes, and a resource in the form asked for."""

import re
from typing import Any
from urllib.parse import parse_qsl

from fastapi import Request, Response

from records.errors import Invalid
from viewer_api.fhir.forms.formats import body_of
from viewer_api.fhir.searching.search_query import Parameters

LARGEST_FORM = 64 * 1024
_STRICT = re.compile(r'(^|[,;])\s*handling\s*=\s*"?strict"?\s*($|[,;])', re.IGNORECASE)


def is_strict(request: Request) -> bool:
    """Whether what is not known is to be refused (R4 section 3.1.1.3)."""
    return bool(_STRICT.search(request.headers.get("prefer", "")))


async def form_criteria(request: Request) -> Parameters:
    """Criteria as a form in UTF-8 (R4 section 3.1.1.1)."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await request.body()
    if kind != "application/x-www-form-urlencoded" and body:
        raise Invalid(
            "Send the criteria with Content-Type: application/x-www-form-urlencoded.", code="bad_content_type"
        )
    if len(body) > LARGEST_FORM:
        raise Invalid("The criteria of a search have at most 64 KiB.", code="too_large")
    try:
        return parse_qsl(body.decode(), keep_blank_values=True, errors="strict")
    except ValueError:
        raise Invalid("The criteria of a search are a form in UTF-8.", code="bad_query") from None


def sent(resource: dict[str, Any], form: str, parameters: Parameters) -> Response:
    pretty = ("_pretty", "true") in parameters
    return Response(body_of(resource, form, pretty=pretty), media_type=form)
