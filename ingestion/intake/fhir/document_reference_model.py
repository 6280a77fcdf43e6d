"""A DocumentReference as FHIR R4 defines it (section 10.3), typed."""

from pydantic import Field

from ingestion.intake.fhir.data_types import (
    LONGEST_DESCRIPTION,
    MOST_OF_A_LIST,
    Attachment,
    CodeableConcept,
    Coding,
    Contained,
    DateTime,
    Element,
    Identifier,
    Meta,
    Narrative,
    Period,
    Reference,
    Text,
)


class RelatesTo(Element):
    code: Text | None = None
    target: Reference | None = None


class Content(Element):
    attachment: Attachment
    format: Coding | None = None


class Context(Element):
    encounter: list[Reference] = Field(default=[], max_length=MOST_OF_A_LIST)
    event: list[CodeableConcept] = Field(default=[], max_length=MOST_OF_A_LIST)
    period: Period | None = None
    facility_type: CodeableConcept | None = None
    practice_setting: CodeableConcept | None = None
    source_patient_info: Reference | None = None
    related: list[Reference] = Field(default=[], max_length=MOST_OF_A_LIST)


class DocumentReference(Element):
    """The resource as R4 defines it; `modifierExtension` and `implicitRules` are refused before."""

    resource_type: Text
    status: Text
    content: list[Content] = Field(min_length=1, max_length=1)
    subject: Reference
    type: CodeableConcept
    meta: Meta | None = None
    language: Text | None = None
    text: Narrative | None = None
    contained: list[Contained] = Field(default=[], max_length=MOST_OF_A_LIST)
    master_identifier: Identifier | None = None
    identifier: list[Identifier] = Field(default=[], max_length=MOST_OF_A_LIST)
    doc_status: Text | None = None
    category: list[CodeableConcept] = Field(default=[], max_length=MOST_OF_A_LIST)
    date: DateTime | None = None
    author: list[Reference] = Field(default=[], max_length=MOST_OF_A_LIST)
    authenticator: Reference | None = None
    custodian: Reference | None = None
    relates_to: list[RelatesTo] = Field(default=[], max_length=MOST_OF_A_LIST)
    description: Text | None = Field(default=None, max_length=LONGEST_DESCRIPTION)
    security_label: list[CodeableConcept] = Field(default=[], max_length=MOST_OF_A_LIST)
    context: Context | None = None
