"""Messages to somebody who signs in, and the port of whatever carries them."""

import logging
from dataclasses import dataclass, field
from typing import Protocol

from records.errors import CoffreError
from records.people.contacts import CODE_LIFE_S, ContactKind
from records.text.languages import FRENCH
from sign_in.accounts.account import Account, in_groups

log = logging.getLogger("coffre.sign_in")
_MINUTES = CODE_LIFE_S // 60
_CODE = {
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
_ASKED = {
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
_DEVICE = {
    "fr": (
        "Connexion depuis un nouvel appareil",
        "On vient de se connecter à votre dossier médical depuis un nouvel appareil.\n"
        "Si ce n'est pas vous, connectez-vous, ouvrez « Mes connexions » et fermez-les toutes,\n"
        "puis changez votre mot de passe.",
    ),
    "en": (
        "Sign-in from a new device",
        "Somebody has just signed in to your medical record from a new device.\n"
        'If it was not you, sign in, open "My sessions" and end them all,\n'
        "then change your password.",
    ),
}
_CHANGED = {
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
_PASSKEY = {
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
_COPIED = {
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
_LINKED = {
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
_FIRST = {
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
_BROWSER = {
    "fr": (
        "Un code pour un nouvel appareil",
        "On demande à se connecter à votre dossier médical depuis un nouvel appareil, malgré des essais en\n"
        "nombre. Si c'est vous, donnez ce code sur la page « Depuis un nouvel appareil » : {code}\n"
        "Il sert une fois, pendant un jour. Il faut ensuite votre mot de passe.\n"
        "Si ce n'est pas vous, ne faites rien : personne n'est entré. Ne donnez ce code à personne.",
    ),
    "en": (
        "A code for a new device",
        "Somebody asks to sign in to your medical record from a new device, in spite of many tries.\n"
        'If it is you, give this code on the page "From a new device": {code}\n'
        "It serves once, for a day. Your password is needed after it.\n"
        "If it is not you, do nothing: nobody came in. Give this code to nobody.",
    ),
}


@dataclass(frozen=True, slots=True)
class Message:
    """Words for one person; nothing in them says whose record it is."""

    kind: ContactKind
    address: str = field(repr=False)
    subject: str
    text: str = field(repr=False)


class Carrier(Protocol):
    """Whatever carries messages: mail, a gateway for SMS, or, in the demo, the terminal."""

    def carry(self, message: Message) -> None:
        """Raises CoffreError "message_not_sent": it may be tried again."""

    def carries(self, kind: ContactKind) -> bool:
        """Whether messages to addresses of this kind leave at all."""


def tell(carrier: Carrier, message: Message, what: str) -> None:
    """Word of what is done already, which stays where the word cannot leave. `what`: for our own log."""
    try:
        carrier.carry(message)
    except CoffreError as error:
        log.warning("%s could not be told", what, extra={"code": error.code})


def sign_in_code(account: Account, code: str) -> Message:
    return _to(account, _CODE, code=code, minutes=_MINUTES)


def account_asked(account: Account) -> Message:
    return _to(account, _ASKED)


def new_device(account: Account) -> Message:
    return _to(account, _DEVICE)


def password_changed(account: Account) -> Message:
    return _to(account, _CHANGED)


def new_passkey(account: Account) -> Message:
    return _to(account, _PASSKEY)


def identity_linked(account: Account) -> Message:
    return _to(account, _LINKED)


def passkey_copied(account: Account) -> Message:
    return _to(account, _COPIED)


def browser_code(account: Account, code: str) -> Message:
    return _to(account, _BROWSER, code=in_groups(code))


def first_code(account: Account, code: str) -> Message:
    return _to(account, _FIRST, code=in_groups(code))


def _to(account: Account, said: dict[str, tuple[str, str]], **values: object) -> Message:
    subject, text = said.get(account.language, said[FRENCH])
    return Message(account.kind, account.contact, subject, text.format(**values))
