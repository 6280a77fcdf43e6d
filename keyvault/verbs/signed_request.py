"""Read from a signed HTTP request which verbs of the vault it asks for, and with which arguments.

The vault reads method, address and body itself, as their sender signed them (docs/api.md names the routes).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit
from uuid import UUID

from audit.canonical import parse
from keyvault.credentials.possession_proof import called_verb
from keyvault.crypto.members import integer, items, members, text
from keyvault.crypto.search_tokens import TokenField
from records.choices.teams import UNNAMED
from records.errors import Invalid
from records.fhir.patches import read_patch
from records.fhir.resources.submission_sets import record_and_submission
from records.fhir.search.fhir_search import set_search
from records.fhir.wording import PATIENT_PARAMETERS, record_named_by
from records.text.base64url import unb64
from records.vocabulary.codes import Action, PurposeOfUse

Arguments = Mapping[str, object]
Named = Mapping[str, str]
"""What stands in an address where its template has a name."""


@dataclass(frozen=True, slots=True)
class SignedThings:
    """What a grant is asked for; neither means everything."""

    studies: tuple[str, ...] = ()
    documents: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """`verbs` are those of the request, with the arguments it fixes; `locator` names its record.

    `things`: of a request that leads to a grant. `stated`: purpose and reason, where they stand in its body.
    """

    locator: str | None = field(repr=False)
    verbs: Mapping[str, Arguments] = field(repr=False)
    things: SignedThings | None = None
    stated: tuple[str, str | None] | None = field(default=None, repr=False)


Read = Callable[[Named, bytes], SignedRequest]


def read_signed_request(method: str, url: str, body: bytes) -> SignedRequest:
    """Raises `Invalid` "bad_member" for what is no route of the reader, or names its record in a query."""
    if (verb := called_verb(url)) is not None:  # nobody in between could have changed the arguments
        return SignedRequest(None, {verb: {}})
    path = [unquote(part, errors="strict") for part in urlsplit(url).path.split("/")]
    for (of, template), read in SIGNED.items():
        named = _named(template, path)
        if of == ("GET" if method == "HEAD" else method) and named is not None:
            return read(named, body)
    raise Invalid("No such request is put to the vault.", code="bad_member")


def _named(template: str, path: list[str]) -> Named | None:
    """What stands at the names of a template; None where the address is another."""
    parts = template.split("/")
    if template.endswith(":path}"):  # the last name stands for one part or more
        path = [*path[: len(parts) - 1], "/".join(path[len(parts) - 1 :])]
    named = {part: found for part, found in zip(parts, path, strict=False) if part.startswith("{")}
    whole = [named.get(part, part) for part in parts]
    return {part[1:-1]: found for part, found in named.items()} if whole == path else None


def _grant(_: Named, body: bytes) -> SignedRequest:
    """The same defaults as the route's (`viewer_api/routes/grants.py`)."""
    more = {"studies", "documents", "purpose", "reason", "suite"}
    found = members(parse(body), {"record", "recipient"}, more)
    studies = tuple(text(study, 64) for study in items(found.get("studies", [])))
    documents = tuple(UUID(text(document)) for document in items(found.get("documents", [])))
    stated = (text(found.get("purpose", PurposeOfUse.NORMAL.value)), found.get("reason"))
    sealed_to = {"recipient": unb64(found["recipient"], 32), "suite": integer(found.get("suite", 1))}
    tokens = {"values": [(TokenField.STUDY, study) for study in studies]}
    signed = _reading(text(found["record"]), Action.RETRIEVE, release=sealed_to, tokens=tokens)
    return SignedRequest(signed.locator, signed.verbs, SignedThings(studies, documents), stated)


def _renew(named: Named, _: bytes) -> SignedRequest:
    return SignedRequest(None, {"renew": {"grant_id": UUID(named["grant"])}})


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
    return _reading(_patient_of(body, PATIENT_PARAMETERS), search_documents={}, documents={})


def _fhir_set(named: Named, _: bytes) -> SignedRequest:
    """A submission set: its id begins with that of the record."""
    record, _submission = record_and_submission(named["set"])
    return _reading(str(record), search_documents={"asked": set_search(named["set"])}, documents={})


def _fhir_record(parameters: frozenset[str], _: Named, body: bytes) -> SignedRequest:
    """What is known of a record without its documents; `parameters` name its patient."""
    return _reading(_patient_of(body, parameters), documents={})


def _fhir_log(named: Named, body: bytes) -> SignedRequest:
    """The log of a record, or, where none is named, what the caller did."""
    if not _patients(body, PATIENT_PARAMETERS):
        return _own_log(named, body)
    return _reading(_patient_of(body, PATIENT_PARAMETERS), Action.READ_LOG, events={})


