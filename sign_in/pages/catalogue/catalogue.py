"""Every text of the pages that sign in: French, then English. Plain words; nothing here is markup."""

from records.text.languages import Catalogue
from sign_in.accounts.passwords import LONGEST, SHORTEST
from sign_in.pages.catalogue.accounts import ACCOUNTS
from sign_in.pages.catalogue.linked import LINKED
from sign_in.pages.catalogue.own_ways import OWN_WAYS
from sign_in.pages.catalogue.passkeys import PASSKEYS
from sign_in.pages.catalogue.professionals import PROFESSIONALS

BACK: Catalogue = {
    "again": ("Revenir à « Se connecter »", "Back to “Sign in”"),
    "home": ("Revenir à l'accueil", "Back to the first page"),
}

SIGN_IN: Catalogue = {
    "sign_in.title": ("Se connecter", "Sign in"),
    "sign_in.what": (
        "Avec votre identifiant et votre mot de passe. Nous vous envoyons ensuite un code.",
        "With your identifier and your password. We then send you a code.",
    ),
    "sign_in.identifier": ("Identifiant", "Identifier"),
    "sign_in.identifier.hint": (
        "Dix lettres et chiffres, comme K7QM4-TX2B9. Les espaces et les tirets ne comptent pas.",
        "Ten letters and digits, such as K7QM4-TX2B9. Spaces and dashes do not count.",
    ),
    "sign_in.password": ("Mot de passe", "Password"),
    "sign_in.submit": ("Continuer", "Continue"),
    "sign_in.first.title": ("C'est votre première visite ?", "Is it your first visit?"),
    "sign_in.first": (
        "Vous avez reçu un identifiant et un premier code : choisissez votre mot de passe.",
        "You received an identifier and a first code: choose your password.",
    ),
    "sign_in.first.link": ("Choisir mon mot de passe", "Choose my password"),
    "sign_in.lost.title": ("Vous avez oublié votre mot de passe ?", "Did you forget your password?"),
    "sign_in.lost": (
        "Nous vous envoyons une lettre avec un code pour en choisir un autre.",
        "We send you a letter with a code to choose another one.",
    ),
    "sign_in.lost.link": ("Demander une lettre", "Ask for a letter"),
    "code.title": ("Votre code", "Your code"),
    "code.what": (
        "Un code de six chiffres vient de partir vers votre téléphone ou votre messagerie. Il sert pendant "
        "dix minutes, dans ce navigateur.",
        "A code of six digits has just left for your telephone or mailbox. It serves for ten minutes, in "
        "this browser.",
    ),
    "code.code": ("Code reçu", "Code received"),
    "code.submit": ("Me connecter", "Sign in"),
    "code.none": ("Vous ne recevez rien ?", "Nothing comes?"),
    "code.none.what": (
        "Attendez une minute, regardez aussi dans les messages indésirables, puis recommencez : un nouveau "
        "code partira.",
        "Wait a minute, look among unwanted messages as well, then begin again: a new code will leave.",
    ),
}

BROWSER: Catalogue = {
    "sign_in.paused": (
        "Ces essais ne viennent pas de vous, et vous êtes pressé ? Recevez un code :",
        "These tries are not yours, and you cannot wait? Get a code:",
    ),
    "browser.title": ("Depuis un nouvel appareil", "From a new device"),
    "browser.what": (
        "Quand quelqu'un d'autre essaie votre identifiant, un appareil que vous n'avez jamais utilisé doit "
        "attendre. Un code envoyé à vous seul supprime cette attente.",
        "While somebody else tries your identifier, a device that you never used has to wait. A code sent to "
        "you alone ends that wait.",
    ),
    "browser.send.title": ("1. Recevoir un code", "1. Get a code"),
    "browser.send.what": (
        "Si un compte correspond à cet identifiant, un code part vers le téléphone ou la messagerie de ce "
        "compte, une fois par jour. Vous en avez reçu un aujourd'hui ? Il convient.",
        "If an account belongs to this identifier, a code leaves for the telephone or mailbox of that "
        "account, once a day. You got one today? It will do.",
    ),
    "browser.send": ("Recevoir un code", "Get a code"),
    "browser.give.title": ("2. Donner ce code", "2. Give this code"),
    "browser.submit": ("Continuer", "Continue"),
    "browser.next": (
        "Vous donnerez ensuite votre mot de passe, sans attendre.",
        "Then you give your password, without waiting.",
    ),
    "browser.none": (
        "Vous ne recevez plus rien à cette adresse ? Demandez une lettre :",
        "Nothing reaches you at that address any more? Ask for a letter:",
    ),
}

