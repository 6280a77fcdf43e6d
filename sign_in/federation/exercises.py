"""Userinfo of Pro Santé Connect: which professional it is, and where he exercises what."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from records.errors import Invalid
from records.people.directory import Exercise, Person, Practice, Structure, read_name, structure_number
from records.people.identity import check_rpps
from sign_in.federation.provider import FederationRefused

MOST = 100
IN_TRAINING = "E"
"""The category of students (TRE_R09), who read no record, as by their card (R7)."""


@dataclass(frozen=True, slots=True)
class Professional:
    """A professional by national number (PSIdNat), with every exercise that can be chosen."""

    person: Person = field(repr=False)
    practices: Sequence[Practice] = field(repr=False)


def professional(userinfo: Mapping[str, Any]) -> Professional:
    """Reads userinfo. Raises `FederationRefused` "federation_no_professional" where it names nobody of the
    RPPS, "federation_no_exercise" where it names no place.
    """
    try:
        number = check_rpps(_text(userinfo, "SubjectNameID"))
        family, given = (read_name(_text(userinfo, name)) for name in ("family_name", "given_name"))
    except Invalid:
        raise FederationRefused(
            "Pro Santé Connect does not know you as a professional of the RPPS. Staff deposit by the "
            "software of their structure.",
            code="federation_no_professional",
        ) from None
    found = {each.exercise: each for each in _practices(number, userinfo)}
    if not found:
        raise FederationRefused(
            "Pro Santé Connect names no place where you exercise. Have your entry in the RPPS completed.",
            code="federation_no_exercise",
        )
    return Professional(Person(number, family, given), tuple(found.values())[:MOST])


def _practices(number: str, userinfo: Mapping[str, Any]) -> Iterator[Practice]:
    for exercise in _objects(_object(userinfo, "SubjectRefPro"), "exercices"):
        if exercise.get("codeCategorieProfessionnelle") == IN_TRAINING:
            continue
        for activity in _objects(exercise, "activities"):
            try:
                if (practice := _practice(number, exercise, activity)) is not None:
                    yield practice
            except Invalid:
                continue  # a place that cannot be named cannot be chosen; the others can


def _practice(number: str, exercise: Mapping[str, Any], activity: Mapping[str, Any]) -> Practice | None:
    place = structure_number(
        former=_text(activity, "ancienIdentifiantDeLaStructure"),
        finess=_text(activity, "numeroFinessSite"),
        siret=_text(activity, "numeroSiretSite"),
    )
    profession, sector = _text(exercise, "codeProfession"), _text(activity, "codeSecteurDactivite")
    if place is None or not profession or not sector:
        return None
    title = _text(activity, "enseigneCommercialeSite") or _text(activity, "raisonSocialeSite")
    structure = Structure(place, read_name(title), read_name(_text(activity, "bureauCedex")))
    specialty = _text(exercise, "codeSavoirFaire")
    return Practice(Exercise(number, profession, specialty, place, sector), structure)


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name) or ""
    if not isinstance(value, str):
        raise Invalid("A field is no text.")
    return value.strip()


def _object(found: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = found.get(name)
    return value if isinstance(value, dict) else {}


def _objects(found: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    value = found.get(name)
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
