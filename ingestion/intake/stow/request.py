"""Headers of a Store request (PS3.18 section 10.5.1), read before any byte of its body."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ingestion.bulk_data_types import BULK_TYPES
from ingestion.envelope import Payload
from ingestion.intake.bodies.gzip_body import GzipBody
from ingestion.intake.bodies.multipart import (
    Accepted,
    BodyReader,
    PartReader,
    PartSink,
    WholeBody,
    boundary_of,
    media_type,
)
from ingestion.intake.reception import Deposit
from ingestion.intake.stow.rules import REQUEST_HEADERS
from ingestion.intake.treatments import Treatment
from records.documents.depositing_labels import stated_labels
from records.errors import Invalid
from records.text.numbers import decimal
from records.vocabulary.codes import Label

DICOM_JSON, DICOM_XML = Payload.JSON.value, Payload.XML.value
JSON = "application/json"
_RELATED = "multipart/related"
# as XML comes in answers of Retrieve (PS3.18 section 8.7.3.2), and as some clients accept it everywhere
RELATED_XML = f'{_RELATED}; type="{DICOM_XML}"'
ANSWERS = (DICOM_JSON, DICOM_XML, JSON, RELATED_XML)  # the first is the default (PS3.18 table 8.7.3-2)
# what stands between commas or semicolons; a quoted text may hold either (RFC 9110 section 5.6.4)
_LISTED = {mark: re.compile(rf'(?:[^"{mark}]|"(?:[^"\\]|\\.)*(?:"|\\?$))+', re.DOTALL) for mark in ",;"}
_UID = re.compile(r"[0-9]+(\.[0-9]+)*")
LONGEST_UID = 64
LABELS = "coffre-labels"
"""Header with labels of TRE_A07 for everything in the request."""
_NOT_UNDERSTOOD = [rule.name for rule in REQUEST_HEADERS.values() if rule.treatment is Treatment.REFUSED]


def accepted_parts(payload: Payload) -> Accepted:
    """What the parts of such a request may be."""
    if payload is Payload.DICOM:
        return Accepted(frozenset({payload.value}))
    return Accepted(BULK_TYPES, metadata=frozenset({payload.value}))


@dataclass(frozen=True, slots=True)
class StoreRequest:
    """`boundary` None: the body is a single part."""

    payload: Payload
    boundary: bytes | None
    gzip: bool
    answer_type: str
    respond_async: bool
    minimal: bool
    labels: frozenset[Label] = frozenset()

    def reader(self, deposit: Deposit) -> BodyReader:
        """What reads this body into a deposit."""
        sink = PartSink(deposit, accepted_parts(self.payload))
        body: BodyReader
        if self.boundary is None:
            body = WholeBody(sink, self.payload.value)
        else:
            body = PartReader(self.boundary, sink)
        return GzipBody(body) if self.gzip else body


def read_store_request(headers: Mapping[str, str]) -> StoreRequest:
    """Read the headers; their names in lower case.

    Raises `Invalid` "bad_content_type", "bad_boundary", "bad_content_encoding", "unsupported_header" or
    "not_acceptable", "unknown_label" or "labels_conflict".
    """
    refuse_headers(headers, _NOT_UNDERSTOOD)
    payload, boundary = _payload(headers.get("content-type", ""))
    wishes = preferences(headers)
    return StoreRequest(
        payload,
        boundary,
        _is_gzip(headers.get("content-encoding", "")),
        _answer_type(headers.get("accept", "")),
        respond_async="respond-async" in wishes,
        minimal="return=minimal" in wishes,
        labels=stated_labels(stated(headers.get(LABELS, ""))),
    )


def stated(labels: str) -> list[str]:
    """The codes that a header lists, separated by commas."""
    return [each.strip() for each in labels.split(",") if each.strip()]


def refuse_headers(headers: Mapping[str, str], names: Iterable[str]) -> None:
    """Raises `Invalid` "unsupported_header" for one that would make the request another one."""
    for name in names:
        if name in headers:
            raise Invalid(
                f"The header {name} asks for something that is not done here: send the request without.",
                code="unsupported_header",
            )


def preferences(headers: Mapping[str, str]) -> frozenset[str]:
    """The preferences of RFC 7240, in lower case and without their parameters."""
    wishes = headers.get("prefer", "").lower().split(",")
    return frozenset(re.sub(r'[\s"]', "", wish.partition(";")[0]) for wish in wishes)


def check_study_uid(uid: str) -> str:
    """The study of an address. Raises `Invalid` "bad_uid"."""
    if len(uid) > LONGEST_UID or not _UID.fullmatch(uid):
        raise Invalid("The address names no Study Instance UID: digits and dots, at most 64.", code="bad_uid")
    return uid


def _payload(content_type: str) -> tuple[Payload, bytes | None]:
    kind, parameters = media_type(content_type)
    if kind != _RELATED:
        return _named(kind), None
    # some senders put the parameters of the parts into the quotes too
    payload = _named(media_type(parameters.get("type", Payload.DICOM))[0])
    return payload, boundary_of(parameters)


def _named(kind: str) -> Payload:
    try:
        return Payload(kind)
    except ValueError:
        raise Invalid(
            'Send Content-Type: multipart/related; type="application/dicom"; boundary=… '
            "or application/dicom.",
            code="bad_content_type",
        ) from None


def _is_gzip(encoding: str) -> bool:
    named = encoding.strip().lower()
    if named in ("", "identity"):
        return False
    if named in ("gzip", "x-gzip"):
        return True
    raise Invalid("Send the body as it is, or with Content-Encoding: gzip.", code="bad_content_encoding")


def _answer_type(accept: str) -> str:
    """The best of the media types we answer with (RFC 9110 section 12.5.1)."""
    ranges = [_range(each) for each in _LISTED[","].findall(accept) if each.strip()] or [("*/*", 1.0)]
    best = max(ANSWERS, key=lambda kind: _quality(kind, ranges))  # of equals the first
    if _quality(best, ranges) <= 0:
        raise Invalid(
            "The answer is application/dicom+json or application/dicom+xml: accept one of them.",
            code="not_acceptable",
        )
    return best


def _range(text: str) -> tuple[str, float]:
    kind, *parameters = [each.strip().lower() for each in _LISTED[";"].findall(text)] or [""]
    if kind == _RELATED and media_type(media_type(text)[1].get("type", ""))[0] == DICOM_XML:
        kind = RELATED_XML
    return kind, quality(parameters)


def quality(parameters: Iterable[str]) -> float:
    """The weight among parameters in lower case; 1 without a valid one (RFC 9110 section 12.4.2)."""
    weight = next((each[2:] for each in parameters if each.startswith("q=")), "1")
    return decimal(weight) if re.fullmatch(r"[01](\.[0-9]{0,3})?", weight) else 1.0


def _quality(kind: str, ranges: Iterable[tuple[str, float]]) -> float:
    """Of the most specific range that names `kind`."""
    precision = {kind: 2, kind.partition("/")[0] + "/*": 1, "*/*": 0}
    found = [(precision[name], quality) for name, quality in ranges if name in precision]
    return max(found, default=(0, 0.0))[1]
