"""Texts of the frame of every page, those that sign in among them."""

from records.text.languages import Catalogue

FRAME: Catalogue = {
    "site": ("Coffre", "Coffre"),
    "skip": ("Aller au contenu", "Skip to content"),
    "language.other": ("English", "Français"),
    "demo": (
        "Démonstration : n'y mettez jamais de vraies données de santé.",
        "Demonstration: never put real health data here.",
    ),
    "footer": (
        "Coffre garde des dossiers médicaux chiffrés, et note chaque accès.",
        "Coffre keeps medical records encrypted, and writes down every access.",
    ),
    "problem": ("À corriger : ", "Please correct: "),
}
