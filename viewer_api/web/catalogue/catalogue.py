"""Every text of the pages: French, then English. Plain words; nothing here is markup.

`{names}` are filled in by the page; what is filled in is escaped with the rest.
"""

from records.text.languages import Catalogue
from viewer_api.presenting import CAUTIONS
from viewer_api.web.catalogue.check import CHECK
from viewer_api.web.catalogue.choices import CHOICES
from viewer_api.web.catalogue.dossier import DOSSIER
from viewer_api.web.catalogue.findings import FINDINGS
from viewer_api.web.catalogue.frame import FRAME
from viewer_api.web.catalogue.log import LOG
from viewer_api.web.catalogue.log_attending import LOG_ATTENDING
from viewer_api.web.catalogue.log_refusals import LOG_REFUSALS
from viewer_api.web.catalogue.ohif import OHIF
from viewer_api.web.catalogue.profile import PROFILE
from viewer_api.web.catalogue.refusals import REFUSALS
from viewer_api.web.catalogue.refusing import REFUSING
from viewer_api.web.catalogue.teams import TEAMS
from viewer_api.web.catalogue.viewer import VIEWER
from viewer_api.web.catalogue.viewer_failures import FAILURES

NAVIGATION: Catalogue = {
    "nav.label": ("Navigation principale", "Main navigation"),
    "nav.documents": ("Mes documents", "My documents"),
    "nav.profile": ("Mon profil médical", "My medical profile"),
    "nav.log": ("Qui a consulté mes documents", "Who looked at my documents"),
    "nav.choices": ("Mes autorisations", "My permissions"),
    "nav.search": ("Ouvrir un dossier", "Open a record"),
    "nav.sessions": ("Mes connexions", "My sessions"),
    "nav.sign_out": ("Se déconnecter", "Sign out"),
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
    "welcome.sign_in": ("Se connecter", "Sign in"),
    "welcome.patient.how": (
        "Il vous faut votre identifiant, votre mot de passe, et le téléphone ou la messagerie où nous vous "
        "envoyons un code.",
        "You need your identifier, your password, and the telephone or mailbox that we send a code to.",
    ),
    "welcome.link.title": ("Dans cette démonstration", "In this demonstration"),
    "welcome.link": (
        "Chacun peut aussi entrer par un lien de connexion. La commande suivante, lancée sur la machine qui "
        "héberge Coffre, en affiche un :",
        "Everybody may enter through a sign-in link as well. This command, run on the machine that hosts "
        "Coffre, prints one:",
    ),
    "welcome.link.valid": (
        "Le lien sert autant de fois que nécessaire jusqu'à son expiration. Ne le transmettez à personne.",
        "The link works as often as needed until it expires. Give it to nobody.",
    ),
    "welcome.closed": (
        "Pour les professionnels, la connexion à ces pages n'est pas encore ouverte sur cette installation. "
        "Pour savoir quand elle ouvrira, adressez-vous à l'hébergeur.",
        "For professionals, sign-in to these pages is not open yet on this installation. To know when it "
        "will open, ask the host.",
    ),
    "done.signed_out": ("Vous êtes déconnecté.", "You are signed out."),
    "expired.title": ("Ce lien de connexion n'est plus valable", "This sign-in link is no longer valid"),
    "expired.why": (
        "Il a expiré, ou il n'a pas été copié en entier. Demandez un nouveau lien à la personne qui vous "
        "l'a donné.",
        "It has expired, or was not copied whole. Ask whoever gave it to you for a new one.",
    ),
}

CAUTION: Catalogue = {f"caution.{code}": sentences for code, sentences in CAUTIONS.items()}

TEXTS: Catalogue = {
    **FRAME,
    **NAVIGATION,
    **WELCOME,
    **REFUSALS,
    **REFUSING,
    **PROFILE,
    **DOSSIER,
    **CHOICES,
    **TEAMS,
    **LOG,
    **CHECK,
    **FINDINGS,
    **OHIF,
    **LOG_ATTENDING,
    **LOG_REFUSALS,
    **CAUTION,
    **VIEWER,
    **FAILURES,
}