LETTER: Catalogue = {
    "letter.title": ("Choisir mon mot de passe", "Choose my password"),
    "letter.what": (
        "Il vous faut votre identifiant, et le code reçu par lettre ou par message.",
        "You need your identifier, and the code received by letter or message.",
    ),
    "letter.code": ("Code reçu", "Code received"),
    "letter.code.hint": (
        "Douze lettres et chiffres, comme 8F2K-Q7XW-41MD.",
        "Twelve letters and digits, such as 8F2K-Q7XW-41MD.",
    ),
    "letter.password": ("Nouveau mot de passe", "New password"),
    "letter.password.hint": (
        f"De {SHORTEST} à {LONGEST} caractères. Plusieurs mots qui ne vont pas ensemble font un bon mot de "
        "passe : rien d'autre n'est exigé.",
        f"{SHORTEST} to {LONGEST} characters. Several words that do not belong together make a good "
        "password: nothing else is asked.",
    ),
    "letter.again": ("Le même, encore une fois", "The same once more"),
    "letter.terms.title": ("Ce que vous acceptez", "What you agree to"),
    "letter.terms.1": (
        "Votre dossier médical partagé est ouvert. Vous y voyez vos documents de santé, et qui les a "
        "consultés.",
        "Your shared medical record is open. There you see your health documents, and who looked at them.",
    ),
    "letter.terms.2": (
        "Aucun professionnel ne le lit sans votre accord, sauf en urgence : vous en êtes alors averti, et "
        "vous pouvez l'interdire.",
        "No professional reads it without your consent, but in an emergency: you are told of it then, and "
        "you may forbid it.",
    ),
    "letter.terms.3": (
        "Vous pouvez masquer un document ou retirer une autorisation à tout moment.",
        "You may mask a document or withdraw a permission at any time.",
    ),
    "letter.terms.4": (
        "Pour vous connecter, nous gardons, chiffrés, votre numéro de sécurité sociale, l'adresse ou le "
        "téléphone où partent les codes, et les appareils où vous vous êtes connecté. Votre mot de passe "
        "n'est pas gardé : seulement de quoi le vérifier.",
        "To sign you in we keep, encrypted, your social security number, the address or telephone that codes "
        "are sent to, and the devices you signed in with. Your password is not kept: only what verifies it.",
    ),
    "letter.terms": ("J'ai lu, et je suis d'accord.", "I have read this, and I agree."),
    "letter.submit": ("Choisir ce mot de passe", "Choose this password"),
    "recover.title": ("Demander une lettre", "Ask for a letter"),
    "recover.what": (
        "Donnez votre identifiant. Si un compte y correspond, une lettre part à l'adresse que connaît votre "
        "caisse d'assurance maladie.",
        "Give your identifier. If an account belongs to it, a letter leaves for the address that your health "
        "insurer knows.",
    ),
    "recover.submit": ("Demander la lettre", "Ask for the letter"),
    "recover.alone": (
        "Sans identifiant, adressez-vous à l'accueil de votre caisse, avec une pièce d'identité.",
        "Without an identifier, ask at the counter of your insurer, with proof of identity.",
    ),
}

SESSIONS: Catalogue = {
    "sessions.title": ("Mes connexions", "My sessions"),
    "sessions.what": (
        "Les navigateurs où vous êtes connecté en ce moment.",
        "The browsers in which you are signed in at this moment.",
    ),
    "sessions.here": ("Ici", "Here"),
    "sessions.new": ("Nouveau", "New"),
    "sessions.unknown": ("Appareil inconnu", "Unknown device"),
    "sessions.began": ("Connecté depuis", "Signed in since"),
    "sessions.used": ("Dernière activité", "Last activity"),
    "sessions.end": ("Fermer", "End"),
    "sessions.end_all": ("Fermer toutes les autres connexions", "End all other sessions"),
    "sessions.end_all.what": (
        "Faites-le si vous ne reconnaissez pas un appareil, puis choisissez « Changer mon mot de passe ».",
        "Do this if you do not recognise a device, then choose “Change my password”.",
    ),
    "sessions.devices": ("Appareils où vous vous êtes déjà connecté", "Devices you have signed in with"),
    "sessions.devices.what": (
        "Depuis tout autre appareil, une connexion vous est signalée.",
        "A sign-in from any other device is reported to you.",
    ),
    "sessions.devices.untold": (
        "Un appareil nouveau ne vous est pas signalé par message. Si vous n'en reconnaissez pas un, fermez "
        "les autres connexions, et faites opposition à votre carte.",
        "No message tells you of a new device. If you do not recognise one, end the other sessions, and have "
        "your card blocked.",
    ),
    "sessions.devices.log": ("Toutes mes connexions, dans mes actions", "All my sign-ins, among my actions"),
    "sessions.first": ("Première connexion", "First sign-in"),
    "sessions.last": ("Dernière connexion", "Last sign-in"),
}

