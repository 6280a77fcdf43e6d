"""Texts for patients who change where codes go, or their password: French, then English."""

from records.text.languages import Catalogue

OWN_WAYS: Catalogue = {
    "contact.title": ("Changer où arrivent mes codes", "Change where my codes come"),
    "contact.what": (
        "Donnez la nouvelle adresse ou le nouveau numéro. Nous y envoyons un code ; quand vous l'aurez "
        "donné, vos codes de connexion y arriveront. L'ancienne adresse en est prévenue.",
        "Give the new address or number. We send a code there; once you have given it, your sign-in codes "
        "come there. The old address is told.",
    ),
    "contact.label": ("Nouvelle adresse électronique", "New e-mail address"),
    "contact.label.both": (
        "Nouvelle adresse électronique ou nouveau téléphone",
        "New e-mail address or telephone",
    ),
    "contact.submit": ("Recevoir un code", "Get a code"),
    "contact.code.title": ("Le code de votre nouvelle adresse", "The code of your new address"),
    "contact.code.what": (
        "Un code de six chiffres vient de partir vers la nouvelle adresse ou le nouveau téléphone. Il sert "
        "pendant dix minutes, dans ce navigateur.",
        "A code of six digits has just left for the new address or telephone. It serves for ten minutes, in "
        "this browser.",
    ),
    "contact.code.submit": ("Confirmer", "Confirm"),
    "contact.code.none": (
        "Vous ne recevez rien ? Vérifiez l'adresse, et donnez-la encore une fois :",
        "Nothing comes? Check the address, and give it once more:",
    ),
    "contact.back": ("Mes connexions", "My sessions"),
    "password.title": ("Changer mon mot de passe", "Change my password"),
    "password.what": (
        "Vos autres connexions seront fermées. Celle-ci reste ouverte.",
        "Your other sessions are ended. This one stays.",
    ),
    "password.present": ("Mot de passe actuel", "Present password"),
    "password.lost": (
        "Vous ne le connaissez plus ? Demandez une lettre :",
        "You do not know it any more? Ask for a letter:",
    ),
    "password.submit": ("Changer mon mot de passe", "Change my password"),
    "done.letter_chosen": ("Votre mot de passe est choisi.", "Your password is chosen."),
    "done.contact": (
        "Vos codes arrivent désormais à la nouvelle adresse.",
        "Your codes now come to the new address.",
    ),
    "done.contact_by_letter": (
        "Vos codes arrivent désormais à la nouvelle adresse. Connectez-vous maintenant.",
        "Your codes now come to the new address. Sign in now.",
    ),
    "done.password": ("Votre mot de passe est changé.", "Your password is changed."),
}
