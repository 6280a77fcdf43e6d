# ruff: noqa: E501 - one row per element, so that the table can be read down
"""The treatment of every element of a DocumentReference (FHIR R4 section 10.3), as data.

Names are paths below DocumentReference, or of a data type. docs/deposits.md prints this table; a test reads
each element of R4 against it and sends it.
"""

from collections.abc import Mapping

from ingestion.intake.treatments import Rule, Treatment

_H, _K, _N, _R = Treatment.HONOURED, Treatment.KEPT, Treatment.HARMLESS, Treatment.REFUSED
_EXTENSION = "No modifier: FHIR lets a receiver leave it out of account (R4 2.4.0)."
_ID = "A name for references inside the resource."
_MODIFIER = "It would change what the rest means, in a way that is not known here."

_RESOURCE = (
    ("id", _N, "The server gives its own."),
    ("meta", _H, "See Meta below."),
    ("implicitRules", _R, "Rules that are not known here would change what the rest means.", "implicit_rules"),
    ("language", _N, "Of the texts of the resource; the document's own is attachment.language."),
    ("text", _N, "The narrative repeats the elements."),
    ("contained", _H, "A Patient is read where subject or context.sourcePatientInfo names it, names of authors where author does; others are not kept."),
    ("extension", _N, _EXTENSION),
    ("modifierExtension", _R, _MODIFIER, "modifier_extension"),
    ("masterIdentifier", _K, "The same one with other bytes, in one record and from one structure, is refused (`identifier_taken`)."),
    ("identifier", _K, ""),
    ("status", _H, "`current` alone: `bad_status`."),
    ("docStatus", _K, "Shown in lists. `entered-in-error` is refused (`entered_in_error`), and so is what R4 doesn't define (`bad_element`)."),
    ("type", _H, "One coding is a type of the shared medical record: `type_unknown`."),
    ("category", _K, "The class that counts is computed from the type."),
    ("subject", _H, "Whose record: an identifier, `Patient?identifier=…`, or a contained Patient: `bad_subject`."),
    ("date", _K, "Shown in lists; a day alone is taken too. `bad_date`."),
    ("author", _K, "Shown in lists; the depositing structure is known from its credential, whatever stands here."),
    ("authenticator", _K, ""),
    ("custodian", _K, ""),
    ("relatesTo", _R, "Replacement is not there yet.", "relation_not_supported"),
    ("relatesTo.id", _R, "", "relation_not_supported"),
    ("relatesTo.extension", _R, "", "relation_not_supported"),
    ("relatesTo.modifierExtension", _R, "", "modifier_extension"),
    ("relatesTo.code", _R, "", "relation_not_supported"),
    ("relatesTo.target", _R, "", "relation_not_supported"),
    ("description", _K, "Shown in lists; at most 4 096 characters. It is the title where attachment.title is missing."),
    ("securityLabel", _H, "`MASQUE_PS`, `INVISIBLE_PATIENT` and `INVISIBLE_REPRESENTANTS_LEGAUX` become the labels of the document, the first two not together (`labels_conflict`); `N` is normal. `R` and `V` are refused (`label_not_supported`) until a deposit can carry them, any other label as `unknown_label`."),
    ("content", _H, "Exactly one: `bad_content`."),
    ("content.id", _N, _ID),
    ("content.extension", _N, _EXTENSION),
    ("content.modifierExtension", _R, _MODIFIER, "modifier_extension"),
    ("content.attachment", _H, "See Attachment below."),
    ("content.format", _K, "What the document is, its bytes tell."),
    ("context", _K, ""),
    ("context.id", _N, _ID),
    ("context.extension", _N, _EXTENSION),
    ("context.modifierExtension", _R, _MODIFIER, "modifier_extension"),
    ("context.encounter", _K, ""),
    ("context.event", _K, ""),
    ("context.period", _K, "Shown in lists. `bad_date`, also where it ends before it begins."),
    ("context.facilityType", _K, ""),
    ("context.practiceSetting", _K, ""),
    ("context.sourcePatientInfo", _K, "The traits of a contained Patient are compared with the record's: `other_person`."),
    ("context.related", _K, ""),
)  # fmt: skip

_TYPES = (
    ("Attachment.id", _N, _ID),
    ("Attachment.extension", _N, _EXTENSION),
    ("Attachment.contentType", _H, "`application/pdf`: `bad_content_type`. The bytes are judged for themselves."),
    ("Attachment.language", _K, ""),
    ("Attachment.data", _H, "The document: `bad_content`."),
    ("Attachment.url", _N, "Nothing is fetched; without data it is `bad_content`."),
    ("Attachment.size", _H, "Compared with the bytes: `size_mismatch`."),
    ("Attachment.hash", _H, "SHA-1 in base64 as R4 has it, compared with the bytes: `hash_mismatch`."),
    ("Attachment.title", _K, "Shown in lists; its first 255 characters, as the national record has it."),
    ("Attachment.creation", _K, "`bad_date`."),
    ("Meta.id", _N, _ID),
    ("Meta.extension", _N, _EXTENSION),
    ("Meta.versionId", _N, "The server gives its own."),
    ("Meta.lastUpdated", _N, "The server gives its own. `bad_date`."),
    ("Meta.source", _N, "Who deposits is known from the credential."),
    ("Meta.profile", _N, "This table holds whatever profile is claimed."),
    ("Meta.security", _H, "As securityLabel; `HTEST`, test data, is refused in production (`test_data`)."),
    ("Meta.tag", _N, "For workflows of the sender."),
    ("Identifier.id", _N, _ID),
    ("Identifier.extension", _N, _EXTENSION),
    ("Identifier.use", _K, ""),
    ("Identifier.type", _K, ""),
    ("Identifier.system", _K, "At most 255 characters, as value."),
    ("Identifier.value", _K, ""),
    ("Identifier.period", _K, ""),
    ("Identifier.assigner", _K, ""),
    ("CodeableConcept.id", _N, _ID),
    ("CodeableConcept.extension", _N, _EXTENSION),
    ("CodeableConcept.coding", _K, ""),
    ("CodeableConcept.text", _K, ""),
    ("Coding.id", _N, _ID),
    ("Coding.extension", _N, _EXTENSION),
    ("Coding.system", _K, ""),
    ("Coding.version", _K, ""),
    ("Coding.code", _K, ""),
    ("Coding.display", _K, ""),
    ("Coding.userSelected", _K, ""),
    ("Reference.id", _N, _ID),
    ("Reference.extension", _N, _EXTENSION),
    ("Reference.reference", _K, ""),
    ("Reference.type", _K, "In subject `Patient` alone: `bad_subject`."),
    ("Reference.identifier", _K, ""),
    ("Reference.display", _K, ""),
    ("Period.id", _N, _ID),
    ("Period.extension", _N, _EXTENSION),
    ("Period.start", _K, ""),
    ("Period.end", _K, ""),
    ("Narrative.id", _N, _ID),
    ("Narrative.extension", _N, _EXTENSION),
    ("Narrative.status", _N, "The narrative repeats the elements."),
    ("Narrative.div", _N, "The narrative repeats the elements."),
)  # fmt: skip

ELEMENTS: Mapping[str, Rule] = {row[0]: Rule(*row) for row in (*_RESOURCE, *_TYPES)}
