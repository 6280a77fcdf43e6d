"""Every text of the pages: French, then English. Plain words; nothing here is markup.

`{names}` are filled in by the page; what is filled in is escaped with the rest.
"""

from collections.abc import Mapping

from viewer_api.presenting import CAUTIONS
from viewer_api.web.catalogue_check import CHECK
from viewer_api.web.catalogue_choices import CHOICES
from viewer_api.web.catalogue_dossier import DOSSIER
from viewer_api.web.catalogue_findings import FINDINGS
from viewer_api.web.catalogue_log import LOG
from viewer_api.web.catalogue_ohif import OHIF
from viewer_api.web.catalogue_refusals import REFUSALS
from viewer_api.web.catalogue_viewer import VIEWER
from viewer_api.web.catalogue_viewer_failures import FAILURES

Catalogue = Mapping[str, tuple[str, str]]

FRAME: Catalogue = {
    "site": ("Coffre", "Coffre"),
    "skip": ("Aller au contenu", "Skip to content"),
    "nav.label": ("Navigation principale", "Main navigation"),
    "nav.documents": ("Mes documents", "My documents"),
    "nav.log": ("Qui a consulté mes documents", "Who looked at my documents"),
    "nav.choices": ("Mes autorisations", "My permissions"),
    "nav.search": ("Ouvrir un dossier", "Open a record"),
    "nav.sign_out": ("Se déconnecter", "Sign out"),
    "language.other": ("English", "Français"),
    "demo": (
        "Démonstration : n'y mettez jamais de vraies données de santé.",
        "Demonstration: never put real health data here.",
    ),
    "footer": (
        "Coffre garde des dossiers médicaux chiffrés, et note chaque accès.",
        "Coffre keeps medical records encrypted, and writes down every access.",
    ),
    "back": ("Retour", "Back"),
    "yes": ("oui", "yes"),
    "no": ("non", "no"),
    "size": ("{size} Mo", "{size} MB"),
}

WELCOME: Catalogue = {
    "welcome.title": ("Bienvenue sur Coffre", "Welcome to Coffre"),
    "welcome.what": (
        "Coffre garde les documents de santé d'une personne : comptes rendus, images de radiologie. Ils "
        "sont chiffrés, et chaque personne décide qui peut lire les siens.",
        "Coffre keeps a person's health documents: reports, radiology images. They are encrypted, and each "
        "person decides who may read theirs.",
    ),
    "welcome.patient.title": ("Vous êtes patient", "You are a patient"),
    "welcome.patient": (
        "Vous voyez vos documents, qui les a consultés et quand. Vous pouvez les masquer, autoriser un "
        "professionnel ou lui retirer son autorisation.",
        "You see your documents, who looked at them and when. You can mask them, authorise a professional "
        "or withdraw that authorisation.",
    ),
    "welcome.professional.title": ("Vous êtes professionnel de santé", "You are a health professional"),
    "welcome.professional": (
        "Vous ouvrez le dossier des patients qui vous y autorisent. Chaque consultation est enregistrée et "
        "visible par le patient.",
        "You open the records of patients who authorise you. Every consultation is written down, and the "
        "patient can see it.",
    ),
    "welcome.link.title": ("Comment se connecter", "How to sign in"),
    "welcome.link": (
        "Dans cette démonstration, on entre par un lien de connexion. La commande suivante, lancée sur la "
        "machine qui héberge Coffre, en affiche un :",
        "In this demonstration you enter through a sign-in link. This command, run on the machine that "
        "hosts Coffre, prints one:",
    ),
    "welcome.link.valid": (
        "Le lien sert autant de fois que nécessaire jusqu'à son expiration. Ne le transmettez à personne.",
        "The link works as often as needed until it expires. Give it to nobody.",
    ),
    "welcome.closed.title": ("Se connecter", "Signing in"),
    "welcome.closed": (
        "La connexion n'est pas encore ouverte sur cette installation : personne ne peut entrer dans ces "
        "pages pour le moment. Pour savoir quand elle ouvrira, adressez-vous à l'établissement de santé qui "
        "vous a donné cette adresse, ou à l'hébergeur de cette installation.",
        "Sign-in is not open yet on this installation: nobody can enter these pages for now. To know when it "
        "will open, ask the health institution that gave you this address, or the host of this "
        "installation.",
    ),
    "done.signed_out": ("Vous êtes déconnecté.", "You are signed out."),
    "expired.title": ("Ce lien de connexion n'est plus valable", "This sign-in link is no longer valid"),
    "expired.why": (
        "Il a expiré, ou il n'a pas été copié en entier. Demandez un nouveau lien à la personne qui vous "
        "l'a donné.",
        "It has expired, or was not copied whole. Ask whoever gave it to you for a new one.",
    ),
}

