"""The details of a document: everything a list shows, sealed by the vault before it reaches the index.

Attributes for QIDO-RS are kept as DICOM JSON (PS3.18 section F) by level, so that answers need no content.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from ingestion.grouping import Group, InspectedPart
from records.vocabulary.document_types import DOCUMENT_TYPES

# PS3.18 tables 10.6.3-3 to 10.6.3-5, and what viewers ask beyond them
STUDY_TAGS = [
    "00080020",
    "00080030",
    "00080050",
    "00080090",
    "00081030",
    "00100010",
    "00100020",
    "00100021",
    "00100030",
    "00100040",
    "0020000D",
    "00200010",
]
SERIES_TAGS = [
    "00080021",
    "00080031",
    "00080060",
    "0008103E",
    "00180015",
    "0020000E",
    "00200011",
    "00400244",
    "00400245",
]
REQUESTS, MOST_REQUESTS = "00400275", 32
REQUEST_TAGS = ["00400009", "00401001"]
INSTANCE_TAGS = ["00080016", "00080018", "00200013", "00280008", "00280010", "00280011", "00280100"]


def study_details(
    group: Group,
    *,
    pack: UUID,
    offsets: Mapping[int, int],
    series_blobs: Mapping[str, UUID],
    common: Mapping[str, Any],
) -> dict[str, Any]:
    """Details of images of one study from one submission, or of one DICOM document of its own."""
    first = group.parts[0].facts
    attributes = first["study_attributes"]
    details: dict[str, Any] = {
        **common,
        "kind": group.kind,
        "type": group.type_code,
        "class": DOCUMENT_TYPES[group.type_code].class_code,
        "title": _title(group, attributes),
        "study_uid": group.study_uid,
        "date": attributes.get("date"),
        "time": attributes.get("time"),
        "accession": attributes.get("accession"),
        "local_id": first["patient"].get("id"),
        "modalities": sorted({p.facts["modality"] for p in group.parts if p.facts.get("modality")}),
        "attributes": pick(first["dicom"], STUDY_TAGS),
        "warnings": _warnings(group.parts),
        "series": [
            {
                "uid": uid,
                "modality": parts[0].facts.get("modality"),
                "metadata_blob": str(series_blobs[uid]),
                "attributes": pick(parts[0].facts["dicom"], SERIES_TAGS) | _requests(parts[0].facts["dicom"]),
                "instances": [_instance(part, pack, offsets[part.number]) for part in parts],
            }
            for uid, parts in group.series()
        ],
    }
    if group.kind == "document":
        part = group.parts[0]
        details |= _place(part, pack, offsets[part.number]) | {"media_type": "application/dicom"}
    return details


def document_details(
    group: Group,
    *,
    pack: UUID,
    offsets: Mapping[int, int],
    declared: Mapping[str, Any],
    common: Mapping[str, Any],
) -> dict[str, Any]:
    """Details of one document that isn't DICOM."""
    part = group.parts[0]
    known = DOCUMENT_TYPES.get(group.type_code)
    return {
        **common,
        **_place(part, pack, offsets[part.number]),
        "kind": "document",
        "type": group.type_code,
        "class": known.class_code if known else "",
        "title": declared.get("title") or (known.display if known else "Document"),
        "date": declared.get("date"),
        "authors": declared.get("authors", []),
        "fhir": declared.get("fhir"),
        "media_type": part.facts.get("media_type", "application/octet-stream"),
        "size": part.length,
        "pages": part.facts.get("pages"),
        "pdfa": part.facts.get("pdfa"),
        "warnings": _warnings(group.parts),
    }


def pick(attributes: Mapping[str, Any], tags: Iterable[str]) -> dict[str, Any]:
    """The named attributes that are present."""
    return {tag: attributes[tag] for tag in tags if tag in attributes}


def _requests(dataset: Mapping[str, Any]) -> dict[str, Any]:
    """What the series was asked by: two numbers of each item of Request Attributes Sequence."""
    element = dataset.get(REQUESTS, {})
    items = element.get("Value", []) if element.get("vr") == "SQ" else []
    kept = [found for item in items[:MOST_REQUESTS] if (found := pick(item, REQUEST_TAGS))]
    return {REQUESTS: {"vr": "SQ", "Value": kept}} if kept else {}


def _instance(part: InspectedPart, pack: UUID, offset: int) -> dict[str, Any]:
    return {
        **_place(part, pack, offset),
        "sop": part.facts["sop"],
        "transfer_syntax": part.facts["transfer_syntax"],
        "frames": part.facts["instance_attributes"].get("frames"),
        "attributes": pick(part.facts["dicom"], INSTANCE_TAGS),
    }


def _place(part: InspectedPart, pack: UUID, offset: int) -> dict[str, Any]:
    return {"blob": str(pack), "offset": offset, "length": part.length, "sha256": part.sha256.hex()}


def _title(group: Group, attributes: Mapping[str, Any]) -> str:
    if group.kind == "document":
        own = _own_title(group.parts[0].facts["dicom"])
        return own or attributes.get("description") or DOCUMENT_TYPES[group.type_code].display
    return attributes.get("description") or _default_title(group)


def _own_title(dataset: Mapping[str, Any]) -> str:
    """Document Title (PS3.3 §C.24.2), else what the root of a structured report is called (§C.17.3)."""
    for item in (dataset, *dataset.get("0040A043", {}).get("Value", ())):
        for tag in ("00420010", "00080104"):
            (value,) = item.get(tag, {}).get("Value", ())[:1] or ("",)
            if value and str(value).strip():
                return str(value).strip()
    return ""


def _default_title(group: Group) -> str:
    modality = group.parts[0].facts.get("modality")
    return f"Imagerie {modality}" if modality else "Imagerie"


def _warnings(parts: Iterable[InspectedPart]) -> list[str]:
    return sorted({code for part in parts for code in part.warnings})
