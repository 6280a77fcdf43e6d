"""From opened details to what lists show: documents as JSON, studies, series and instances as DICOM JSON."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from keyvault.verbs.reading import Listing
from keyvault.verbs.rows import SeenDocument
from records.vocabulary.document_types import DOCUMENT_TYPES
from records.vocabulary.person_warnings import PERSON_WARNINGS, person_codes


def document_json(document: SeenDocument) -> dict[str, Any]:
    """One line of `GET /records/{ins}/documents`."""
    newest = document.details[-1]
    warnings = sorted({code for details in document.details for code in details["warnings"]})
    shown: dict[str, Any] = {
        "id": str(document.document_id),
        "kind": document.facts.kind,
        "title": newest["title"],
        "type": document.facts.type_code,
        "class": newest.get("class", ""),
        "labels": sorted(label.value for label in document.facts.labels),
        "state": document.facts.state.value,
        "date": newest.get("date"),
        "created": _instant(document.created_at),
        "structure": newest.get("structure"),
        "media_type": newest.get("media_type", "application/dicom"),
        "obligations": sorted(obligation.value for obligation in document.obligations),
        "warnings": warnings,
        "cautions": [_caution(code) for code in person_codes(warnings)],
    }
    if newest.get("study_uid"):
        series = merged_series([document])
        shown |= {
            "study_uid": newest["study_uid"],
            "modalities": _modalities(series),
            "series": len(series),
            "instances": sum(len(each["instances"]) for each in series),
        }
    if newest.get("pdfa"):
        shown["pdfa"] = newest["pdfa"]
    shown |= _as_declared(newest)
    display = DOCUMENT_TYPES.get(document.facts.type_code)
    if display:
        shown["type_display"] = display.display
    return shown


def _as_declared(details: Mapping[str, Any]) -> dict[str, Any]:
    """What the sender of a DocumentReference said beside its document; of other documents nothing."""
    kept = details.get("fhir") or {}
    found = {
        "description": kept.get("description"),
        "authors": details.get("authors"),
        "doc_status": kept.get("docStatus"),
        "period": kept.get("context", {}).get("period"),
        "master_identifier": kept.get("masterIdentifier", {}).get("value"),
    }
    return {name: value for name, value in found.items() if value}


def _caution(code: str) -> dict[str, str]:
    """A warning that speaks of the person, in words: whoever reads the document has to know it first."""
    french, english = PERSON_WARNINGS[code]
    return {"code": code, "fr": french, "en": english}


def listing_json(listing: Listing) -> dict[str, Any]:
    body: dict[str, Any] = {
        "record": str(listing.public_id),
        "documents": [document_json(document) for document in listing.documents],
        "obligations": sorted(obligation.value for obligation in listing.obligations),
    }
    if listing.choices is not None:
        body["choices"] = listing.choices
        body["notices"] = [
            {"id": str(notice.notice_id), "kind": notice.kind, "time": _instant(notice.at * 1000)}
            for notice in listing.notices
        ]
    return body


def merged_series(documents: Iterable[SeenDocument]) -> list[dict[str, Any]]:
    """The series of some documents, instances by SOP Instance UID, the latest submission winning."""
    found: dict[str, dict[str, Any]] = {}
    rows = sorted(
        ((d.created_at, n, details) for d in documents for n, details in enumerate(d.details)),
        key=lambda row: (row[2]["received"], row[0], row[1]),
    )
    for _, _, details in rows:
        for series in details.get("series", ()):
            merged = found.setdefault(series["uid"], {**series, "instances": {}})
            merged["attributes"] = series["attributes"]
            merged["instances"] |= {instance["sop"]: instance for instance in series["instances"]}
    return [{**series, "instances": list(series["instances"].values())} for series in found.values()]


def studies_of(listing: Listing) -> dict[str, list[SeenDocument]]:
    """Visible DICOM documents by Study Instance UID, newest study first."""
    found: dict[str, list[SeenDocument]] = {}
    for document in listing.documents:
        if uid := document.details[-1].get("study_uid"):
            found.setdefault(uid, []).append(document)
    return found


def study_attributes(documents: list[SeenDocument]) -> dict[str, Any]:
    """A QIDO-RS study (PS3.18 table 10.6.3-3), with what viewers ask beyond it."""
    series = merged_series(documents)
    newest = max(documents, key=lambda document: document.created_at).details[-1]
    count = sum(len(each["instances"]) for each in series)
    return {
        **newest["attributes"],
        "00080005": value("CS", "ISO_IR 192"),
        "00080056": value("CS", "ONLINE"),
        "00080061": {"vr": "CS", "Value": _modalities(series)},
        "00201206": value("IS", len(series)),
        "00201208": value("IS", count),
    }


def series_attributes(study: Mapping[str, Any], series: Mapping[str, Any]) -> dict[str, Any]:
    """A QIDO-RS series with its study's identifiers (PS3.18 table 10.6.3-4)."""
    return {
        "0020000D": study["0020000D"],
        **series["attributes"],
        "00201209": value("IS", len(series["instances"])),
    }


def instance_attributes(
    study: Mapping[str, Any], series: Mapping[str, Any], instance: Mapping[str, Any]
) -> dict[str, Any]:
    """A QIDO-RS instance (PS3.18 table 10.6.3-5)."""
    return {
        "0020000D": study["0020000D"],
        "0020000E": value("UI", series["uid"]),
        "00080056": value("CS", "ONLINE"),
        **instance["attributes"],
        "00083002": value("UI", instance["transfer_syntax"]),
    }


def value(vr: str, content: object) -> dict[str, Any]:
    return {"vr": vr, "Value": [content]}


def _modalities(series: Iterable[Mapping[str, Any]]) -> list[str]:
    return sorted({each["modality"] for each in series if each.get("modality")})


def _instant(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="seconds")
