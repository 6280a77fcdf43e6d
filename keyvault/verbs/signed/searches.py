"""Requests that find and list: records, documents, imaging, the log."""

from collections.abc import Mapping
from functools import partial
from urllib.parse import parse_qsl
from uuid import UUID

from audit.canonical import parse
from keyvault.crypto.members import members, text
from keyvault.verbs.signed.request import RECORD, Arguments, Named, Read, SignedRequest, reading
from records.fhir.resources.submission_sets import record_and_submission
from records.fhir.search.fhir_search import set_search
from records.fhir.wording import PATIENT_PARAMETERS, record_named_by
from records.vocabulary.codes import Action


def _find(_: Named, body: bytes) -> SignedRequest:
    locator = text(members(parse(body), {"ins"})["ins"])
    return SignedRequest(locator, {"find": {"locator": locator}})


def _document(named: Named, _: bytes) -> SignedRequest:
    return SignedRequest(None, {"document": {"document_id": UUID(named["document"])}})


def _published(named: Named, _: bytes) -> SignedRequest:
    """Its depositor hears what became of it, a reader reads it."""
    document = UUID(named["document"])
    verbs: dict[str, Arguments] = {"document": {"document_id": document}}
    return SignedRequest(None, {**verbs, "follow_deposits": {"documents": [document]}})


def _submission(_: Named, __: bytes) -> SignedRequest:
    """Its depositor hears what became of its documents, which the index names: the vault tells of none that
    is not the depositor's own."""
    return SignedRequest(None, {"follow_deposits": {}})


def _fhir_search(_: Named, body: bytes) -> SignedRequest:
    """Its patient stands in the body, with what is looked for, which the reader reads; `documents` are those
    whose identifiers contradict one another.
    """
    return reading(_patient_of(body, PATIENT_PARAMETERS), search_documents={}, documents={})


def _fhir_set(named: Named, _: bytes) -> SignedRequest:
    """A submission set: its id begins with that of the record."""
    record, _submission = record_and_submission(named["set"])
    return reading(str(record), search_documents={"asked": set_search(named["set"])}, documents={})


def _fhir_record(parameters: frozenset[str], _: Named, body: bytes) -> SignedRequest:
    """What is known of a record without its documents; `parameters` name its patient."""
    return reading(_patient_of(body, parameters), documents={})


def _fhir_log(named: Named, body: bytes) -> SignedRequest:
    """The log of a record, or, where none is named, what the caller did."""
    if not _patients(body, PATIENT_PARAMETERS):
        return _own_log(named, body)
    return reading(_patient_of(body, PATIENT_PARAMETERS), Action.READ_LOG, events={})


def _patient_of(body: bytes, parameters: frozenset[str]) -> str:
    ((parameter, text),) = _patients(body, parameters) or [("patient", "")]
    return record_named_by(parameter, text)


def _patients(body: bytes, parameters: frozenset[str]) -> list[tuple[str, str]]:
    return [each for each in parse_qsl(body.decode()) if each[0] in parameters]


def _fhir_patient(named: Named, _: bytes) -> SignedRequest:
    return reading(named["record"], documents={})


def _list(named: Named, _: bytes) -> SignedRequest:
    return reading(named["record"], list={}, documents={})


def _imaging(named: Named, _: bytes) -> SignedRequest:
    """What is looked for stands in the query, which no proof covers (RFC 9449 section 4.2)."""
    return reading(named["record"], search={"study": named.get("study")}, documents={})


def _own_imaging(named: Named, _: bytes) -> SignedRequest:
    """A depositor's; whoever names a patient in the query is refused, since no proof covers it."""
    return SignedRequest(None, {"search_deposits": {"study": named.get("study")}})


def _own_log(_: Named, __: bytes) -> SignedRequest:
    return SignedRequest(None, {"own_actions": {}})


def _access_log(named: Named, _: bytes) -> SignedRequest:
    return reading(named["record"], Action.READ_LOG, events={})


_SEARCHED = (
    "/studies",
    "/series",
    "/instances",
    "/studies/{study}/series",
    "/studies/{study}/instances",
    "/studies/{study}/series/{series}/instances",
)
SEARCHES: Mapping[tuple[str, str], Read] = {
    ("POST", "/records/find"): _find,
    ("GET", "/fhir/DocumentReference/{document}"): _published,
    ("GET", "/submissions/{submission}"): _submission,
    ("POST", "/fhir/DocumentReference/_search"): _fhir_search,
    ("GET", "/fhir/ImagingStudy/{document}"): _document,
    ("POST", "/fhir/ImagingStudy/_search"): _fhir_search,
    ("GET", "/fhir/List/{set}"): _fhir_set,
    ("POST", "/fhir/List/_search"): _fhir_search,
    ("POST", "/fhir/AuditEvent/_search"): _fhir_log,
    ("GET", "/fhir/Consent/{record}"): _fhir_patient,
    ("POST", "/fhir/Consent/_search"): partial(_fhir_record, PATIENT_PARAMETERS),
    ("GET", "/fhir/Patient/{record}"): _fhir_patient,
    ("POST", "/fhir/Patient/_search"): partial(_fhir_record, frozenset({"identifier", "_id"})),
    ("POST", "/fhir/{declared}/_search"): _fhir_search,
    ("GET", "/fhir/{declared}/{entry}/_history/{document}"): _document,
    ("GET", f"{RECORD}/documents"): _list,
    **{("GET", f"{RECORD}/dicomweb{below}"): _imaging for below in _SEARCHED},
    **{("GET", f"/dicomweb{below}"): _own_imaging for below in _SEARCHED},
    ("GET", f"{RECORD}/access-log"): _access_log,
    ("GET", "/me/access-log"): _own_log,
}
