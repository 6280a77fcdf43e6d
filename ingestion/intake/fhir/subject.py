"""The record that a DocumentReference names: its subject in the forms of IHE MHD and the national guide.

An identifier (R4 2.3.0.2), a conditional reference `Patient?identifier=urn:oid:…|INS` (R4 3.1.0.11.2), or a
contained Patient. Several of them have to name one INS.
"""

import re
from collections.abc import Sequence
from urllib.parse import parse_qsl

from ingestion.intake.fhir.data_types import Contained, Identifier, Reference
from records.errors import Invalid
from records.people.identity import KNOWN_OIDS

_OID = "urn:oid:"
_CONDITIONAL = "Patient?"
_ANOTHER_TYPE = re.compile(r"(?!Patient\b)[A-Z][A-Za-z]+[/?].*", re.DOTALL)
_IDENTIFIER = "DocumentReference.subject.identifier: system urn:oid:1.2.250.1.213.1.4.…, value the INS."


def ins_of(subject: Reference, contained: Sequence[Contained]) -> str:
    """The INS as `matricule|oid`, not yet judged. Raises `Invalid` "bad_subject"."""
    reference = subject.reference or ""
    if subject.type not in (None, "Patient") or _ANOTHER_TYPE.fullmatch(reference):
        raise Invalid("DocumentReference.subject must be a Patient.", code="bad_subject")
    named = {_qualified(subject.identifier)} if subject.identifier else set()
    if reference.startswith("#"):
        named |= _of_contained(reference[1:], contained)
    elif reference.startswith(_CONDITIONAL):
        named.add(_of_conditional(reference.removeprefix(_CONDITIONAL)))
    if not named:
        raise Invalid(
            "DocumentReference.subject must hold the patient's INS: as identifier, as "
            "Patient?identifier=urn:oid:…|…, or in a contained Patient.",
            code="bad_subject",
        )
    if len(named) > 1:
        raise Invalid("DocumentReference.subject names more than one INS.", code="bad_subject")
    return named.pop()


def _qualified(identifier: Identifier) -> str:
    """Some senders write `oid|matricule` as the value."""
    oid, _, matricule = (identifier.value or "").rpartition("|")
    oid = (oid or identifier.system or "").removeprefix(_OID)
    if not oid or not matricule:
        raise Invalid(_IDENTIFIER, code="bad_subject")
    return f"{matricule}|{oid}"


def _of_contained(name: str, contained: Sequence[Contained]) -> set[str]:
    """Every INS of the patient; other identifiers are the sender's own."""
    found = [each for each in contained if each.id == name]
    if len(found) != 1 or found[0].resource_type != "Patient":
        raise Invalid("DocumentReference.subject refers to no contained Patient.", code="bad_subject")
    return {
        _qualified(each)
        for each in found[0].identifiers()
        if each.value and (each.system or "").removeprefix(_OID) in KNOWN_OIDS
    }


def _of_conditional(query: str) -> str:
    asked = parse_qsl(query, keep_blank_values=True)
    system, _, value = (
        asked[0][1].partition("|") if [name for name, _ in asked] == ["identifier"] else ("", "", "")
    )
    if not value:
        raise Invalid(
            "DocumentReference.subject.reference: Patient?identifier=urn:oid:1.2.250.1.213.1.4.…|INS, and no "
            "other criterion.",
            code="bad_subject",
        )
    return _qualified(Identifier(system=system, value=value))
