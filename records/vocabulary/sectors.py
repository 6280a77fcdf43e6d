"""Sectors of activity (TRE_R02, OID 1.2.250.1.71.4.2.4) and settings that change a decision.

Source: TRE_R02-SecteurActivite, version of 28 October 2022. Only the codes with a consequence stand here.
"""

from collections.abc import Mapping
from types import MappingProxyType

VERSION = "2022-10-28"

# R29, article L1111-18: no access outside care, even with the person's agreement.
FORBIDDEN_SECTORS: Mapping[str, str] = MappingProxyType(
    {
        "SA11": "Entreprise d'intérim: an employer (R29)",
        "SA13": "Prévention et soins en entreprise: acts for the employer (R29)",
        "SA22": "Recherche: the hosting layer has no secondary use (R60)",
        "SA23": "Assurance privée: an insurer (R29)",
        "SA44": "Recrutement ou gestion des ressources humaines: an employer (R29)",
        "SA45": "Communication, marketing, consulting, média: outside care (R60)",
        "SA48": "Entreprise industrielle et tertiaire: an employer (R29)",
    }
)

# R30, article L1111-17: the doctors of these sectors need the holder's express consent in every mode.
EXPRESS_CONSENT_SECTORS: Mapping[str, str] = MappingProxyType(
    {"SA47": "Incendie et secours: fire-brigade doctors (R30)"}
)

# Practice setting (JDV_J04, OID 1.2.250.1.213.1.1.4.9) of a regulation centre, R27.
REGULATION_SETTING = "SAMU_SMUR"
