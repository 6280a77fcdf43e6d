"""A radiology report such as a hospital sends: two pages of French, laid out with the core fonts."""

from datetime import UTC, datetime
from functools import lru_cache

from fpdf import FPDF
from fpdf.enums import XPos, YPos

from records.people.identity import Traits

_SIGNED = datetime(2026, 1, 5, 11, 42, tzinfo=UTC)

_SECTIONS = (
    (
        "Indication",
        "Toux persistante depuis six semaines chez une patiente suivie pour une bronchite chronique. "
        "Recherche d'une anomalie parenchymateuse. Pas d'antécédent de chirurgie thoracique.",
    ),
    (
        "Technique",
        "Acquisition hélicoïdale volumique du thorax, en inspiration profonde, sans injection de produit de "
        "contraste. Reconstructions de 1,5 mm en filtres médiastinal et parenchymateux. Produit dose x "
        "longueur : 148 mGy.cm. Dose efficace estimée à 2,1 mSv.",
    ),
    (
        "Résultats",
        "Parenchyme pulmonaire : pas de foyer de condensation ni de nodule suspect. Épaississement "
        "bronchique modéré, prédominant aux bases. Micronodule calcifié séquellaire du lobe supérieur droit, "
        "mesuré à 3 mm, inchangé par rapport à l'examen précédent.",
    ),
    (
        "Médiastin",
        "Absence d'adénomégalie. Cavités cardiaques de taille normale. Pas d'épanchement péricardique. "
        "Calibre de l'aorte ascendante dans les limites de la normale, mesuré à 33 mm.",
    ),
    (
        "Plèvre, paroi et étage abdominal supérieur",
        "Pas d'épanchement pleural. Discrète déminéralisation osseuse ; pas de lésion suspecte. Kyste simple "
        "du pôle supérieur du rein gauche, bénin, déjà connu.",
    ),
)
_CONCLUSION = (
    "Épaississement bronchique modéré compatible avec la bronchite chronique connue. Absence de lésion "
    "évolutive. Micronodule calcifié stable, ne nécessitant pas de surveillance particulière. Contrôle "
    "clinique à l'appréciation du médecin traitant."
)


@lru_cache(maxsize=32)  # laying out takes a tenth of a second
def report_pages(ins: str, traits: Traits, accession: str, study: str) -> bytes:
    """Returns the report as PDF; equal arguments give equal bytes. Text must be Latin-1."""
    pdf = FPDF(format="A4")
    pdf.set_creation_date(_SIGNED)
    pdf.set_title(f"Compte rendu : {study} thoracique")
    pdf.set_author("Centre hospitalier de la Vallée")
    pdf.set_lang("fr-FR")
    pdf.set_margins(22, 20)
    pdf.add_page()
    _letterhead(pdf, ins, traits, accession)
    _heading(pdf, f"{study} thoracique du 5 janvier 2026", 15)
    for title, text in _SECTIONS:
        _section(pdf, title, text)
    pdf.add_page()
    _section(pdf, "Conclusion", _CONCLUSION)
    _line(pdf, "Compte rendu validé le 5 janvier 2026 à 11 h 42 par le Dr Gaëlle FRÊNE, radiologue.")
    _line(pdf, "Document d'essai : personnes et lieux sont inventés.")
    return bytes(pdf.output())


def _letterhead(pdf: FPDF, ins: str, traits: Traits, accession: str) -> None:
    _heading(pdf, "Centre hospitalier de la Vallée", 13)
    _line(pdf, "Service d'imagerie médicale - 12, allée des Érables - 75999 Valmûre")
    pdf.ln(4)
    _line(pdf, f"Patient : {traits.family_name} {traits.given_name}")
    _line(pdf, f"Naissance : {traits.birth_date}   Sexe : {traits.sex}   Matricule INS : {ins}")
    _line(pdf, f"Demande numéro {accession}")
    pdf.ln(4)


def _heading(pdf: FPDF, text: str, size: int) -> None:
    pdf.set_font("helvetica", "B", size)
    pdf.cell(0, 9, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _line(pdf: FPDF, text: str) -> None:
    pdf.set_font("helvetica", "", 10.5)
    pdf.multi_cell(0, 6, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _section(pdf: FPDF, title: str, text: str) -> None:
    pdf.ln(3)
    _heading(pdf, title, 11)
    _line(pdf, text)
