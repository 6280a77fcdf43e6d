"""Show lines of the log as FHIR R4 AuditEvents (section 6.4, IHE BALP).

A line of a record's log is the very event that its entry binds; what stands beside it is its id, the leaf
hash, the words of its codes, and whom its numbers name. A professional's own line is made anew from what the
vault tells of it, in the same form.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from audit.audit_event import OBJECT, RECORD, STRUCTURE, audit_event
from audit.canonical import parse
from keyvault.verbs.reader.grants.reading import EventPage
from keyvault.verbs.reader.log.own_actions import OwnAction
from records.vocabulary.codes import Action, Role
from viewer_api.named_actors import display_of

AUDIT_EVENT = "AuditEvent"
Resource = dict[str, Any]


def lines_of(page: EventPage) -> Iterable[tuple[int, Resource]]:
    """Each line of a page that was asked for with its evidence: its number, and the event."""
    for line, proof in zip(page.events, page.evidence, strict=True):
        yield proof.seq, _told(parse(proof.event.encode()), line["leaf"], page.public_id)


def own_line(action: OwnAction, actor: Mapping[str, str]) -> Resource:
    """One of the caller's own; of what was refused it tells neither record nor reason."""
    event = audit_event(
        time_ms=action.at,
        action=Action(action.action),
        outcome=action.outcome,
        reason=action.decision,
        purpose=action.purpose,
        actor=actor,
        record=str(action.record) if action.record else None,
        object_id=action.object,
    )
    return _told(event, action.leaf.hex(), action.record)


def _told(event: Mapping[str, Any], leaf: str, record: UUID | None) -> Resource:
    agents = [_agent(each, record) for each in event["agent"]]
    entities = [_entity(each) for each in event["entity"]]
    told = {**event, "id": leaf, "agent": agents}
    return {**told, "entity": entities} if entities else {k: v for k, v in told.items() if k != "entity"}


def _agent(agent: Mapping[str, Any], record: UUID | None) -> Resource:
    """Whom the numbers name, and the French words of profession and sector (TRE_G15, TRE_R02)."""
    roles = [{"coding": [_named(coding) for coding in role["coding"]]} for role in agent.get("role", ())]
    who = _who(agent, record)
    return {**agent, **({"who": who} if who else {}), **({"role": roles} if roles else {})}


def _named(coding: Mapping[str, str]) -> Resource:
    display = display_of(coding["system"], coding["code"])
    return {**coding, "display": display} if display else {**coding}


def _who(agent: Mapping[str, Any], record: UUID | None) -> Resource | None:
    """A professional by national number, the holder as the patient, and others by their structure."""
    if "who" in agent:
        return {"type": "Practitioner", **agent["who"]}
    if agent["type"]["text"] == Role.PATIENT.value and record is not None:
        return {"reference": f"Patient/{record}"}
    location = agent.get("location", {}).get("identifier", {})
    if location.get("system") == STRUCTURE:
        return {"type": "Organization", "identifier": location}
    return None


def _entity(entity: Mapping[str, Any]) -> Resource:
    what = entity.get("what", {})
    identifier = what.get("identifier", {})
    if identifier.get("system") == RECORD:
        return {**entity, "what": {"reference": f"Patient/{identifier['value']}", **what}}
    return {**entity}


def objects_of(event: Resource) -> Iterable[Any]:
    """What an event is about, as `entity` finds it: by reference, and by its id alone."""
    for entity in event.get("entity", ()):
        what = entity.get("what", {})
        if text := what.get("reference"):
            yield text
        if identifier := what.get("identifier"):
            yield identifier["system"], identifier["value"]
            if identifier["system"] == OBJECT:
                yield from (f"{kind}/{identifier['value']}" for kind in ("DocumentReference", "ImagingStudy"))
