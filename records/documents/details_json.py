"""The details of a document to and from plain JSON values: `to_json(from_json(row))` equals `row`.

Members of study, content and file stand beside those of the document, in one object. A member that holds
nothing is written as null or empty, unless the object was read without it.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from records.documents.details import (
    ContentDetails,
    DocumentDetails,
    EntryDetails,
    FileDetails,
    InstanceDetails,
    Place,
    RenditionDetails,
    SeriesDetails,
    SetAside,
    StudyDetails,
    damaged,
)

Json = Mapping[str, Any]

_PLACE = frozenset(("blob", "offset", "length", "sha256"))
_INSTANCE = _PLACE | {"sop", "transfer_syntax", "frames", "attributes"}
_SERIES = frozenset(("uid", "modality", "metadata_blob", "attributes", "instances"))
_STUDY = frozenset(("study_uid", "time", "accession", "local_id", "modalities", "attributes", "series"))
_CONTENT = _PLACE | {"media_type"}
_FILE = frozenset(("authors", "fhir", "size", "pages", "pdfa"))
_SET_ASIDE = frozenset(("kind", "document"))
_DOCUMENT = frozenset(
    ("kind", "title", "type", "class", "date", "structure", "received", "submission", "warnings")
)


def from_json(row: Json) -> DocumentDetails:
    """The details in a JSON object. Raises `CoffreError` "details_damaged" for one of another form."""
    try:
        return _document(row)
    except (LookupError, TypeError, ValueError, AttributeError):
        raise damaged() from None


def to_json(details: DocumentDetails) -> dict[str, Any]:
    """The JSON object that holds these details."""
    members = {
        "kind": details.kind,
        "title": details.title,
        "type": details.type_code,
        "class": details.class_code,
        "date": details.date,
        "structure": details.structure,
        "received": details.received,
        "submission": details.submission,
        "warnings": list(details.warnings),
    }
    found = _written(members, details.absent, details.unknown)
    if details.study is not None:
        found |= _study_json(details.study)
    if details.content is not None:
        found |= _content_json(details.content)
    if details.file is not None:
        found |= _file_json(details.file)
    if details.set_aside is not None:
        found["set_aside"] = _set_aside_json(details.set_aside)
    return found


def _document(row: Json) -> DocumentDetails:
    known = set(_DOCUMENT)
    study = content = file = set_aside = None
    if row.get("study_uid"):
        known |= _STUDY | {"renditions"}
        study = _study(row)
    if "sha256" in row:
        known |= _CONTENT
        content = _content(row)
    if not _FILE.isdisjoint(row):
        known |= _FILE | {"entry"}
        file = _file(row)
    if row.get("set_aside"):
        known.add("set_aside")
        set_aside = _set_aside(row["set_aside"])
    return DocumentDetails(
        kind=row["kind"],
        title=row.get("title", ""),
        type_code=row.get("type", ""),
        class_code=row.get("class", ""),
        date=row.get("date"),
        structure=row.get("structure"),
        received=row.get("received", 0),
        submission=row.get("submission", ""),
        warnings=tuple(row.get("warnings", ())),
        study=study,
        content=content,
        file=file,
        set_aside=set_aside,
        absent=_DOCUMENT.difference(row),
        unknown={name: row[name] for name in row if name not in known},
    )


def _study(row: Json) -> StudyDetails:
    return StudyDetails(
        uid=row["study_uid"],
        time=row.get("time"),
        accession=row.get("accession"),
        local_id=row.get("local_id"),
        modalities=tuple(row.get("modalities", ())),
        attributes=row.get("attributes", {}),
        series=tuple(map(_series, row.get("series", ()))),
        renditions=tuple(map(_rendition, row.get("renditions", ()))),
        absent=_STUDY.difference(row),
    )


def _study_json(study: StudyDetails) -> dict[str, Any]:
    members = {
        "study_uid": study.uid,
        "time": study.time,
        "accession": study.accession,
        "local_id": study.local_id,
        "modalities": list(study.modalities),
        "attributes": study.attributes,
        "series": [_series_json(each) for each in study.series],
    }
    found = _written(members, study.absent, {})
    if study.renditions:
        found["renditions"] = [_rendition_json(each) for each in study.renditions]
    return found


def _rendition(value: Json) -> RenditionDetails:
    shows = frozenset((sop, bytes.fromhex(digest)) for sop, digest in value["shows"])
    return RenditionDetails(value["series"], value["form"], UUID(value["blob"]), shows)


def _rendition_json(rendition: RenditionDetails) -> dict[str, Any]:
    return {
        "series": rendition.series,
        "form": rendition.form,
        "blob": str(rendition.blob_id),
        "shows": sorted([sop, digest.hex()] for sop, digest in rendition.shows),
    }


def _series(value: Json) -> SeriesDetails:
    return SeriesDetails(
        uid=value["uid"],
        metadata_blob=UUID(value["metadata_blob"]),
        modality=value.get("modality"),
        attributes=value.get("attributes", {}),
        instances=tuple(map(_instance, value.get("instances", ()))),
        superseded=tuple(map(_instance, value.get("superseded", ()))),
        absent=_SERIES.difference(value),
        unknown={name: value[name] for name in value if name not in _SERIES and name != "superseded"},
    )


def _series_json(series: SeriesDetails) -> dict[str, Any]:
    members = {
        "uid": series.uid,
        "metadata_blob": str(series.metadata_blob),
        "modality": series.modality,
        "attributes": series.attributes,
        "instances": [_instance_json(each) for each in series.instances],
    }
    found = _written(members, series.absent, series.unknown)
    if series.superseded:
        found["superseded"] = [_instance_json(each) for each in series.superseded]
    return found


def _instance(value: Json) -> InstanceDetails:
    absent = _INSTANCE.difference(value)
    is_known = len(value) + len(absent) == len(_INSTANCE)
    return InstanceDetails(
        sop=value["sop"],
        place=_place(value),
        transfer_syntax=value.get("transfer_syntax", ""),
        frames=value.get("frames"),
        attributes=value.get("attributes", {}),
        absent=absent,
        unknown={} if is_known else {name: value[name] for name in value if name not in _INSTANCE},
    )


def _instance_json(instance: InstanceDetails) -> dict[str, Any]:
    members = {
        **_place_json(instance.place),
        "sop": instance.sop,
        "transfer_syntax": instance.transfer_syntax,
        "frames": instance.frames,
        "attributes": instance.attributes,
    }
    return _written(members, instance.absent, instance.unknown)


def _place(value: Json) -> Place:
    blob_id, digest = UUID(value["blob"]), bytes.fromhex(value["sha256"])
    return Place(blob_id, value["offset"], value["length"], digest)


def _place_json(place: Place) -> dict[str, Any]:
    return {
        "blob": str(place.blob_id),
        "offset": place.offset,
        "length": place.length,
        "sha256": place.sha256.hex(),
    }


def _content(row: Json) -> ContentDetails:
    media_type = row.get("media_type", "")
    return ContentDetails(place=_place(row), media_type=media_type, absent=_CONTENT.difference(row))


def _content_json(content: ContentDetails) -> dict[str, Any]:
    members = {**_place_json(content.place), "media_type": content.media_type}
    return _written(members, content.absent, {})


def _file(row: Json) -> FileDetails:
    authors = row.get("authors", ())
    return FileDetails(
        authors=None if authors is None else tuple(authors),
        fhir=row.get("fhir"),
        size=row.get("size"),
        pages=row.get("pages"),
        pdfa=row.get("pdfa"),
        entry=entry_of(row.get("entry")),
        absent=_FILE.difference(row),
    )


def _file_json(file: FileDetails) -> dict[str, Any]:
    members = {
        "authors": None if file.authors is None else list(file.authors),
        "fhir": file.fhir,
        "size": file.size,
        "pages": file.pages,
        "pdfa": file.pdfa,
    }
    return _written(members, file.absent, {}) | entry_json(file.entry)


def entry_of(value: Json | None) -> EntryDetails | None:
    """Raises `LookupError`, `TypeError` or `ValueError` for another form."""
    if value is None:
        return None
    entry = value["entry"]
    return EntryDetails(resource=value["resource"], entry=None if entry is None else UUID(entry))


def entry_json(entry: EntryDetails | None) -> dict[str, Any]:
    """The member of own information; what is none has none."""
    if entry is None:
        return {}
    name = None if entry.entry is None else str(entry.entry)
    return {"entry": {"entry": name, "resource": entry.resource}}


def _set_aside(value: Json) -> SetAside:
    return SetAside(
        kind=value.get("kind"),
        document=value.get("document"),
        absent=_SET_ASIDE.difference(value),
        unknown={name: value[name] for name in value if name not in _SET_ASIDE},
    )


def _set_aside_json(aside: SetAside) -> dict[str, Any]:
    return _written({"kind": aside.kind, "document": aside.document}, aside.absent, aside.unknown)


def _written(members: dict[str, Any], absent: frozenset[str], unknown: Json) -> dict[str, Any]:
    for name in absent:
        if not members[name]:
            del members[name]
    return {**unknown, **members} if unknown else members