def _patient_of(body: bytes, parameters: frozenset[str]) -> str:
    ((parameter, text),) = _patients(body, parameters) or [("patient", "")]
    return record_named_by(parameter, text)


def _patients(body: bytes, parameters: frozenset[str]) -> list[tuple[str, str]]:
    return [each for each in parse_qsl(body.decode()) if each[0] in parameters]


def _fhir_patient(named: Named, _: bytes) -> SignedRequest:
    return _reading(named["record"], documents={})


def _list(named: Named, _: bytes) -> SignedRequest:
    return _reading(named["record"], list={}, documents={})


def _imaging(named: Named, _: bytes) -> SignedRequest:
    """What is looked for stands in the query, which no proof covers (RFC 9449 section 4.2)."""
    return _reading(named["record"], search={"study": named.get("study")}, documents={})


def _own_imaging(named: Named, _: bytes) -> SignedRequest:
    """A depositor's; whoever names a patient in the query is refused, since no proof covers it."""
    return SignedRequest(None, {"search_deposits": {"study": named.get("study")}})


def _choices(named: Named, _: bytes) -> SignedRequest:
    return _reading(named["record"], choices={"about": None, "team": None})


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
    signed = _reading(named["record"], Action.RETRIEVE, **verbs)
    return SignedRequest(signed.locator, signed.verbs, SignedThings(studies=(study,)))


def _binary(named: Named, _: bytes) -> SignedRequest:
    """The content of one document by its id alone, which the gateway opens."""
    document = UUID(named["document"])
    released = {"suite": 1, "documents": [[document]]}
    verbs: dict[str, Arguments] = {"document": {"document_id": document}, "release": released}
    return SignedRequest(None, {**verbs, "recheck_held": {}})


def _own_log(_: Named, __: bytes) -> SignedRequest:
    return SignedRequest(None, {"own_actions": {}})


def _access_log(named: Named, _: bytes) -> SignedRequest:
    return _reading(named["record"], Action.READ_LOG, events={})


def _label(named: Named, body: bytes) -> SignedRequest:
    labels = {"document_id": UUID(named["document"]), "labels": items(parse(body))}
    return _reading(named["record"], Action.LABEL, label=labels)


def _refuse(named: Named, body: bytes) -> SignedRequest:
    stated = {"document_id": UUID(named["document"]), **members(parse(body), {"reason"})}
    return _reading(named["record"], Action.REFUSE, refuse_document=stated)


def _admit(named: Named, _: bytes) -> SignedRequest:
    stated = {"document_id": UUID(named["document"]), "reason": None}
    return _reading(named["record"], Action.ADMIT, refuse_document=stated)


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
    return _reading(named["record"], Action.ANNOUNCE, announce={"document_id": UUID(named["document"])})


def _acknowledge(named: Named, _: bytes) -> SignedRequest:
    return _reading(named["record"], Action.ACKNOWLEDGE, acknowledge={"notices": [UUID(named["notice"])]})


def _notices(named: Named, _: bytes) -> SignedRequest:
    return _reading(named["record"], Action.READ_NOTICES, notices={})


def _contacts(named: Named, _: bytes) -> SignedRequest:
    return _reading(named["record"], Action.READ_CONTACTS, contacts={})


def _put_contact(named: Named, body: bytes) -> SignedRequest:
    stated = {"kind": named["kind"], **members(parse(body), {"address"})}
    return _reading(named["record"], Action.SET_CONTACT, put_contact=stated)


def _confirm_contact(named: Named, body: bytes) -> SignedRequest:
    stated = {"kind": named["kind"], **members(parse(body), {"code"})}
    return _reading(named["record"], Action.CONFIRM_CONTACT, confirm_contact=stated)


def _delete_contact(named: Named, _: bytes) -> SignedRequest:
    return _reading(named["record"], Action.DELETE_CONTACT, delete_contact={"kind": named["kind"]})


def _authorise(named: Named, body: bytes) -> SignedRequest:
    stated = members(parse(body), {"professional"}, {"until", "permanent", "scope"})
    return _changing(named["record"], Action.AUTHORISE, **stated)


def _choose(named: Named, body: bytes) -> SignedRequest:
    """The same defaults as the route's (`viewer_api/routes/records.py`)."""
    stated = members(parse(body), {"documents"}, {"kinds", "with_linked"})
    kinds = [members(each, set(), {"class", "domain"}) for each in items(stated.get("kinds", []))]
    chosen = {
        "professional": named["professional"],
        "documents": [UUID(text(each)) for each in items(stated["documents"])],
        "kinds": [(each.get("class"), each.get("domain")) for each in kinds],
        "with_linked": stated.get("with_linked", True),
    }
    return _reading(named["record"], Action.CHOOSE, choose=chosen)


def _choices_about(named: Named, _: bytes) -> SignedRequest:
    return _reading(named["record"], choices={"about": named["professional"], "team": None})


