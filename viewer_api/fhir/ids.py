"""Ids of resources in addresses (FHIR R4 section 2.24.0.1): `_search` is none."""

from uuid import UUID

from starlette.convertors import StringConvertor, register_url_convertor

from records.errors import NotFound


class _FhirId(StringConvertor):
    regex = r"[A-Za-z0-9.\-]{1,64}"


register_url_convertor("fhir_id", _FhirId())


def named(text: str) -> UUID:
    """Ours are UUIDs; any other id names nothing. Raises `NotFound`, as for what is hidden or absent."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("There is no such document, or you may not see it.", code="no_such_document") from None
