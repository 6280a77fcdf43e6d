# ruff: noqa: E501 - one type stands on one line
"""The members of the resources and types that answers are made of, in the order of FHIR R4's tables.

`name:Type` is a member with members of its own, `name@` an attribute in XML, any other a primitive.
"""

from collections.abc import Mapping

Members = Mapping[str, str]
"""Type by name; "" for a primitive, "@" for an attribute."""

_ELEMENT = "id@ extension:Extension"
_RESOURCE = "id meta:Meta implicitRules language"
_DOMAIN_RESOURCE = f"{_RESOURCE} text:Narrative contained:Resource extension:Extension"

_RESOURCES = {
    "Bundle": "identifier:Identifier type timestamp total link:Link entry:Entry",
    "Binary": "contentType securityContext:Reference data",
}
_DOMAIN_RESOURCES = {
    "DocumentReference": "masterIdentifier:Identifier identifier:Identifier status docStatus type:CodeableConcept category:CodeableConcept subject:Reference date author:Reference authenticator:Reference custodian:Reference description securityLabel:CodeableConcept content:DocumentContent context:DocumentContext",
    "OperationOutcome": "issue:Issue",
    "CapabilityStatement": "url version name title status date publisher description kind software:Software implementation:Implementation fhirVersion format rest:Rest",
    "List": "identifier:Identifier status mode title code:CodeableConcept subject:Reference date source:Reference entry:ListEntry",
    "Patient": "identifier:Identifier active name:HumanName gender birthDate",
    "AuditEvent": "type:Coding subtype:Coding action period:Period recorded outcome outcomeDesc purposeOfEvent:CodeableConcept agent:AuditAgent source:AuditSource entity:AuditEntity",
    "Consent": "identifier:Identifier status scope:CodeableConcept category:CodeableConcept patient:Reference dateTime organization:Reference sourceAttachment:Attachment sourceReference:Reference policy:ConsentPolicy policyRule:CodeableConcept verification:ConsentVerification provision:ConsentProvision",
    "Observation": "identifier:Identifier status category:CodeableConcept code:CodeableConcept subject:Reference effectiveDateTime valueCodeableConcept:CodeableConcept note:Annotation",
    "AllergyIntolerance": "identifier:Identifier clinicalStatus:CodeableConcept verificationStatus:CodeableConcept type category criticality code:CodeableConcept patient:Reference onsetDateTime recordedDate note:Annotation reaction:AllergyReaction",
    "Immunization": "identifier:Identifier status vaccineCode:CodeableConcept patient:Reference occurrenceDateTime recorded primarySource lotNumber note:Annotation",
    "MedicationStatement": "identifier:Identifier status medicationCodeableConcept:CodeableConcept subject:Reference effectiveDateTime effectivePeriod:Period dateAsserted reasonCode:CodeableConcept note:Annotation dosage:Dosage",
    "RelatedPerson": "identifier:Identifier active patient:Reference relationship:CodeableConcept name:HumanName telecom:ContactPoint address:Address period:Period",
    "ImagingStudy": "identifier:Identifier status modality:Coding subject:Reference started basedOn:Reference endpoint:Reference numberOfSeries numberOfInstances description series:ImagingSeries",
    "Endpoint": "identifier:Identifier status connectionType:Coding name payloadType:CodeableConcept payloadMimeType address",
}
_ELEMENTS = {
    "Element": "",
    "Extension": "url@ valueBoolean valueCode valueDateTime valueString valueCodeableConcept:CodeableConcept valueIdentifier:Identifier",
    "Meta": "versionId lastUpdated source profile security:Coding tag:Coding",
    "Narrative": "status div",
    "Identifier": "use type:CodeableConcept system value period:Period assigner:Reference",
    "Reference": "reference type identifier:Identifier display",
    "CodeableConcept": "coding:Coding text",
    "Coding": "system version code display userSelected",
    "Period": "start end",
    "HumanName": "use text family given prefix",
    "Attachment": "contentType language data url size hash title creation",
    "DocumentContent": "attachment:Attachment format:Coding",
    "DocumentContext": "encounter:Reference event:CodeableConcept period:Period facilityType:CodeableConcept practiceSetting:CodeableConcept sourcePatientInfo:Reference related:Reference",
    "Link": "relation url",
    "Entry": "fullUrl resource:Resource search:EntrySearch",
    "EntrySearch": "mode score",
    "Issue": "severity code details:CodeableConcept diagnostics location expression",
    "Software": "name version",
    "Implementation": "description url",
    "Rest": "mode documentation security:Security resource:RestResource interaction:SystemInteraction",
    "Security": "cors service:CodeableConcept description",
    "RestResource": "type profile supportedProfile documentation interaction:Interaction versioning readHistory updateCreate conditionalCreate conditionalRead conditionalUpdate searchInclude searchRevInclude searchParam:SearchParam",
    "Interaction": "code documentation",
    "SystemInteraction": "code documentation",
    "SearchParam": "name type documentation",
    "ListEntry": "flag:CodeableConcept deleted date item:Reference",
    "AuditAgent": "type:CodeableConcept role:CodeableConcept who:Reference altId name requestor location:Reference policy media:Coding purposeOfUse:CodeableConcept",
    "AuditSource": "site observer:Reference type:Coding",
    "AuditEntity": "what:Reference type:Coding role:Coding lifecycle:Coding securityLabel:Coding name description query detail:AuditDetail",
    "AuditDetail": "type valueString",
    "ConsentPolicy": "authority uri",
    "ConsentVerification": "verified verifiedWith:Reference verificationDate",
    "ConsentProvision": "type period:Period actor:ConsentActor action:CodeableConcept securityLabel:Coding purpose:Coding class:Coding code:CodeableConcept dataPeriod:Period data:ConsentData provision:ConsentProvision",
    "ConsentActor": "role:CodeableConcept reference:Reference",
    "ConsentData": "meaning reference:Reference",
    "Annotation": "authorString time text",
    "AllergyReaction": "manifestation:CodeableConcept severity",
    "Dosage": "text",
    "ContactPoint": "system value use",
    "Address": "use text",
    "ImagingSeries": "uid number modality:Coding description numberOfInstances endpoint:Reference started",
}


def _members(table: str) -> Members:
    found: dict[str, str] = {}
    for each in table.split():
        name, _, kind = each.partition(":")
        found[name.rstrip("@")] = "@" if name.endswith("@") else kind
    return found


TYPES: Mapping[str, Members] = {
    **{name: _members(f"{_RESOURCE} {table}") for name, table in _RESOURCES.items()},
    **{name: _members(f"{_DOMAIN_RESOURCE} {table}") for name, table in _DOMAIN_RESOURCES.items()},
    **{name: _members(f"{_ELEMENT} {table}") for name, table in _ELEMENTS.items()},
}
