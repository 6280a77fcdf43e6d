"""Read from a signed HTTP request which verbs of the vault it asks for, and with which arguments.

The vault reads method, address and body itself, as their sender signed them (docs/api.md names the routes).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID

from audit.canonical import parse
from keyvault.crypto.members import integer, items, members, text
from keyvault.crypto.search_tokens import TokenField
from records.base64url import unb64
from records.errors import Invalid
from records.vocabulary.codes import Action, PurposeOfUse

Arguments = Mapping[str, object]

_LISTED = ("documents", "authorisations")
_NAMED = {
    "authorisations": Action.REVOKE,
    "blocks": Action.UNBLOCK,
    "attending-doctors": Action.REMOVE_ATTENDING,
}
_NAMING = {"blocks": Action.BLOCK, "attending-doctors": Action.NAME_ATTENDING}


@dataclass(frozen=True, slots=True)
class SignedGrant:
    """The members of `POST /grants` that are more than arguments."""

    purpose: str
    reason: str | None = field(repr=False)
    studies: tuple[str, ...]
    documents: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """`verbs` are those of the request, with the arguments it fixes; `locator` names its record."""

    locator: str | None = field(repr=False)
    verbs: Mapping[str, Arguments] = field(repr=False)
    grant: SignedGrant | None = None


def read_signed_request(method: str, url: str, body: bytes) -> SignedRequest:
    """Raises `Invalid` "bad_member" for what is no route of the reader, or names its record in a query."""
    path = [unquote(part, errors="strict") for part in urlsplit(url).path.split("/")[1:]]
    match [method, *path]:
        case ["POST", "grants"]:
            return _grant(body)
        case ["POST", "grants", grant, "urls"]:
            return SignedRequest(None, {"renew": {"grant_id": UUID(grant)}})
        case ["POST", "records", "find"]:
            locator = text(members(parse(body), {"ins"})["ins"])
            return SignedRequest(locator, {"find": {"locator": locator}})
        case [_, "quarantine", *rest]:
            return _quarantine([method, *rest], body)
        case ["GET" | "HEAD", *rest]:
            return _read(rest)
        case [_, "records", record, *rest]:
            return _change(record, [method, *rest], body)
    raise _unknown()


def _quarantine(route: list[str], body: bytes) -> SignedRequest:
    """An operator's request; of a page the index knows the documents."""
    match route:
        case ["GET" | "HEAD"]:
            return SignedRequest(None, {"quarantined": {}})
        case ["GET" | "HEAD", document]:
            return SignedRequest(None, {"quarantined": {"documents": [UUID(document)]}})
        case ["POST", document, "release"]:
            asked = members(parse(body), {"record", "reason"})
            return SignedRequest(None, {"release_quarantined": {"document_id": UUID(document), **asked}})
        case ["POST", document, "destroy"]:
            asked = members(parse(body), {"reason"})
            return SignedRequest(None, {"destroy_quarantined": {"document_id": UUID(document), **asked}})
    raise _unknown()


def _read(path: list[str]) -> SignedRequest:
    match path:
        case ["fhir", "DocumentReference", document]:
            return SignedRequest(None, {"document": {"document_id": UUID(document)}})
        case ["records", record, *rest]:
            return _list(record, rest)
    raise _unknown()


def _list(record: str, route: list[str]) -> SignedRequest:
    match route:
        case [part] if part in _LISTED:
            return _reading(record, list={})
        case ["access-log"]:
            return _reading(record, Action.READ_LOG, events={})
        case ["dicomweb", "studies"]:
            return _reading(record, list={})
        case ["dicomweb", "studies", study, *_]:
            return _reading(record, list={}, tokens={"values": [(TokenField.STUDY, study)]})
    raise _unknown()


def _grant(body: bytes) -> SignedRequest:
    """The same defaults as the route's (`viewer_api/routes/grants.py`)."""
    more = {"studies", "documents", "purpose", "reason", "suite"}
    found = members(parse(body), {"record", "recipient"}, more)
    studies = tuple(text(study, 64) for study in items(found.get("studies", [])))
    grant = SignedGrant(
        text(found.get("purpose", PurposeOfUse.NORMAL.value)),
        found.get("reason"),
        studies,
        tuple(UUID(text(document)) for document in items(found.get("documents", []))),
    )
    sealed_to = {"recipient": unb64(found["recipient"], 32), "suite": integer(found.get("suite", 1))}
    tokens = {"values": [(TokenField.STUDY, study) for study in studies]}
    asked = _reading(text(found["record"]), Action.RETRIEVE, release=sealed_to, tokens=tokens)
    return SignedRequest(asked.locator, asked.verbs, grant)


def _reading(record: str, action: Action = Action.SEARCH, **verbs: Arguments) -> SignedRequest:
    return SignedRequest(record, {"resolve": {"locator": record, "action": action}, **verbs})


def _change(record: str, route: list[str], body: bytes) -> SignedRequest:
    match route:
        case ["PUT", "documents", document, "labels"]:
            labels = {"document_id": UUID(document), "labels": items(parse(body))}
            return _reading(record, Action.LABEL, label=labels)
        case ["DELETE", "notices", notice]:
            return _reading(record, Action.ACKNOWLEDGE, acknowledge={"notices": [UUID(notice)]})
    wanted = _card_change(route, body)
    nothing = {"professional": None, "until": None, "permanent": False, "emergency": None}
    return _reading(record, wanted["action"], change_card={"wanted": nothing | wanted})


def _card_change(route: list[str], body: bytes) -> dict[str, Any]:
    match route:
        case ["DELETE", part, professional] if part in _NAMED:
            return {"action": _NAMED[part], "professional": professional}
        case ["POST", part] if part in _NAMING:
            return {"action": _NAMING[part], **members(parse(body), {"professional"})}
        case ["POST", "authorisations"]:
            stated = members(parse(body), {"professional"}, {"until", "permanent"})
            return {"action": Action.AUTHORISE, **stated}
        case ["PUT", "emergency"]:
            modes = members(parse(body), {"bris_de_glace", "centre_15"})
            return {"action": Action.SET_EMERGENCY, "emergency": modes}
    raise _unknown()


def _unknown() -> Invalid:
    return Invalid("No such request is put to the vault.", code="bad_member")
