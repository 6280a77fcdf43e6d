"""Sectors of activity (TRE_R02, OID 1.2.250.1.71.4.2.4), what each opens, and settings that change a
decision.

Codes and names: JDV_J02-XdsHealthcareFacilityTypeCode-CISIS, version of 23 February 2026, and SA11, withdrawn
from TRE_R02 in 2020. The list is one of admission: records are for care alone (article L1111-18), so a sector
that stands nowhere here, and a professional without one, have no access (R29).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Opens(StrEnum):
    """The records that a sector opens: by the usual rules, by express consent alone (R30), or none (R29)."""

    CARE = "care"
    EXPRESS_CONSENT = "express_consent"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Sector:
    code: str
    display: str
    opens: Opens


_CARE = (
    ("SA01", "Établissement public de santé"),
    ("SA02", "Hôpital militaire du Service de santé des armées"),
    ("SA03", "Établissement privé PSPH"),
    ("SA04", "Établissement privé non PSPH"),
    ("SA05", "Centre de santé"),
    ("SA06", "Autre structure du Service de santé des armées"),
    ("SA07", "Cabinet individuel"),
    ("SA08", "Cabinet de groupe"),
    ("SA09", "Exercice en société"),
    ("SA10", "Transporteur sanitaire"),
    ("SA12", "Établissement de soins et prévention"),
    ("SA15", "PMI et planification familiale"),  # reads and feeds: article L1111-18, R30
    ("SA16", "Établissement pour personnes handicapées"),
    ("SA17", "Établissement pour personnes âgées"),
    ("SA18", "Établissement d'aide à la famille"),
    ("SA20", "Établissement pour la protection de l'enfance"),
    ("SA21", "Établissement d'hébergement et de réadaptation"),
    ("SA25", "Laboratoire de biologie médicale"),
    ("SA29", "Laboratoire d'analyses et de biologie médicale"),
    ("SA30", "Autre établissement sanitaire"),
    ("SA33", "Pharmacie d'officine"),
    ("SA34", "Centre de dialyse"),
    ("SA36", "Centre anti-cancer"),
    ("SA37", "Centre de transfusion sanguine"),
    ("SA38", "Pharmacie minière"),
    ("SA39", "Pharmacie mutualiste"),
    ("SA40", "Secteur privé, praticien hospitalier"),
    ("SA41", "Autre établissement du domaine social ou médico-social"),
    ("SA42", "Appareillage médical"),
    ("SA50", "Permanence des soins ambulatoires hors cabinet"),
    ("SA51", "Structure de coopération avec autorisation de soins"),
    ("SA52", "Maison de santé ou pôle de santé"),
    ("SA54", "Centre de dépistage et de prévention"),
    ("SA56", "Propharmacie"),
    ("SA57", "Structure de coopération avec mission de coordination de soins"),
    ("SA59", "Laboratoire de biologie médicale hors catégorie standard"),
    ("SA61", "Structure dispensatrice à domicile d'oxygène à usage médical"),
    ("SA63", "Structures de coordination et d'orientation"),
    ("SA64", "Société de téléconsultation"),
    ("SA65", "Antenne de pharmacie"),
    ("SA67", "Maison médicale de garde"),
    ("SA69", "Maison de naissance"),
)

# Article L1111-17: the occupational doctor and the fire brigade's, in every mode (R30).
_EXPRESS_CONSENT = (
    ("SA13", "Prévention et soins en entreprise"),
    ("SA47", "Incendie et secours"),
    ("SA60", "Centres médicaux SNCF"),  # an employer's own centres: we take them for occupational medicine
    ("SA66", "Services de prévention et de santé au travail"),
    ("SA68", "Services départementaux d'incendie et de secours"),
)

# Article L1111-18: employers, insurers, administrations, trade, and whatever names no care. No consent opens
# these.
_NOTHING = (
    ("SA11", "Entreprise d'intérim"),
    ("SA14", "Établissements scolaires, universitaires et de formation hors champ FINESS"),
    ("SA19", "Établissements FINESS de formation aux professions sanitaires et sociales"),
    ("SA22", "Recherche"),  # the hosting layer has no secondary use (R60)
    ("SA23", "Assurance privée"),
    ("SA24", "Organisme de sécurité sociale"),
    ("SA26", "Ministère ou service déconcentré"),
    ("SA27", "Collectivité territoriale"),
    ("SA28", "Association ou organisme humanitaire"),
    ("SA31", "Répartition et distribution de médicaments et dispositifs médicaux"),
    ("SA32", "Fabrication, exploitation et importation de médicaments et dispositifs médicaux"),
    ("SA35", "Parapharmacie"),
    ("SA43", "Secteur non défini"),
    ("SA44", "Recrutement ou gestion des ressources humaines"),
    ("SA45", "Communication, marketing, consulting, média"),
    ("SA46", "Fabrication, importation, répartition de médicaments et dispositifs médicaux"),
    ("SA48", "Entreprise industrielle et tertiaire hors industrie pharmaceutique"),
    ("SA49", "Entité Outre-Mer"),
    ("SA53", "Siège administratif d'un établissement de santé"),
    ("SA55", "Laboratoire pharmaceutique préparant et délivrant des allergènes"),
    ("SA58", "Entreprise de taxis"),
)

SECTORS: Mapping[str, Sector] = MappingProxyType(
    {
        code: Sector(code, display, opens)
        for opens, rows in (
            (Opens.CARE, _CARE),
            (Opens.EXPRESS_CONSENT, _EXPRESS_CONSENT),
            (Opens.NOTHING, _NOTHING),
        )
        for code, display in rows
    }
)

OWN_PRACTICE = "SA07"
"""The sector of a demo or test identity for which none is named."""

# Practice settings (JDV_J04, OID 1.2.250.1.213.1.1.4.9): a regulation centre (R27), the health insurer's
# feed.
REGULATION_SETTING = "SAMU_SMUR"
INSURER_SETTING = "AMO"


def opened_by(sector: str | None) -> Opens:
    """The records that a sector opens; an unknown one, or none, opens nothing."""
    known = SECTORS.get(sector or "")
    return Opens.NOTHING if known is None else known.opens
