"""Messages to somebody who signs in, and the port of whatever carries them."""

import logging
from dataclasses import dataclass, field
from typing import Protocol

from records.errors import CoffreError
from records.people.contacts import CODE_LIFE_S, ContactKind
from records.text.languages import FRENCH
from sign_in import message_words
from sign_in.accounts.account import Account, in_groups

log = logging.getLogger("coffre.sign_in")
_MINUTES = CODE_LIFE_S // 60


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
    return _to(account, message_words.CODE, code=code, minutes=_MINUTES)


def account_asked(account: Account) -> Message:
    return _to(account, message_words.ASKED)


def new_device(account: Account) -> Message:
    return _to(account, message_words.DEVICE)


def password_changed(account: Account) -> Message:
    return _to(account, message_words.CHANGED)


def own_password_changed(account: Account) -> Message:
    return _to(account, message_words.OWN_CHANGED)


def contact_code(account: Account, code: str) -> Message:
    """`account` as it would be at the new address."""
    return _to(account, message_words.CONTACT_CODE, code=code, minutes=_MINUTES)


def contact_changed(account: Account) -> Message:
    """`account` as it was."""
    return _to(account, message_words.CONTACT_CHANGED)


def new_passkey(account: Account) -> Message:
    return _to(account, message_words.PASSKEY)


def identity_linked(account: Account) -> Message:
    return _to(account, message_words.LINKED)


def passkey_copied(account: Account) -> Message:
    return _to(account, message_words.COPIED)


def browser_code(account: Account, code: str) -> Message:
    return _to(account, message_words.BROWSER, code=in_groups(code))


def first_code(account: Account, code: str) -> Message:
    return _to(account, message_words.FIRST, code=in_groups(code))


def _to(account: Account, said: message_words.Words, **values: object) -> Message:
    subject, text = said.get(account.language, said[FRENCH])
    return Message(account.kind, account.contact, subject, text.format(**values))
