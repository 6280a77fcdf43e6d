"""Professions as TRE_G15 codes them (OID 1.2.250.1.71.1.2.7), as far as the records know them.

Source: the profession codes listed by the DRIMbox demonstrator of the Agence du numérique en santé
(December 2024). A code that is not here is unknown, and whoever carries it reads nothing (R16).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

DOCTOR = "10"


@dataclass(frozen=True, slots=True)
class Profession:
    """`health` tells the professions of part four of the Code de la santé publique from mere titles.

    `emergencies`: the profession may break the glass (article L1111-17, R26), since it takes care of people
    in immediate danger who cannot express their will. No text lists these professions: the column is our
    reading, and leaves out who makes devices, prepares products, measures or fits, and never receives such a
    person.
    """

    code: str
    display: str
    health: bool = True
    emergencies: bool = True


PROFESSIONS: Mapping[str, Profession] = MappingProxyType(
    {
        profession.code: profession
        for profession in (
            Profession(DOCTOR, "Médecin"),
            Profession("21", "Pharmacien"),
            Profession("26", "Audioprothésiste", emergencies=False),
            Profession("28", "Opticien-lunetier", emergencies=False),
            Profession("31", "Assistant dentaire", emergencies=False),
            Profession("32", "Physicien médical", emergencies=False),
            Profession("35", "Aide-soignant"),
            Profession("36", "Ambulancier"),
            Profession("37", "Auxiliaire de puériculture"),
            Profession("38", "Préparateur en pharmacie hospitalière", emergencies=False),
            Profession("39", "Préparateur en pharmacie", emergencies=False),
            Profession("40", "Chirurgien-dentiste"),
            Profession("50", "Sage-femme"),
            Profession("60", "Infirmier"),
            Profession("69", "Infirmier psychiatrique"),
            Profession("70", "Masseur-kinésithérapeute"),
            Profession("80", "Pédicure-podologue"),
            Profession("81", "Orthoprothésiste", emergencies=False),
            Profession("82", "Podo-orthésiste", emergencies=False),
            Profession("83", "Orthopédiste-orthésiste", emergencies=False),
            Profession("84", "Oculariste", emergencies=False),
            Profession("85", "Épithésiste", emergencies=False),
            Profession("86", "Technicien de laboratoire médical", emergencies=False),
            Profession("91", "Orthophoniste"),
            Profession("92", "Orthoptiste"),
            Profession("93", "Psychologue", health=False, emergencies=False),
            Profession("94", "Ergothérapeute"),
            Profession("95", "Diététicien", emergencies=False),
            Profession("96", "Psychomotricien"),
            Profession("98", "Manipulateur en électroradiologie médicale", emergencies=False),
        )
    }
)


def is_health_professional(code: str | None) -> bool:
    """Whether the code names a known health profession; unknown or none is False."""
    profession = PROFESSIONS.get(code or "")
    return profession is not None and profession.health


def may_break_the_glass(code: str | None) -> bool:
    """Whether the code names a health profession that the table admits to emergencies (R26)."""
    return is_health_professional(code) and PROFESSIONS[code or ""].emergencies
