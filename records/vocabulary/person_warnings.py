"""Warnings about content that may be another person's, for its sender, the doctor and the patient.

Apart from the verdicts on a file's form: a device that writes its files carelessly harms nobody, a report in
the wrong record can kill. French, then English.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

OTHER_PERSON = "other_person"

PERSON_WARNINGS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "other_family_name": (
            "Le nom de famille inscrit dans ce document n'est pas celui du dossier : ce document concerne "
            "peut-être une autre personne. Vérifiez l'identité du patient.",
            "The family name in this document is not that of the record: this document may be about another "
            "person. Check the patient's identity.",
        ),
        "other_birth_date": (
            "La date de naissance inscrite dans ce document n'est pas celle du dossier : ce document "
            "concerne peut-être une autre personne. Vérifiez l'identité du patient.",
            "The birth date in this document is not that of the record: this document may be about another "
            "person. Check the patient's identity.",
        ),
        "other_sex": (
            "Le sexe inscrit dans ce document n'est pas celui du dossier : ce document concerne peut-être "
            "une autre personne. Vérifiez l'identité du patient.",
            "The sex in this document is not that of the record: this document may be about another person. "
            "Check the patient's identity.",
        ),
        "other_first_name": (
            "Le premier prénom inscrit dans ce document n'est pas celui du dossier : ce document concerne "
            "peut-être un jumeau ou un proche. Vérifiez l'identité du patient.",
            "The first name in this document is not that of the record: this document may be about a twin or "
            "a relative. Check the patient's identity.",
        ),
        "traits_differ": (  # written by 0.1.0
            "L'identité inscrite dans ce document n'est pas celle du dossier : ce document concerne "
            "peut-être une autre personne. Vérifiez l'identité du patient.",
            "The identity in this document is not that of the record: this document may be about another "
            "person. Check the patient's identity.",
        ),
        "patient_id_empty": (
            "Ce document ne porte aucun numéro de patient : seul l'envoyeur a dit de qui il s'agit. Vérifiez "
            "l'identité du patient.",
            "This document holds no patient number: only its sender said whom it is about. Check the "
            "patient's identity.",
        ),
    }
)

TRAIT_NAMES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "other_family_name": ("nom de famille", "family name"),
        "other_birth_date": ("date de naissance", "birth date"),
        "other_sex": ("sexe", "sex"),
        "other_first_name": ("premier prénom", "first name"),
    }
)
"""What differs, by code, in the order in which it is told."""

SET_ASIDE = (
    "Ce document ne porte pas l'identité du titulaire du dossier ({traits}) : il est mis de côté pour "
    "l'équipe d'hébergement et n'entre pas dans le dossier. Vérifiez l'identité du patient, puis déposez "
    "dans le bon dossier.",
    "This document does not hold the identity of the record's holder ({traits}): it is set aside for the "
    "hosting team and does not enter the record. Check the patient's identity, then deposit in the right "
    "record.",
)


def person_codes(codes: Iterable[str]) -> list[str]:
    """Those of the warnings that speak of the person, the gravest first."""
    found = set(codes)
    return [code for code in PERSON_WARNINGS if code in found]


def set_aside_sentences(codes: Iterable[str]) -> tuple[str, str]:
    """Sentences that say why a content is set aside: they name the differing traits, never their values."""
    found = set(codes)
    french = ", ".join(names[0] for code, names in TRAIT_NAMES.items() if code in found)
    english = ", ".join(names[1] for code, names in TRAIT_NAMES.items() if code in found)
    return SET_ASIDE[0].format(traits=french), SET_ASIDE[1].format(traits=english)