def _form_team(named: Named, body: bytes) -> SignedRequest:
    stated = members(parse(body), {"request", "name", "members"}, {"until"})
    formed = {"until": None, **stated, "request": UUID(text(stated["request"]))}
    return _reading(named["record"], Action.FORM_TEAM, form_team=formed)


def _record_consent(named: Named, body: bytes) -> SignedRequest:
    """The same defaults as the route's (`viewer_api/routes/teams.py`)."""
    stated = members(parse(body), {"request", "how"}, {"name", "members", "until"})
    unsaid: Arguments = {"name": UNNAMED, "members": [], "until": None}
    recorded = {**unsaid, **stated, "request": UUID(text(stated["request"])), "locator": named["record"]}
    return SignedRequest(named["record"], {"record_consent": recorded})


def _join_team(named: Named, body: bytes) -> SignedRequest:
    stated = members(parse(body), {"members"})
    return _team(Action.JOIN_TEAM, named, items(stated["members"]))


def _leave_team(named: Named, _: bytes) -> SignedRequest:
    return _team(Action.LEAVE_TEAM, named, [named["professional"]])


def _end_team(named: Named, _: bytes) -> SignedRequest:
    return _team(Action.END_TEAM, named, [])


def _team(action: Action, named: Named, people: list[Any]) -> SignedRequest:
    changed = {"team": UUID(named["team"]), "action": action, "members": people}
    return _reading(named["record"], action, change_team=changed)


def _team_choices(named: Named, _: bytes) -> SignedRequest:
    return _reading(named["record"], choices={"about": None, "team": UUID(named["team"])})


def _consent(action: Action, named: Named, _: bytes) -> SignedRequest:
    return _changing(named["record"], action)


def _add(action: Action, named: Named, body: bytes) -> SignedRequest:
    return _changing(named["record"], action, **members(parse(body), {"professional"}))


def _take_off(action: Action, named: Named, _: bytes) -> SignedRequest:
    return _changing(named["record"], action, professional=named["professional"])


def _block_structure(named: Named, body: bytes) -> SignedRequest:
    return _changing(named["record"], Action.BLOCK, **members(parse(body), {"structure"}))


def _unblock_structure(named: Named, _: bytes) -> SignedRequest:
    return _changing(named["record"], Action.UNBLOCK, structure=named["structure"])


def _refuse_deposits(what: str, named: Named, body: bytes) -> SignedRequest:
    return _changing(named["record"], Action.REFUSE_DEPOSITS, **members(parse(body), {what}))


def _admit_deposits(what: str, named: Named, _: bytes) -> SignedRequest:
    return _changing(named["record"], Action.ADMIT_DEPOSITS, **{what: named[what]})


def _emergency(named: Named, body: bytes) -> SignedRequest:
    modes = members(parse(body), {"bris_de_glace", "centre_15"})
    return _changing(named["record"], Action.SET_EMERGENCY, emergency=modes)


def _quarantined(named: Named, _: bytes) -> SignedRequest:
    """An operator's request; of a page the index knows the documents."""
    return SignedRequest(
        None, {"quarantined": {"documents": [UUID(named["document"])]} if "document" in named else {}}
    )


def _decide(verb: str, stated: frozenset[str], named: Named, body: bytes) -> SignedRequest:
    arguments = members(parse(body), stated)
    return SignedRequest(None, {verb: {"document_id": UUID(named["document"]), **arguments}})


def _reading(record: str, action: Action = Action.SEARCH, **verbs: Arguments) -> SignedRequest:
    return SignedRequest(record, {"resolve": {"locator": record, "action": action}, **verbs})


def _changing(record: str, action: Action, **stated: Any) -> SignedRequest:
    nothing = {
        "professional": None,
        "structure": None,
        "kind": None,
        "until": None,
        "permanent": False,
        "scope": None,
        "emergency": None,
    }
    return _reading(record, action, change_card={"wanted": nothing | {"action": action, **stated}})


_RECORD = "/records/{record}"
_SEARCHED = (
    "/studies",
    "/series",
    "/instances",
    "/studies/{study}/series",
    "/studies/{study}/instances",
    "/studies/{study}/series/{series}/instances",
)
_STUDY = f"{_RECORD}/dicomweb/studies/{{study}}"
_SERIES = f"{_STUDY}/series/{{series}}"
_INSTANCE = f"{_SERIES}/instances/{{instance}}"

_RETRIEVED, _FRAME_FORMS = (_STUDY, _SERIES, _INSTANCE), ("", "/rendered", "/thumbnail")
_FORMS = (*_FRAME_FORMS, "/metadata")