DONE: Catalogue = {
    "done.chosen": (
        "Votre mot de passe est choisi. Connectez-vous maintenant.",
        "Your password is chosen. Sign in now.",
    ),
    "done.asked": (
        "Si un compte correspond à cet identifiant, une lettre part dans les jours qui viennent.",
        "If an account belongs to this identifier, a letter leaves within days.",
    ),
    "done.browser_asked": (
        "Si un compte correspond à cet identifiant, le code arrive dans la minute.",
        "If an account belongs to this identifier, the code arrives within a minute.",
    ),
    "done.expected": (
        "Cet appareil n'attend plus. Connectez-vous maintenant.",
        "This device waits no longer. Sign in now.",
    ),
    "done.ended": ("C'est fait : ces connexions sont fermées.", "Done: these sessions are ended."),
}

SENTENCES: Catalogue = {
    "error.title": ("Cela n'a pas marché", "This did not work"),
    "sentence.wrong_password": (
        "Identifiant et mot de passe ne vont pas ensemble : vérifiez les deux.",
        "Identifier and password do not go together: check both.",
    ),
    "sentence.wrong_code": (
        "Ce n'est pas le dernier code envoyé : relisez-le.",
        "This is not the code that was sent last: read it again.",
    ),
    "sentence.no_code": (
        "Il n'y a pas de code à donner, ou il arrive trop tard : recommencez.",
        "There is no code to give, or it came too late: begin again.",
    ),
    "sentence.wrong_letter": (
        "Identifiant et code de la lettre ne vont pas ensemble, ou le code a déjà servi : vérifiez les deux.",
        "Identifier and code of the letter do not go together, or the code was used: check both.",
    ),
    "sentence.wrong_browser_code": (
        "Identifiant et code du message ne vont pas ensemble, ou le code a déjà servi : vérifiez les deux.",
        "Identifier and code of the message do not go together, or the code was used: check both.",
    ),
    "sentence.too_many_tries": (
        "Trop d'essais : attendez {wait}, puis recommencez. Votre compte n'est pas bloqué.",
        "Too many tries: wait {wait}, then try again. Your account is not blocked.",
    ),
    "sentence.password_short": (
        f"Un mot de passe a au moins {SHORTEST} caractères.",
        f"A password has at least {SHORTEST} characters.",
    ),
    "sentence.password_long": (
        f"Un mot de passe a au plus {LONGEST} caractères.",
        f"A password has at most {LONGEST} characters.",
    ),
    "sentence.password_known": (
        "Les voleurs essaient d'abord ce mot de passe : choisissez-en un autre.",
        "Thieves try this password first: choose another.",
    ),
    "sentence.passwords_differ": (
        "Les deux mots de passe ne sont pas les mêmes : écrivez-les encore une fois.",
        "The two passwords are not the same: write them once more.",
    ),
    "sentence.terms_missing": (
        "Cochez la case si vous êtes d'accord ; sinon, rien n'est ouvert.",
        "Tick the box if you agree; otherwise nothing is opened.",
    ),
    "sentence.form_refused": (
        "Ce formulaire ne vient pas de cette page : rechargez-la, et acceptez son cookie.",
        "This form does not come from this page: reload it, and accept its cookie.",
    ),
    "sentence.bad_form": (
        "Le formulaire est illisible : rechargez la page et recommencez.",
        "The form cannot be read: reload its page and try again.",
    ),
    "sentence.sign_in_busy": (
        "Beaucoup de personnes se connectent en ce moment : recommencez dans une minute.",
        "Many sign in at this moment: try again in a minute.",
    ),
    "sentence.message_not_sent": (
        "Le code n'a pas pu partir : recommencez dans quelques minutes.",
        "The code could not leave: try again in a few minutes.",
    ),
    "sentence.signed_out": (
        "Vous n'êtes pas connecté, ou votre connexion a expiré : connectez-vous.",
        "You are not signed in, or your sign-in has expired: sign in.",
    ),
    "sentence.other": (
        "Quelque chose ne va pas de notre côté : recommencez plus tard.",
        "Something is wrong on our side: try again later.",
    ),
    "wait.seconds": ("{n} secondes", "{n} seconds"),
    "wait.minutes": ("{n} minutes", "{n} minutes"),
}

TEXTS: Catalogue = {
    **BACK,
    **SIGN_IN,
    **BROWSER,
    **LETTER,
    **SESSIONS,
    **DONE,
    **SENTENCES,
    **ACCOUNTS,
    **LINKED,
    **OWN_WAYS,
    **PASSKEYS,
    **PROFESSIONALS,
}
