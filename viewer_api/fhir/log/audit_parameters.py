"""The search parameters of AuditEvent (FHIR R4 section 6.4.7, IHE ITI-81) that are answered, as data."""

from collections.abc import Iterable

from records.fhir.search.matching import (
    Kind,
    Parameter,
    asked_date,
    of_references,
    spans_of,
    token_of_coding,
    tokens_of_concept,
)
from viewer_api.fhir.log.audit_events import objects_of

OUTCOMES = "http://hl7.org/fhir/audit-event-outcome"
FHIR_ACTIONS = "http://hl7.org/fhir/audit-event-action"
AUDIT_EVENT_PARAMETERS = (
    Parameter("_id", Kind.TOKEN, lambda r: [(None, r["id"])], "The leaf hash, as /audit/proof takes it."),
    Parameter("action", Kind.TOKEN, lambda r: [(FHIR_ACTIONS, r["action"])]),
    Parameter(
        "agent",
        Kind.REFERENCE,
        lambda r: of_references([each["who"] for each in r["agent"] if "who" in each]),
        "agent:identifier: the national number of a professional, or of a structure that deposits.",
    ),
    Parameter(
        "agent-role",
        Kind.TOKEN,
        lambda r: (
            t for each in r["agent"] for role in each.get("role", ()) for t in tokens_of_concept(role)
        ),
        "Profession (TRE_G15) and sector (TRE_R02).",
    ),
    Parameter("date", Kind.DATE, lambda r: spans_of(r["recorded"])),
    Parameter(
        "entity", Kind.REFERENCE, objects_of, "DocumentReference/{id}, ImagingStudy/{id}, or Patient/{id}."
    ),
    Parameter("outcome", Kind.TOKEN, lambda r: [(OUTCOMES, r["outcome"])], "0 permitted, 4 refused."),
    Parameter("subtype", Kind.TOKEN, lambda r: (t for each in r["subtype"] for t in token_of_coding(each))),
    Parameter("type", Kind.TOKEN, lambda r: token_of_coding(r["type"])),
)
_SINCE, _UNTIL = frozenset({"eq", "ge", "gt", "sa"}), frozenset({"eq", "le", "lt", "eb"})
_LATEST = 2**53 - 1


def period(asked: Iterable[tuple[str, str]]) -> tuple[int | None, int | None]:
    """Unix seconds between which every event lies that the dates asked for can mean: since, until.

    The vault looks no further; each event is matched by the dates themselves.
    """
    since: list[int] = []
    until: list[int] = []
    for name, text in asked:
        if name != "date" or "," in text:
            continue
        prefix, (start, stop) = asked_date(text)
        since += [start // 1_000_000] if prefix in _SINCE else []
        until += [-(-stop // 1_000_000)] if prefix in _UNTIL else []
    return _held(max(since, default=None)), _held(min(until, default=None))


def _held(seconds: int | None) -> int | None:
    """Within what the vault counts in."""
    return None if seconds is None else min(max(seconds, 0), _LATEST)
