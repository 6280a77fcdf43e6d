"""The event behind an entry: a FHIR R4 AuditEvent after the IHE Basic Audit Log Patterns (BALP).

Each event is written once, as a resource that any FHIR tool reads. The line that a patient sees is read back
from it, so that the page and the proof can't tell different stories.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from records.vocabulary.codes import Action, Outcome, PurposeOfUse, ReasonCode

RPPS = "urn:oid:1.2.250.1.71.4.2.1"
STRUCTURE = "urn:oid:1.2.250.1.71.4.2.2"
PROFESSION = "urn:oid:1.2.250.1.71.1.2.7"
SECTOR = "urn:oid:1.2.250.1.71.4.2.4"
ACCESS_MODE = "urn:oid:1.2.250.1.213.1.1.4.248"
REST = {"system": "http://terminology.hl7.org/CodeSystem/audit-event-type", "code": "rest"}
ACTIONS = "urn:coffre:action"
RECORD = "urn:coffre:record"
OBJECT = "urn:coffre:object"
_ROLES = {PROFESSION: "profession", SECTOR: "sector"}
REPEATED = "repeated"
"""The detail of a line that stands for so many refusals."""

OPENED_BY = "opened_by"
"""The detail that names who opened content for a client that can't: the gateway."""

# FHIR AuditEvent.action: C create, R read, U update, D delete, E execute
_FHIR_ACTION = {
    Action.DEPOSIT: "C",
    Action.OPEN_RECORD: "C",
    Action.QUARANTINE: "C",
    Action.SEARCH: "R",
    Action.SEARCH_DEPOSITS: "R",
    Action.RETRIEVE: "R",
    Action.READ_LOG: "R",
    Action.READ_OWN_LOG: "R",
    Action.IDENTIFY: "R",
    Action.STILL: "R",
    Action.AUTHENTICATE: "E",
    Action.SIGN_IN: "E",
    Action.ROOT: "E",
    Action.ISSUE_IDENTITY: "E",
    Action.REJECT: "E",
    Action.REVIEW_QUARANTINE: "R",
    Action.DISCHARGE: "E",
    Action.DESTROY: "D",
    Action.WITHDRAW: "D",
    Action.ERASE: "D",
}


def audit_event(
    *,
    time_ms: int,
    action: Action,
    outcome: Outcome,
    reason: ReasonCode | None,
    purpose: PurposeOfUse,
    actor: Mapping[str, str] | None,
    record: str | None,
    object_id: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Build the event. `actor`: as `Actor.display` tells it; `reason` is None where it is not to be told.

    `details` carries what the kind of action adds: the written reason, labels, counts.
    """
    event: dict[str, Any] = {
        "resourceType": "AuditEvent",
        "type": REST,
        "subtype": [{"system": ACTIONS, "code": action.value}],
        "action": _FHIR_ACTION.get(action, "U"),
        "recorded": datetime.fromtimestamp(time_ms / 1000, UTC).isoformat(timespec="milliseconds"),
        "outcome": "0" if outcome is Outcome.PERMIT else "4",
        "purposeOfEvent": [{"coding": [{"system": ACCESS_MODE, "code": purpose.value}]}],
        "agent": [_agent(actor)],
        "source": {"observer": {"display": "coffre vault"}},
        "entity": [],
    }
    if reason is not None:
        event["outcomeDesc"] = reason.value
    if record is not None:
        event["entity"].append({"what": {"identifier": {"system": RECORD, "value": record}}})
    if object_id is not None:
        event["entity"].append({"what": {"identifier": {"system": OBJECT, "value": object_id}}})
    if details:
        event["entity"].append({"detail": [{"type": k, "valueString": str(v)} for k, v in details.items()]})
    return event


def _agent(actor: Mapping[str, str] | None) -> dict[str, Any]:
    agent: dict[str, Any] = {"requestor": True, "type": {"text": actor["role"] if actor else "unknown"}}
    if actor is None:
        return agent
    if rpps := actor.get("rpps"):
        agent["who"] = {"identifier": {"system": RPPS, "value": rpps}}
    roles = [(system, actor[name]) for system, name in _ROLES.items() if actor.get(name)]
    if roles:
        agent["role"] = [{"coding": [{"system": system, "code": code}]} for system, code in roles]
    if structure := actor.get("structure"):
        agent["location"] = {"identifier": {"system": STRUCTURE, "value": structure}}
    return agent


def access_line(event: Mapping[str, Any]) -> dict[str, Any]:
    """The line of the access log that this event stands for (docs/api.md)."""
    line: dict[str, Any] = {
        "time": event["recorded"],
        "actor": _actor(event["agent"][0]),
        "action": event["subtype"][0]["code"],
        "outcome": Outcome.PERMIT.value if event["outcome"] == "0" else Outcome.DENY.value,
        "decision": event["outcomeDesc"],
        "purpose": event["purposeOfEvent"][0]["coding"][0]["code"],
    }
    for entity in event["entity"]:
        identifier = entity.get("what", {}).get("identifier", {})
        if identifier.get("system") == OBJECT:
            line["object"] = identifier["value"]
        for detail in entity.get("detail", []):
            line.setdefault(detail["type"], detail["valueString"])
    if REPEATED in line:
        line[REPEATED] = int(line[REPEATED])
    return line


def _actor(agent: Mapping[str, Any]) -> dict[str, Any]:
    actor: dict[str, Any] = {"role": agent["type"]["text"]}
    if "who" in agent:
        actor["rpps"] = agent["who"]["identifier"]["value"]
    for role in agent.get("role", []):
        coding = role["coding"][0]
        actor[_ROLES[coding["system"]]] = coding["code"]
    if "location" in agent:
        actor["structure"] = agent["location"]["identifier"]["value"]
    return actor
