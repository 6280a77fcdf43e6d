"""Headers of a request that creates or changes one entry of own information (FHIR R4 section 3.1.0)."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from ingestion.intake.fhir.request import check_answer, check_content
from ingestion.intake.stow.request import LABELS, preferences, refuse_headers, stated
from records.documents.depositing_labels import stated_labels
from records.errors import CoffreError, Invalid, NotFound
from records.profile.replacing import Replaced
from records.vocabulary.codes import Label

REQUEST = "idempotency-key"
IF_MATCH = "if-match"
_NOT_UNDERSTOOD = ("if-none-exist", "if-none-match", "content-range", "x-provenance")
_ETAG = re.compile(r'(W/)?"(?P<version>[0-9a-fA-F-]{36})"')
_REQUEST = re.compile(r"[A-Za-z0-9._-]{8,64}")


@dataclass(frozen=True, slots=True)
class EntryRequest:
    """`request` is the client's own name of a request that it may send again; None: it gave none."""

    replaced: Replaced | None
    request: str | None
    labels: frozenset[Label]
    respond_async: bool


def read_entry_request(
    headers: Mapping[str, str], query: Iterable[tuple[str, str]], entry: str | None
) -> EntryRequest:
    """Read the headers, their names in lower case; `entry` is the id of the address, of a change alone.

    Raises `Invalid` for what is not understood, `NotFound` for an id that names nothing, `CoffreError`
    "version_missing" for a change that doesn't say of what.
    """
    check_content(headers)
    refuse_headers(headers, _NOT_UNDERSTOOD if entry else (*_NOT_UNDERSTOOD, IF_MATCH))
    check_answer(headers, query)
    return EntryRequest(
        replaced=Replaced(_entry(entry), _version(headers.get(IF_MATCH))) if entry else None,
        request=_request(headers.get(REQUEST)),
        labels=stated_labels(stated(headers.get(LABELS, ""))),
        respond_async="respond-async" in preferences(headers),
    )


def _entry(name: str) -> UUID:
    try:
        return UUID(name)
    except ValueError:
        raise NotFound("There is no such entry, or you may not see it.", code="no_such_document") from None


def _version(etag: str | None) -> UUID:
    found = _ETAG.fullmatch((etag or "").strip())
    try:
        return UUID(found["version"] if found else "")
    except ValueError:
        raise CoffreError(
            "Say which version you change: read the entry, and send its ETag as If-Match.",
            code="version_missing",
        ) from None


def _request(name: str | None) -> str | None:
    if name is not None and not _REQUEST.fullmatch(name):
        raise Invalid(
            "Idempotency-Key has 8 to 64 letters, digits, dots, dashes and underscores.",
            code="bad_request_name",
        )
    return name