SIGNED: Mapping[tuple[str, str], Read] = {
    ("POST", "/grants"): _grant,
    ("POST", "/grants/{grant}/urls"): _renew,
    ("POST", "/records/find"): _find,
    ("GET", "/fhir/DocumentReference/{document}"): _published,
    ("GET", "/submissions/{submission}"): _submission,
    ("DELETE", "/fhir/DocumentReference/{document}"): _delete,
    ("PATCH", "/fhir/DocumentReference/{document}"): _patch,
    ("GET", "/fhir/Binary/{document}"): _binary,
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
    ("GET", f"{_RECORD}/documents"): _list,
    ("GET", f"{_RECORD}/authorisations"): _choices,
    **{("GET", f"{_RECORD}/dicomweb{below}"): _imaging for below in _SEARCHED},
    **{("GET", f"/dicomweb{below}"): _own_imaging for below in _SEARCHED},
    **{("GET", f"{above}{below}"): _retrieve for above in _RETRIEVED for below in _FORMS},
    **{("GET", f"{_INSTANCE}/frames/{{frames}}{below}"): _retrieve for below in _FRAME_FORMS},
    ("GET", f"{_INSTANCE}/bulkdata/{{attribute:path}}"): _retrieve,
    ("GET", f"{_RECORD}/access-log"): _access_log,
    ("GET", "/me/access-log"): _own_log,
    ("PUT", f"{_RECORD}/documents/{{document}}/labels"): _label,
    ("PUT", f"{_RECORD}/documents/{{document}}/refusal"): _refuse,
    ("DELETE", f"{_RECORD}/documents/{{document}}/refusal"): _admit,
    ("GET", f"{_RECORD}/notices"): _notices,
    ("POST", f"{_RECORD}/documents/{{document}}/announcement"): _announce,
    ("DELETE", f"{_RECORD}/notices/{{notice}}"): _acknowledge,
    ("GET", f"{_RECORD}/contacts"): _contacts,
    ("PUT", f"{_RECORD}/contacts/{{kind}}"): _put_contact,
    ("POST", f"{_RECORD}/contacts/{{kind}}/confirmation"): _confirm_contact,
    ("DELETE", f"{_RECORD}/contacts/{{kind}}"): _delete_contact,
    ("POST", f"{_RECORD}/authorisations"): _authorise,
    ("DELETE", f"{_RECORD}/authorisations/{{professional}}"): partial(_take_off, Action.REVOKE),
    ("GET", f"{_RECORD}/authorisations/{{professional}}"): _choices_about,
    ("PUT", f"{_RECORD}/authorisations/{{professional}}/chosen"): _choose,
    ("POST", f"{_RECORD}/consents"): _record_consent,
    ("POST", f"{_RECORD}/teams"): _form_team,
    ("GET", f"{_RECORD}/teams/{{team}}"): _team_choices,
    ("DELETE", f"{_RECORD}/teams/{{team}}"): _end_team,
    ("POST", f"{_RECORD}/teams/{{team}}/members"): _join_team,
    ("DELETE", f"{_RECORD}/teams/{{team}}/members/{{professional}}"): _leave_team,
    ("PUT", f"{_RECORD}/consent"): partial(_consent, Action.GIVE_CONSENT),
    ("DELETE", f"{_RECORD}/consent"): partial(_consent, Action.WITHDRAW_CONSENT),
    ("POST", f"{_RECORD}/blocks"): partial(_add, Action.BLOCK),
    ("DELETE", f"{_RECORD}/blocks/{{professional}}"): partial(_take_off, Action.UNBLOCK),
    ("POST", f"{_RECORD}/blocked-structures"): _block_structure,
    ("DELETE", f"{_RECORD}/blocked-structures/{{structure}}"): _unblock_structure,
    ("POST", f"{_RECORD}/refused-structures"): partial(_refuse_deposits, "structure"),
    ("DELETE", f"{_RECORD}/refused-structures/{{structure}}"): partial(_admit_deposits, "structure"),
    ("POST", f"{_RECORD}/refused-kinds"): partial(_refuse_deposits, "kind"),
    ("DELETE", f"{_RECORD}/refused-kinds/{{kind}}"): partial(_admit_deposits, "kind"),
    ("POST", f"{_RECORD}/attending-doctors"): partial(_add, Action.NAME_ATTENDING),
    ("DELETE", f"{_RECORD}/attending-doctors/{{professional}}"): partial(_take_off, Action.REMOVE_ATTENDING),
    ("PUT", f"{_RECORD}/emergency"): _emergency,
    ("GET", "/quarantine"): _quarantined,
    ("GET", "/quarantine/{document}"): _quarantined,
    ("POST", "/quarantine/{document}/release"): partial(
        _decide, "release_quarantined", frozenset({"record", "reason"})
    ),
    ("POST", "/quarantine/{document}/destroy"): partial(
        _decide, "destroy_quarantined", frozenset({"reason"})
    ),
}
"""Method and address of every request that a proof is made for; HEAD is read as GET."""
