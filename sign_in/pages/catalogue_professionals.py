"""Texts for professionals who sign in: French, then English."""

from records.text.languages import Catalogue

PROFESSIONALS: Catalogue = {
    "ways.title": ("Vous êtes professionnel de santé ?", "Are you a health professional?"),
    "ways.carte": ("Se connecter avec ma carte CPS", "Sign in with my CPS card"),
    "places.title": ("Où exercez-vous maintenant ?", "Where do you practise now?"),
    "places.who": (
        "Vous êtes identifié : {name}. Le lieu choisi figure dans les traces que lisent les patients.",
        "You are identified: {name}. The place you choose stands in the traces that patients read.",
    ),
    "places.where": ("Lieu d'exercice", "Place of practice"),
    "places.unnamed": ("Lieu sans nom", "Place without a name"),
    "places.submit": ("Continuer", "Continue"),
    "sentence.nothing_waits": (
        "Cette connexion a pris trop de temps, ou s'est terminée ailleurs. Recommencez.",
        "This sign-in took too long, or ended elsewhere. Begin again.",
    ),
    "sentence.certificate_missing": (
        "Aucune carte n'a été présentée. Insérez-la, puis recommencez.",
        "No card was presented. Insert it, then begin again.",
    ),
    "sentence.certificate_untrusted": (
        "Cette carte ne vient pas d'une autorité acceptée ici.",
        "This card is not from an authority that is accepted here.",
    ),
    "sentence.certificate_expired": (
        "Cette carte n'est plus valable. Faites-la renouveler.",
        "This card is out of date. Have it renewed.",
    ),
    "sentence.certificate_revoked": (
        "Cette carte a été révoquée. Demandez-en une autre.",
        "This card was revoked. Ask for another one.",
    ),
    "sentence.certificate_status_unknown": (
        "On ne peut pas savoir en ce moment si cette carte a été révoquée. Réessayez plus tard.",
        "Whether this card was revoked cannot be known at the moment. Try again later.",
    ),
    "sentence.certificate_of_other_environment": (
        "Les cartes de test n'entrent pas en production, ni les vraies dans un test.",
        "Test cards do not enter production, nor real ones a test.",
    ),
    "sentence.certificate_not_a_card": (
        "Ce certificat ne dit pas à qui est la carte. Choisissez le certificat d'authentification.",
        "This certificate does not tell whose card it is. Choose the authentication certificate.",
    ),
    "sentence.card_feeds_only": (
        "Cette carte dépose et ne lit pas. Les dossiers s'ouvrent avec une carte CPS.",
        "This card deposits and does not read. Records are opened with a CPS card.",
    ),
    "sentence.card_without_exercise": (
        "L'annuaire ne connaît aucun lieu où vous exercez dans la profession de cette carte. Prévenez "
        "l'hébergeur.",
        "The directory knows no place where you practise in the profession of this card. Tell the hosting "
        "team.",
    ),
}
