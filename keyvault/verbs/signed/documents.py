"""Requests that change a document's state, and an operator's about what lies in quarantine."""

from collections.abc import Mapping
from functools import partial
from uuid import UUID

from audit.canonical import parse
from keyvault.crypto.members import items, members
from keyvault.verbs.signed.request import RECORD, Named, Read, SignedRequest, reading
from records.fhir.patches import read_patch
from records.vocabulary.codes import Action


def _label(named: Named, body: bytes) -> SignedRequest:
    labels = {"document_id": UUID(named["document"]), "labels": items(parse(body))}
    return reading(named["record"], Action.LABEL, label=labels)


def _refuse(named: Named, body: bytes) -> SignedRequest:
    stated = {"document_id": UUID(named["document"]), **members(parse(body), {"reason"})}
    return reading(named["record"], Action.REFUSE, refuse_document=stated)


def _admit(named: Named, _: bytes) -> SignedRequest:
    stated = {"document_id": UUID(named["document"]), "reason": None}
    return reading(named["record"], Action.ADMIT, refuse_document=stated)


def _delete(named: Named, _: bytes) -> SignedRequest:
    return _changed_alone(named, Action.DELETE)


def _patch(named: Named, body: bytes) -> SignedRequest:
    wanted = read_patch(parse(body))
    if isinstance(wanted, Action):
        return _changed_alone(named, wanted)
    document = UUID(named["document"])
    return SignedRequest(None, {"change_labels": {"document_id": document, "change": wanted}})


def _changed_alone(named: Named, action: Action) -> SignedRequest:
    return SignedRequest(
        None, {"change_document": {"document_id": UUID(named["document"]), "action": action}}
    )


def _announce(named: Named, _: bytes) -> SignedRequest:
    return reading(named["record"], Action.ANNOUNCE, announce={"document_id": UUID(named["document"])})


def _quarantined(named: Named, _: bytes) -> SignedRequest:
    """An operator's request; of a page the index knows the documents."""
    return SignedRequest(
        None, {"quarantined": {"documents": [UUID(named["document"])]} if "document" in named else {}}
    )


def _decide(verb: str, stated: frozenset[str], named: Named, body: bytes) -> SignedRequest:
    arguments = members(parse(body), stated)
    return SignedRequest(None, {verb: {"document_id": UUID(named["document"]), **arguments}})


DOCUMENTS: Mapping[tuple[str, str], Read] = {
    ("DELETE", "/fhir/DocumentReference/{document}"): _delete,
    ("PATCH", "/fhir/DocumentReference/{document}"): _patch,
    ("PUT", f"{RECORD}/documents/{{document}}/labels"): _label,
    ("PUT", f"{RECORD}/documents/{{document}}/refusal"): _refuse,
    ("DELETE", f"{RECORD}/documents/{{document}}/refusal"): _admit,
    ("POST", f"{RECORD}/documents/{{document}}/announcement"): _announce,
    ("GET", "/quarantine"): _quarantined,
    ("GET", "/quarantine/{document}"): _quarantined,
    ("POST", "/quarantine/{document}/release"): partial(
        _decide, "release_quarantined", frozenset({"record", "reason"})
    ),
    ("POST", "/quarantine/{document}/destroy"): partial(
        _decide, "destroy_quarantined", frozenset({"reason"})
    ),
}
