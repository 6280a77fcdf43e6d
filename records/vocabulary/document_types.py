"""Types of documents, and the class each belongs to.

Types: ASS_X16-CorrespondanceType-Classe-DMP, version of 23 February 2024 (102 codes), then what
JDV_J07-XdsTypeCode-CISIS knows beyond it, with the class that ASS_X04 (26 April 2024) gives. French names
from JDV_J07 (30 September 2022); a type without a name there carries its class's. Numeric codes are LOINC
(OID 2.16.840.1.113883.6.1), the others OID 1.2.250.1.213.1.1.4.12; classes OID 1.2.250.1.213.1.1.4.1.
The class is always derived from the type, never taken from a sender (R34).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

CLASS_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "10": "Compte rendu",
        "11": "Synthèse",
        "31": "Imagerie médicale",
        "42": "Prescription",
        "43": "Dispensation",
        "44": "Plans, protocoles",
        "45": "Traitement administré",
        "52": "Certificat, déclaration",
        "60": "Données de remboursement",
        "90": "Expression du patient",
        "95": "Documents de gestion",
    }
)


@dataclass(frozen=True, slots=True)
class DocumentType:
    code: str
    class_code: str
    display: str


_ROWS = (
    # 10 Compte rendu
    ("11488-4", "10", "CR ou fiche de consultation ou de visite"),
    ("11490-0", "10", "Lettre de liaison à la sortie d'un établissement de soins"),
    ("11502-2", "10", "CR d'examens biologiques"),
    ("11505-5", "10", "CR d'acte thérapeutique (autre)"),
    ("11506-3", "10", "CR ou fiche de suivi de soins par auxiliaire médical"),
    ("11526-1", "10", "CR d'anatomie et de cytologie pathologiques (ancien code)"),
    ("15507-7", "10", "CR de passage aux urgences"),
    ("15508-5", "10", "CR d'accouchement"),
    ("28653-4", "10", "CR social"),
    ("29274-8", "10", "Signes vitaux"),
    ("34112-3", "10", "CR hospitalier (séjour)"),
    ("34749-2", "10", "CR de consultation pré-anesthésique"),
    ("34794-8", "10", "CR de réunion de concertation pluridisciplinaire"),
    ("34874-8", "10", "CR opératoire"),
    ("34875-5", "10", "CR postopératoire"),
    ("47420-5", "10", "CR de bilan fonctionnel (par auxiliaire médical)"),
    ("51969-4", "10", "CR de génétique moléculaire"),
    ("59283-2", "10", "CR d'examen de l'enfant"),
    ("60568-3", "10", "CR d'anatomie pathologique"),
    ("67851-6", "10", "CR d'admission"),
    ("70004-7", "10", "CR d'acte diagnostique (autre)"),
    ("75482-0", "10", "CR d'acte thérapeutique à visée préventive"),
    ("75492-9", "10", "CR d'acte diagnostique à visée préventive ou de dépistage"),
    ("75496-0", "10", "Demande d'acte de télémédecine"),
    ("77436-4", "10", "CR d'anesthésie"),
    ("78513-9", "10", "CR de consultation en ophtalmologie"),
    ("78601-2", "10", "CR d'entretien pharmaceutique"),
    ("83981-1", "10", "Lettre de liaison à la sortie d'une structure sociale ou médico-sociale"),
    ("85208-7", "10", "CR de télémédecine"),
    ("93024-8", "10", "CR de consultation pharmaceutique"),
    ("96349-6", "10", "Lettre d'adressage"),
    ("BIL_AUTO", "10", "CR de bilan d'évaluation de la perte d'autonomie"),
    ("DOCPAT03", "10", "CR déposé par le patient"),
    ("DOCPAT05", "10", "CR de biologie déposé par le patient"),
    ("DOCPAT06", "10", "CR de prévention déposé par le patient"),
    # 11 Synthèse
    ("60591-5", "11", "Synthèse du dossier médical"),
    ("SYNTH", "11", "Synthèse"),
    ("18761-7", "11", "Note de transfert"),
    ("34133-9", "11", "Synthèse d'épisode de soins"),
    ("34842-5", "11", "Grille d'évaluation médico-sociale"),
    ("56445-0", "11", "Bilan médicamenteux (officine)"),
    ("57055-6", "11", "Synthèse"),
    ("57057-2", "11", "Synthèse"),
    ("57075-4", "11", "Synthèse"),
    ("78489-2", "11", "Synthèse"),
    ("89235-6", "11", "Synthèse périnatale"),
    ("68599-0", "11", "Synthèse psychiatrique"),
    ("68817-6", "11", "Bilan de santé et de prévention de l'enfant"),
    ("74207-2", "11", "Dossier de liaison d'urgence"),
    ("80820-4", "11", "Formulaire de conciliation médicamenteuse (hôpital)"),
    ("83901-9", "11", "Bilan psychologique"),
    ("83836-7", "11", "Schéma dentaire"),
    ("88348-8", "11", "Lettre de liaison d'entrée en structure sociale ou médico-sociale"),
    ("DOCPAT01", "11", "Synthèse déposée par le patient"),
    ("DOCPAT08", "11", "Profil médical Mon espace santé"),
    # 31 Imagerie médicale
    ("18748-4", "31", "CR d'imagerie médicale"),
    ("IMG-KOS", "31", "Référence d'objets d'un examen d'imagerie"),
    ("52040-3", "31", "Document encapsulant une image d'illustration non DICOM"),
    ("DOCPAT04", "31", "Imagerie déposée par le patient"),
    # 42 Prescription
    ("57833-6", "42", "Prescription de produits de santé"),
    ("57832-8", "42", "Prescription de soins"),
    ("57828-6", "42", "Prescription (autre)"),
    ("55115-0", "42", "Demande d'actes d'imagerie"),
    ("61357-0", "42", "Intervention pharmaceutique"),
    ("75468-9", "42", "Renouvellement d'ordonnance par pharmacien correspondant"),
    ("PRESC-AAT", "42", "Prescription"),
    ("PRESC-BIO", "42", "Prescription d'actes de biologie médicale"),
    ("PRESC-KINE", "42", "Prescription d'actes de kinésithérapie"),
    ("PRESC-INF", "42", "Prescription d'actes infirmiers"),
    ("PRESC-PEDI", "42", "Prescription d'actes de pédicurie"),
    ("PRESC-ORTHOPHO", "42", "Prescription d'actes d'orthophonie"),
    ("PRESC-ORTHOPTIE", "42", "Prescription d'actes d'orthoptie"),
    ("DOCPAT02", "42", "Traitement ou document de soins déposé par le patient"),
    # 43 Dispensation
    ("60593-1", "43", "Dispensation médicamenteuse"),
    ("DISP_AUT", "43", "Dispensation (autre)"),
    # 44 Plans, protocoles
    ("18776-5", "44", "Plan personnalisé de soins"),
    ("77604-7", "44", "Planification thérapeutique"),
    ("80771-9", "44", "Plans, protocoles"),
    ("80788-3", "44", "Projet personnalisé d'accompagnement"),
    ("83869-8", "44", "Plans, protocoles"),
    ("PROT_ALD", "44", "Protocole de soins ALD"),
    # 45 Traitement administré
    ("80565-5", "45", "CR d'administration de médicaments"),
    # 52 Certificat, déclaration
    ("11369-6", "52", "Historique des vaccinations"),
    ("87273-9", "52", "Note de vaccination"),
    ("89601-9", "52", "Certificat médical"),
    ("96173-0", "52", "Attestation de dépistage"),
    ("96874-3", "52", "COVID-19 Attestation de vaccination"),
    ("CERT_DECL", "52", "Certificat, déclaration"),
    ("DOCPAT07", "52", "Certificat déposé par le patient"),
    # 60 Données de remboursement
    ("REMB", "60", "Données de remboursement"),
    # 90 Expression du patient
    ("EXPPAT_1", "90", "Volontés et droits du patient"),
    ("EXPPAT_2", "90", "Autre document du patient"),
    ("EXPPAT_3", "90", "Directives anticipées"),
    ("74465-6", "90", "Questionnaire du patient"),
    # 95 Documents de gestion
    ("59284-0", "95", "Documents de gestion"),
    ("86531-1", "95", "Attestation de sortie"),
    ("AUTORIS-SOINS", "95", "Autorisation de soins et actes non usuels sanitaires"),
    ("ATTEST-RESID", "95", "Attestation de résidence"),
    ("ATTEST-DROITS-AM", "95", "Attestation de droits à l'assurance maladie"),
    ("ATTEST-ASS-COMPL", "95", "Attestation assurance complémentaire"),
    ("ATTEST-HEBGT", "95", "Attestation d'hébergement"),
    ("DOCPAT09", "95", "Document administratif déposé par le patient"),
)

# In JDV_J07 and not in ASS_X16: the matrix of the DMP does not speak of them.
_BEYOND_DMP = (
    ("28617-9", "10", "Compte rendu"),
    ("34120-6", "10", "Compte rendu"),
    ("89233-1", "10", "CR de grossesse"),
    ("60280-5", "11", "Synthèse"),
    ("78341-5", "11", "Synthèse"),
    ("EXPORT_DUI", "11", "Export du dossier usager informatisé"),
    ("51851-4", "95", "Documents de gestion"),
    ("56446-8", "95", "Documents de gestion"),
    ("FICHE-CONTACTS", "95", "Fiche de contacts"),
    ("PIECE-IDENTITE", "95", "Pièce d'identité"),
)

DOCUMENT_TYPES: Mapping[str, DocumentType] = MappingProxyType(
    {row[0]: DocumentType(*row) for row in _ROWS + _BEYOND_DMP}
)

STUDY_TYPE = "IMG-KOS"  # an imaging study is decided upon as the reference that announces it


def class_of(type_code: str) -> str:
    """The class of a type, empty for an unknown type (R34)."""
    known = DOCUMENT_TYPES.get(type_code)
    return known.class_code if known else ""
