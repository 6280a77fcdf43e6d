"""Texts for professionals who sign in: French, then English."""

from records.text.languages import Catalogue

PROFESSIONALS: Catalogue = {
    "ways.title": ("Vous êtes professionnel de santé ?", "Are you a health professional?"),
    "ways.carte": ("Se connecter avec ma carte CPS", "Sign in with my CPS card"),
    "ways.psc": ("Se connecter avec Pro Santé Connect", "Sign in with Pro Santé Connect"),
    "again.title": ("Identifiez-vous à nouveau", "Identify yourself again"),
    "again.what": (
        "Un accès en urgence et l'ouverture d'un compte demandent une identification de moins de 15 minutes. "
        "Vous revenez ensuite à la page où vous étiez, et vous y refaites votre demande.",
        "An emergency access and the opening of an account want an identification of the last 15 minutes. "
        "You then come back to the page where you were, and ask there once more.",
    ),
    "again.none": (
        "Ce serveur n'a ni carte ni Pro Santé Connect. Identifiez-vous comme la première fois.",
        "This server has neither cards nor Pro Santé Connect. Identify yourself as you did at first.",
    ),
    "places.title": ("Où exercez-vous maintenant ?", "Where do you practise now?"),
    "places.who": (
        "Vous êtes identifié : {name}. Le lieu choisi figure dans l'historique que lisent les patients.",
        "You are identified: {name}. The place you choose stands in the history that patients read.",
    ),
    "places.where": ("Lieu d'exercice", "Place of practice"),
    "places.unnamed": ("Lieu sans nom", "Place without a name"),
    "places.submit": ("Continuer", "Continue"),
    "sentence.nothing_waits": (
        "Cette connexion a pris trop de temps, ou s'est terminée ailleurs. Recommencez.",
        "This sign-in took too long, or ended elsewhere. Begin again.",
    ),
    "sentence.federation_state": (
        "Cette réponse ne correspond à aucune connexion commencée dans ce navigateur. Recommencez.",
        "This answer does not belong to a sign-in that began in this browser. Begin again.",
    ),
    "sentence.federation_issuer": (
        "Cette réponse vient d'un autre service d'identité. Recommencez.",
        "This answer comes from another identity service. Begin again.",
    ),
    "sentence.federation_refused": (
        "Le service d'identité ne vous a pas identifié. Recommencez.",
        "The identity service did not identify you. Begin again.",
    ),
    "sentence.federation_client": (
        "Le service d'identité n'accepte pas cet hébergeur. Prévenez l'hébergeur.",
        "The identity service does not admit this host. Tell the hosting team.",
    ),
    "sentence.federation_token": (
        "La réponse du service d'identité ne peut pas être acceptée. Recommencez.",
        "What the identity service answered cannot be accepted. Begin again.",
    ),
    "sentence.federation_clock": (
        "La connexion par ce service ne marche pas en ce moment. Prévenez l'hébergeur, ou entrez autrement.",
        "Signing in through this service does not work at the moment. Tell the hosting team, or sign in by "
        "another way.",
    ),
    "sentence.federation_level": (
        "Le service d'identité ne vous a pas identifié par un moyen assez sûr. Choisissez-en un autre.",
        "The identity service did not identify you by a means that is safe enough. Choose another one.",
    ),
    "sentence.federation_not_fresh": (
        "Il faut vous identifier à nouveau pour cela. Recommencez.",
        "You have to identify yourself anew for this. Begin again.",
    ),
    "sentence.federation_no_professional": (
        "Pro Santé Connect ne vous connaît pas comme professionnel du RPPS.",
        "Pro Santé Connect does not know you as a professional of the RPPS.",
    ),
    "sentence.federation_no_exercise": (
        "Pro Santé Connect n'indique aucun lieu où vous exercez. Faites compléter votre inscription au RPPS.",
        "Pro Santé Connect names no place where you practise. Have your entry in the RPPS completed.",
    ),
    "sentence.provider_unavailable": (
        "Le service qui doit vous identifier ne répond pas en ce moment. Réessayez plus tard, ou "
        "connectez-vous autrement.",
        "The service that should identify you does not answer at the moment. Try again later, or sign in by "
        "another way.",
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
