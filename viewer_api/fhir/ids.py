"""Ids of resources in addresses (FHIR R4 section 2.24.0.1): `_search` is none."""

from uuid import UUID

from starlette.convertors import StringConvertor, register_url_convertor

from records.errors import NotFound
from records.fhir.addresses import RESOURCE_ID
from records.fhir.resources.submission_sets import record_and_submission


class _FhirId(StringConvertor):
    regex = RESOURCE_ID


register_url_convertor("fhir_id", _FhirId())


def named_set(text: str) -> UUID:
    """The public id of the record of a submission set, with which its id begins. Raises `NotFound`."""
    try:
        record, _ = record_and_submission(text)
    except ValueError:
        raise no_such_set() from None
    return record


def no_such_set() -> NotFound:
    """Alike for a set of which nothing may be seen and one that isn't there."""
    return NotFound("There is no such submission set, or you may not see it.", code="no_such_document")


def named(text: str) -> UUID:
    """Ours are UUIDs; any other id names nothing. Raises `NotFound`, as for what is hidden or absent."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("There is no such document, or you may not see it.", code="no_such_document") from None
