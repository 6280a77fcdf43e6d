"""Parts of a submission after their inspection, as the later steps of a worker get them."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from content.facts import DicomFacts, PdfFacts, StudyFacts
from content.person import Identifier, Person
from content.series_metadata import Frames
from ingestion.grouping import InspectedPart
from ingestion.outcomes import JUDGEMENTS, Judgement

RECORD, OTHER_RECORD = "record-one", "record-two"
CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
STRUCTURED_REPORT = "1.2.840.10008.5.1.4.1.1.88.11"
KEY_OBJECTS = "1.2.840.10008.5.1.4.1.1.88.59"
ENCAPSULATED_PDF = "1.2.840.10008.5.1.4.1.1.104.1"
JPEG = "1.2.840.10008.1.2.4.50"

PUBLISHED, SET_ASIDE = JUDGEMENTS["published"], JUDGEMENTS["no_ins"]
REFUSED, DUPLICATE = JUDGEMENTS["no_record"], JUDGEMENTS["duplicate"]

NOBODY = Person()


def dicom_facts(
    sop: str,
    *,
    study: str = "1.2",
    series: str = "1.2.1",
    sop_class: str = CT_IMAGE,
    modality: str | None = "CT",
    description: str | None = None,
    accession: str | None = None,
    local_id: str | None = None,
    frames: Frames | None = None,
    counted: int | None = None,
    dicom: Mapping[str, Any] | None = None,
) -> DicomFacts:
    return DicomFacts(
        sop_class=sop_class,
        sop=sop,
        study=study,
        series=series,
        transfer_syntax=JPEG,
        modality=modality,
        media_type="application/dicom",
        patient=replace(NOBODY, identifiers=(Identifier(local_id),)),
        document_patients=(),
        study_attributes=StudyFacts("2024-05-02", "10:20:30", description, accession),
        frame_count=counted,
        dicom=dicom or {},
        frames=frames,
    )


def dicom_part(
    number: int,
    *,
    offset: int = 0,
    length: int = 10,
    record: str | None = RECORD,
    judgement: Judgement = PUBLISHED,
    warnings: tuple[str, ...] = (),
    repeats: int | None = None,
    **facts: Any,
) -> InspectedPart:
    return InspectedPart(
        number=number,
        offset=offset,
        length=length,
        sha256=hashlib.sha256(str(number).encode()).digest(),
        judgement=judgement,
        warnings=warnings,
        record=record,
        facts=dicom_facts(facts.pop("sop", f"1.2.1.{number}"), **facts),
        repeats=repeats,
    )


def pdf_part(number: int, **part: Any) -> InspectedPart:
    facts = PdfFacts(pages=3, version="1.7", media_type="application/pdf", pdfa="1b")
    return replace(dicom_part(number, **part), facts=facts)


def typed(code: str | None = None) -> Callable[[int], str | None]:
    """What was declared of every part."""
    return lambda part: code
