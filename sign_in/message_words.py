"""Words of the messages to somebody who signs in: subject and text, French and English."""

from collections.abc import Mapping

Words = Mapping[str, tuple[str, str]]

CODE: Words = {
    "fr": (
        "Votre code de connexion",
        "Votre code pour vous connecter à votre dossier médical : {code}\n"
        "Il sert une fois, pendant {minutes} minutes, dans le navigateur où vous l'avez demandé.\n"
        "Ne le donnez à personne. Si vous n'avez rien demandé, changez votre mot de passe.",
    ),
    "en": (
        "Your sign-in code",
        "Your code to sign in to your medical record: {code}\n"
        "It serves once, for {minutes} minutes, in the browser where you asked for it.\n"
        "Give it to nobody. If you did not ask for it, change your password.",
    ),
}
ASKED: Words = {
    "fr": (
        "Une demande de compte à votre numéro",
        "On vient de demander un compte pour votre dossier médical, avec votre numéro de sécurité sociale.\n"
        "Vous en avez déjà un : rien ne change, et personne n'a rien appris de vous.\n"
        "Si c'est vous, connectez-vous avec votre identifiant ; si vous l'avez perdu, adressez-vous à "
        "l'accueil\nde votre caisse, avec une pièce d'identité.",
    ),
    "en": (
        "An account was asked for with your number",
        "Somebody has just asked for an account for your medical record, with your social security number.\n"
        "You have one already: nothing changes, and nobody learnt anything about you.\n"
        "If it was you, sign in with your identifier; if you lost it, ask at the counter of your insurer,\n"
        "with proof of identity.",
    ),
}
DEVICE: Words = {
    "fr": (
        "Connexion depuis un nouvel appareil",
        "On vient de se connecter à votre dossier médical depuis un nouvel appareil.\n"
        "Si ce n'est pas vous, connectez-vous, ouvrez « Mes connexions » et fermez-les toutes,\n"
        "puis choisissez « Changer mon mot de passe ».",
    ),
    "en": (
        "Sign-in from a new device",
        "Somebody has just signed in to your medical record from a new device.\n"
        'If it was not you, sign in, open "My sessions" and end them all,\n'
        'then choose "Change my password".',
    ),
}
CHANGED: Words = {
    "fr": (
        "Votre mot de passe a changé",
        "Le mot de passe de votre dossier médical vient d'être changé ; toutes vos connexions sont "
        "fermées, et vos clés d'accès retirées.\n"
        "Si ce n'est pas vous, demandez une lettre sur la page « Se connecter ».",
    ),
    "en": (
        "Your password was changed",
        "The password of your medical record has just been changed; all your sessions were ended, and your "
        "passkeys removed.\n"
        'If it was not you, ask for a letter on the page "Sign in".',
    ),
}
PASSKEY: Words = {
    "fr": (
        "Une nouvelle clé d'accès",
        "Une clé d'accès vient d'être ajoutée à votre compte : elle ouvre votre dossier médical.\n"
        "Si ce n'est pas vous, demandez une lettre sur la page « Se connecter » : avec son code, vous\n"
        "choisirez un autre mot de passe, et toutes les clés d'accès seront retirées.",
    ),
    "en": (
        "A new passkey",
        "A passkey has just been added to your account: it opens your medical record.\n"
        'If it was not you, ask for a letter on the page "Sign in": with its code you choose another\n'
        "password, and all passkeys are removed.",
    ),
}
COPIED: Words = {
    "fr": (
        "Une clé d'accès n'est plus acceptée",
        "Une de vos clés d'accès semble avoir été copiée : nous l'avons refusée, et elle ne sert plus.\n"
        "Connectez-vous avec votre mot de passe et un code, puis retirez-la dans « Mes clés d'accès ».",
    ),
    "en": (
        "A passkey is no longer accepted",
        "One of your passkeys seems to have been copied: we refused it, and it serves no more.\n"
        'Sign in with your password and a code, then remove it in "My passkeys".',
    ),
}
LINKED: Words = {
    "fr": (
        "FranceConnect relié à votre compte",
        "On vient de relier une identité FranceConnect à votre dossier médical : elle suffit pour y entrer.\n"
        "Si ce n'est pas vous, demandez une lettre sur la page « Se connecter » : elle ferme tout.",
    ),
    "en": (
        "FranceConnect linked to your account",
        "An identity at FranceConnect has just been linked to your medical record: it is enough to sign in.\n"
        'If it was not you, ask for a letter on the page "Sign in": it ends everything.',
    ),
}
FIRST: Words = {
    "fr": (
        "Votre premier code",
        "Votre premier code pour ouvrir votre compte : {code}\n"
        "Votre identifiant vous est remis d'une autre façon. Le code sert une fois, "
        "pendant 30 jours.",
    ),
    "en": (
        "Your first code",
        "Your first code to open your account: {code}\n"
        "The identifier that belongs to it reaches you in another way. The code serves once, for 30 days.",
    ),
}
OWN_CHANGED: Words = {
    "fr": (
        "Votre mot de passe a changé",
        "Le mot de passe de votre dossier médical vient d'être changé, sur un appareil qui y était\n"
        "connecté ; toutes les autres connexions sont fermées.\n"
        "Si ce n'est pas vous, demandez une lettre sur la page « Se connecter ».",
    ),
    "en": (
        "Your password was changed",
        "The password of your medical record has just been changed, on a device that was signed in;\n"
        "all other sessions were ended.\n"
        'If it was not you, ask for a letter on the page "Sign in".',
    ),
}
CONTACT_CODE: Words = {
    "fr": (
        "Un code pour cette adresse",
        "Vous avez demandé que vos codes de connexion arrivent ici désormais.\n"
        "Donnez ce code sur la page qui est ouverte : {code}\n"
        "Il sert une fois, pendant {minutes} minutes. Si vous n'avez rien demandé, ne faites rien.",
    ),
    "en": (
        "A code for this address",
        "You asked that your sign-in codes come here from now on.\n"
        "Give this code on the page that is open: {code}\n"
        "It serves once, for {minutes} minutes. If you asked for nothing, do nothing.",
    ),
}
CONTACT_CHANGED: Words = {
    "fr": (
        "Vos codes n'arrivent plus ici",
        "Les codes pour vous connecter à votre dossier médical n'arrivent plus ici : on vient de donner\n"
        "une autre adresse ou un autre téléphone.\n"
        "Si ce n'est pas vous, demandez une lettre sur la page « Se connecter » : avec son code, vous\n"
        "choisirez un autre mot de passe et direz où vos codes doivent arriver.",
    ),
    "en": (
        "Your codes come here no more",
        "The codes that sign you in to your medical record come here no more: another address or telephone\n"
        "has just been given.\n"
        'If it was not you, ask for a letter on the page "Sign in": with its code you choose another\n'
        "password and say where your codes shall come.",
    ),
}
BROWSER: Words = {
    "fr": (
        "Un code pour un nouvel appareil",
        "On demande à se connecter à votre dossier médical depuis un nouvel appareil, malgré des essais en\n"
        "nombre. Si c'est vous, donnez ce code sur la page « Depuis un nouvel appareil » : {code}\n"
        "Il sert une fois, un jour au plus. Il faut ensuite votre mot de passe.\n"
        "Si ce n'est pas vous, ne faites rien : personne n'est entré. Ne donnez ce code à personne.",
    ),
    "en": (
        "A code for a new device",
        "Somebody asks to sign in to your medical record from a new device, in spite of many tries.\n"
        'If it is you, give this code on the page "From a new device": {code}\n'
        "It serves once, for a day at most. Your password is needed after it.\n"
        "If it is not you, do nothing: nobody came in. Give this code to nobody.",
    ),
}
