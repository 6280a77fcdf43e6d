"""What a document says of itself: the authors that a FHIR sender names, and the medical domain."""

from typing import Any

import pytest

from records.documents.declared import DeclaredAuthors, declared_authors, practice_setting
from records.documents.details import DocumentDetails, FileDetails
from records.fhir.systems import NATIONAL_STRUCTURE

HOSPITAL, SIRET = "1750000001", "3" + "8" * 14


def details(fhir: dict[str, Any] | None) -> DocumentDetails:
    return DocumentDetails(kind="document", file=FileDetails(fhir=fhir))


def author(*numbers: object) -> dict[str, Any]:
    """Structures are told from people by the system of their number."""
    structures = (HOSPITAL, SIRET)
    return {
        "author": [
            {"identifier": {"value": each} | ({"system": NATIONAL_STRUCTURE} if each in structures else {})}
            for each in numbers
        ]
    }


@pytest.mark.parametrize(
    ("said", "named"),
    [
        (author("899700024450", HOSPITAL), DeclaredAuthors("899700024450", HOSPITAL)),
        (author("899700024450", "899700024468"), DeclaredAuthors("899700024450")),
        (author(SIRET), DeclaredAuthors(structure=SIRET)),
        (author("10002445011", "Dr Martin", 4), DeclaredAuthors()),
        ({"author": [{"display": "Dr Martin"}, "?"]}, DeclaredAuthors()),
        ({}, DeclaredAuthors()),
        (None, DeclaredAuthors()),
    ],
)
def test_authors_are_those_named_by_national_number(
    said: dict[str, Any] | None, named: DeclaredAuthors
) -> None:
    assert declared_authors(details(said)) == named


@pytest.mark.parametrize(
    ("said", "domain"),
    [
        ({"context": {"practiceSetting": {"coding": [{"code": "AMBULATOIRE"}]}}}, "AMBULATOIRE"),
        ({"context": {"practiceSetting": {"coding": [{}, {"code": "CARDIO"}]}}}, "CARDIO"),
        ({"context": {"practiceSetting": {"text": "ville"}}}, ""),
        ({"context": []}, ""),
        (None, ""),
    ],
)
def test_the_medical_domain_is_a_code(said: dict[str, Any] | None, domain: str) -> None:
    assert practice_setting(details(said)) == domain


def test_images_name_nobody() -> None:
    images = DocumentDetails(kind="study")
    assert (declared_authors(images), practice_setting(images)) == (DeclaredAuthors(), "")
