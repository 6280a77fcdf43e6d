"""Professions as TRE_G15 codes them (OID 1.2.250.1.71.1.2.7), as far as the records know them.

Source: the profession codes listed by the DRIMbox demonstrator of the Agence du numérique en santé
(December 2024). A code that is not here is unknown, and whoever carries it reads nothing (R16).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

VERSION = "2024-12"

DOCTOR = "10"
PHARMACIST = "21"
DENTIST = "40"
MIDWIFE = "50"
NURSE = "60"
PSYCHIATRIC_NURSE = "69"
PODIATRIST = "80"


@dataclass(frozen=True, slots=True)
class Profession:
    """`health` tells the professions of part four of the Code de la santé publique from mere titles."""

    code: str
    display: str
    health: bool = True


PROFESSIONS: Mapping[str, Profession] = MappingProxyType(
    {
        profession.code: profession
        for profession in (
            Profession(DOCTOR, "Médecin"),
            Profession(PHARMACIST, "Pharmacien"),
            Profession("26", "Audioprothésiste"),
            Profession("28", "Opticien-lunetier"),
            Profession("31", "Assistant dentaire"),
            Profession("32", "Physicien médical"),
            Profession("35", "Aide-soignant"),
            Profession("36", "Ambulancier"),
            Profession("37", "Auxiliaire de puériculture"),
            Profession("38", "Préparateur en pharmacie hospitalière"),
            Profession("39", "Préparateur en pharmacie"),
            Profession(DENTIST, "Chirurgien-dentiste"),
            Profession(MIDWIFE, "Sage-femme"),
            Profession(NURSE, "Infirmier"),
            Profession(PSYCHIATRIC_NURSE, "Infirmier psychiatrique"),
            Profession("70", "Masseur-kinésithérapeute"),
            Profession(PODIATRIST, "Pédicure-podologue"),
            Profession("81", "Orthoprothésiste"),
            Profession("82", "Podo-orthésiste"),
            Profession("83", "Orthopédiste-orthésiste"),
            Profession("84", "Oculariste"),
            Profession("85", "Épithésiste"),
            Profession("86", "Technicien de laboratoire médical"),
            Profession("91", "Orthophoniste"),
            Profession("92", "Orthoptiste"),
            Profession("93", "Psychologue", health=False),
            Profession("94", "Ergothérapeute"),
            Profession("95", "Diététicien"),
            Profession("96", "Psychomotricien"),
            Profession("98", "Manipulateur en électroradiologie médicale"),
        )
    }
)


def is_health_professional(code: str | None) -> bool:
    """Whether the code names a known health profession; unknown or none is False."""
    profession = PROFESSIONS.get(code or "")
    return profession is not None and profession.health
