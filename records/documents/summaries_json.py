"""The summary of a document to and from JSON values, in the form that the vault seals."""

from collections.abc import Mapping
from typing import Any

from records.documents.details import FileDetails, damaged
from records.documents.details_json import entry_json, entry_of
from records.documents.summaries import DocumentSummary, SeriesSummary

_FILE = ("authors", "fhir", "size", "pages", "pdfa")


def summary_to_json(summary: DocumentSummary) -> dict[str, Any]:
    """Every member, whether it holds something or not."""
    file = summary.file
    return {
        "title": summary.title,
        "class": summary.class_code,
        "date": summary.date,
        "structure": summary.structure,
        "media_type": summary.media_type,
        "warnings": list(summary.warnings),
        "study_uid": summary.study_uid,
        "attributes": summary.attributes,
        "series": [[each.uid, each.modality, each.instances] for each in summary.series],
        "file": None if file is None else _file_json(file),
    }


def summary_from_json(found: Mapping[str, Any]) -> DocumentSummary:
    """The reverse of `summary_to_json`. Raises `CoffreError` "details_damaged" for another form."""
    try:
        return _summary(found)
    except (LookupError, TypeError, ValueError):
        raise damaged() from None


def _summary(found: Mapping[str, Any]) -> DocumentSummary:
    return DocumentSummary(
        title=found["title"],
        class_code=found["class"],
        date=found["date"],
        structure=found["structure"],
        media_type=found["media_type"],
        warnings=tuple(found["warnings"]),
        study_uid=found["study_uid"],
        attributes=found["attributes"],
        series=tuple(
            SeriesSummary(uid=uid, modality=modality, instances=instances)
            for uid, modality, instances in found["series"]
        ),
        file=None if found["file"] is None else _file(found["file"]),
    )


def _file_json(file: FileDetails) -> dict[str, Any]:
    found = {name: getattr(file, name) for name in _FILE}
    authors = None if file.authors is None else list(file.authors)
    return found | {"authors": authors} | entry_json(file.entry)


def _file(found: Mapping[str, Any]) -> FileDetails:
    authors = found["authors"]
    return FileDetails(
        authors=None if authors is None else tuple(authors),
        entry=entry_of(found.get("entry")),
        **{name: found[name] for name in _FILE if name != "authors"},
    )
