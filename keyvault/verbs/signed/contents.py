"""Requests that lead to content: grants, and what the gateway opens."""

from collections.abc import Mapping
from uuid import UUID

from audit.canonical import parse
from keyvault.crypto.members import integer, items, members, text
from keyvault.crypto.search_tokens import TokenField
from keyvault.verbs.signed.request import RECORD, Arguments, Named, Read, SignedRequest, SignedThings, reading
from records.text.base64url import unb64
from records.vocabulary.codes import Action, PurposeOfUse


def _grant(_: Named, body: bytes) -> SignedRequest:
    """The same defaults as the route's (`viewer_api/routes/grants.py`)."""
    more = {"studies", "documents", "purpose", "reason", "suite"}
    found = members(parse(body), {"record", "recipient"}, more)
    studies = tuple(text(study, 64) for study in items(found.get("studies", [])))
    documents = tuple(UUID(text(document)) for document in items(found.get("documents", [])))
    stated = (text(found.get("purpose", PurposeOfUse.NORMAL.value)), found.get("reason"))
    sealed_to = {"recipient": unb64(found["recipient"], 32), "suite": integer(found.get("suite", 1))}
    tokens = {"values": [(TokenField.STUDY, study) for study in studies]}
    signed = reading(text(found["record"]), Action.RETRIEVE, release=sealed_to, tokens=tokens)
    return SignedRequest(signed.locator, signed.verbs, SignedThings(studies, documents), stated)


def _renew(named: Named, _: bytes) -> SignedRequest:
    return SignedRequest(None, {"renew": {"grant_id": UUID(named["grant"])}})


def _retrieve(named: Named, _: bytes) -> SignedRequest:
    """Content that the gateway opens: under a grant to its own key, or one that it holds already."""
    study = named["study"]
    values = [(TokenField.STUDY, study)]
    held = {"locator": named["record"]}
    verbs: dict[str, Arguments] = {
        "release": {"suite": 1},
        "tokens": {"values": values},
        "recheck_held": held,
    }
    signed = reading(named["record"], Action.RETRIEVE, **verbs)
    return SignedRequest(signed.locator, signed.verbs, SignedThings(studies=(study,)))


def _binary(named: Named, _: bytes) -> SignedRequest:
    """The content of one document by its id alone, which the gateway opens."""
    document = UUID(named["document"])
    released = {"suite": 1, "documents": [[document]]}
    verbs: dict[str, Arguments] = {"document": {"document_id": document}, "release": released}
    return SignedRequest(None, {**verbs, "recheck_held": {}})


_STUDY = f"{RECORD}/dicomweb/studies/{{study}}"
_SERIES = f"{_STUDY}/series/{{series}}"
_INSTANCE = f"{_SERIES}/instances/{{instance}}"

_RETRIEVED, _FRAME_FORMS = (_STUDY, _SERIES, _INSTANCE), ("", "/rendered", "/thumbnail")
_FORMS = (*_FRAME_FORMS, "/metadata")

CONTENTS: Mapping[tuple[str, str], Read] = {
    ("POST", "/grants"): _grant,
    ("POST", "/grants/{grant}/urls"): _renew,
    ("GET", "/fhir/Binary/{document}"): _binary,
    **{("GET", f"{above}{below}"): _retrieve for above in _RETRIEVED for below in _FORMS},
    **{("GET", f"{_INSTANCE}/frames/{{frames}}{below}"): _retrieve for below in _FRAME_FORMS},
    ("GET", f"{_INSTANCE}/bulkdata/{{attribute:path}}"): _retrieve,
}