ERRORS: Catalogue = {
    "error.403": ("Accès refusé", "Access refused"),
    "error.404": ("Page introuvable", "Page not found"),
    "error.429": ("Trop de demandes", "Too many requests"),
    "error.501": ("Ouverture impossible ici", "Cannot be opened here"),
    "error.503": ("Service momentanément indisponible", "Service unavailable for a moment"),
    "error.500": ("Un problème est survenu", "Something went wrong"),
    "error.400": ("Demande incomprise", "Request not understood"),
    "error.409": ("Le dossier a changé", "The record has changed"),
    "error.home": ("Retour à l'accueil", "Back to the first page"),
    "sentence.400": (
        "Quelque chose manque ou n'a pas la forme attendue. Revenez en arrière et réessayez.",
        "Something is missing or malformed. Go back and try again.",
    ),
    "sentence.403": (
        "Vous n'avez pas accès à ce dossier, ou ce dossier n'existe pas.",
        "You have no access to this record, or there is no such record.",
    ),
    "sentence.404": (
        "Cette page ou ce document n'existe pas, ou ne vous est pas visible.",
        "This page or document does not exist, or is not visible to you.",
    ),
    "sentence.409": (
        "Quelqu'un l'a modifié au même moment. Revenez en arrière et réessayez.",
        "It was changed at the same moment. Go back and try again.",
    ),
    "sentence.429": (
        "Vous avez ouvert trop de dossiers en peu de temps. Attendez une heure, ou contactez l'hébergeur.",
        "You opened too many records in a short time. Wait an hour, or contact the host.",
    ),
    "sentence.500": (
        "Le problème est de notre côté. Réessayez ; s'il persiste, indiquez l'heure à l'hébergeur.",
        "The fault is on our side. Try again; if it stays, tell the host the time.",
    ),
    "sentence.501": (
        "Ce serveur n'ouvre pas le contenu des documents. Le logiciel de votre cabinet ou de votre hôpital "
        "le peut : il les reçoit chiffrés et les ouvre lui-même.",
        "This server does not open the content of documents. The software of your practice or hospital can: "
        "it receives them encrypted and opens them itself.",
    ),
    "sentence.503": (
        "Réessayez dans quelques secondes.",
        "Try again in a few seconds.",
    ),
    "sentence.form_refused": (
        "Ce formulaire n'est plus valable : il vient d'une autre page ou d'une connexion terminée. Revenez "
        "à la page précédente, rechargez-la et recommencez.",
        "This form is no longer valid: it comes from another page or a sign-in that has ended. Go back, "
        "reload the page and start again.",
    ),
    "sentence.signed_out": (
        "Vous n'êtes pas connecté, ou votre connexion a expiré. Ouvrez de nouveau votre lien de connexion.",
        "You are not signed in, or your sign-in has expired. Open your sign-in link again.",
    ),
    "sentence.signed_out.closed": (
        "Vous n'êtes pas connecté, et la connexion n'est pas encore ouverte sur cette installation. "
        "Adressez-vous à l'établissement de santé qui vous a donné cette adresse, ou à l'hébergeur.",
        "You are not signed in, and sign-in is not open yet on this installation. Ask the health institution "
        "that gave you this address, or the host.",
    ),
    "sentence.no_pages": (
        "Ce compte n'a pas de pages : il sert à déposer des documents par logiciel.",
        "This account has no pages: it is for depositing documents by software.",
    ),
    "sentence.no_own_record": (
        "Aucun dossier ouvert n'est à votre nom : il n'a pas été créé, ou il est fermé ou suspendu.",
        "No open record is in your name: it was not created, or it is closed or suspended.",
    ),
    "sentence.bad_ins": (
        "Cet INS n'est pas valable : 15 caractères, tels qu'imprimés sur la carte Vitale, clé comprise.",
        "This INS is not valid: 15 characters as printed on the Vitale card, key included.",
    ),
    "sentence.bad_rpps": (
        "Ce numéro RPPS n'est pas valable : 11 chiffres, imprimés sur les ordonnances du professionnel.",
        "This RPPS number is not valid: 11 digits, printed on the professional's prescriptions.",
    ),
    "sentence.bad_authorisation": (
        "Choisissez une date de fin dans le futur.",
        "Choose an end date in the future.",
    ),
    "sentence.bad_period": (
        "Écrivez les dates sous la forme AAAA-MM-JJ, la première avant la dernière.",
        "Write the dates as YYYY-MM-DD, the first before the last.",
    ),
    "sentence.bad_cursor": (
        "Aucune page de la liste ne commence ici. Revenez au début de la liste.",
        "No page of the list begins here. Go back to the beginning of the list.",
    ),
    "sentence.reason_missing": (
        "Écrivez le motif de l'urgence, en dix caractères au moins.",
        "Write the reason for the emergency, in at least ten characters.",
    ),
    "sentence.bad_reason": (
        "Le motif a mille caractères au plus.",
        "The reason has at most a thousand characters.",
    ),
    "sentence.labels_conflict": (
        "Ce document ne peut pas être masqué : plus personne ne pourrait le lire.",
        "This document cannot be masked: nobody could read it any more.",
    ),
    "problem": ("À corriger : ", "Please correct: "),
}

CAUTION: Catalogue = {f"caution.{code}": sentences for code, sentences in CAUTIONS.items()}

TEXTS: Catalogue = {
    **FRAME,
    **WELCOME,
    **ERRORS,
    **DOSSIER,
    **CHOICES,
    **LOG,
    **CHECK,
    **FINDINGS,
    **OHIF,
    **REFUSALS,
    **CAUTION,
    **VIEWER,
    **FAILURES,
}
