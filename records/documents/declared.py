"""The authors and the medical domain that a document states of itself, for the vault to decide on."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from records.documents.details import DocumentDetails
from records.errors import Invalid
from records.fhir.systems import NATIONAL_STRUCTURE
from records.people.identity import check_rpps, check_structure


@dataclass(frozen=True, slots=True)
class DeclaredAuthors:
    """The first person and the first structure that a document names as its authors, by national number;
    empty where it names none.
    """

    person: str = ""
    structure: str = ""


def declared_authors(details: DocumentDetails) -> DeclaredAuthors:
    """The authors that a FHIR sender named by identifier (DocumentReference.author, R4 section 10.3)."""
    named = [_object(author.get("identifier")) for author in _objects(_resource(details).get("author"))]
    # a bare RPPS number has the form of a structure's number: only its system tells one
    structures = (each for each in named if _text(each, "system") == NATIONAL_STRUCTURE)
    return DeclaredAuthors(
        person=_first(_text(each, "value") for each in named if _passes(check_rpps, _text(each, "value"))),
        structure=_first(
            _text(each, "value") for each in structures if _passes(check_structure, _text(each, "value"))
        ),
    )


def practice_setting(details: DocumentDetails) -> str:
    """The code of DocumentReference.context.practiceSetting (XDS practiceSettingCode), or empty."""
    concept = _object(_object(_resource(details).get("context")).get("practiceSetting"))
    return _first(_text(each, "code") for each in _objects(concept.get("coding")))


def _first(texts: Iterable[str]) -> str:
    return next(filter(None, texts), "")


def _resource(details: DocumentDetails) -> Mapping[str, Any]:
    return (details.file.fhir or {}) if details.file else {}


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    return value if isinstance(value, str) else ""


def _passes(check: Callable[[str], object], number: str) -> bool:
    try:
        check(number)
    except Invalid:
        return False
    return True
