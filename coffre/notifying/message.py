"""The message: that something happened and where to sign in, the same words whatever it was (R57).

French first, plain text. No name, professional, structure, document or purpose, and no way to tell kinds
apart by subject or length. A code to prove an address is the one other message.
"""

import hashlib
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate

from keyvault.verbs.housekeeper.delivering import Notice
from records.people.contacts import CODE_LIFE_S

SUBJECT = "Votre dossier médical / Your medical record"
_EVENT = """Bonjour,

Quelque chose s'est passé dans votre dossier médical partagé.
Pour le lire, connectez-vous, puis ouvrez « Vos avis » :

{origin}

Ce message ne dit rien de plus, pour que personne d'autre ne l'apprenne.
Nous ne demandons jamais de mot de passe par message.

--

Hello,

Something happened in your shared medical record.
To read it, sign in and open "Your notices":

{origin}

This message says no more, so that nobody else learns of it.
We never ask for a password in a message.
"""
_CODE = """Bonjour,

Votre code pour confirmer cette adresse : {code}
Il sert une fois, pendant {minutes} minutes. Donnez-le seulement sur la page où vous l'avez demandé :

{origin}

Si vous n'avez rien demandé, ne faites rien.

--

Hello,

Your code to confirm this address: {code}
It serves once, for {minutes} minutes. Give it only on the page where you asked for it:

{origin}

If you did not ask for it, do nothing.
"""


def message_of(notice: Notice, address: str, sender: str, origin: str) -> EmailMessage:
    """The message about a notice. `origin`: where its reader signs in."""
    message = EmailMessage(SMTP)
    message["From"] = Address(addr_spec=sender)
    message["To"] = Address(addr_spec=address)
    message["Subject"] = SUBJECT
    message["Date"] = formatdate(usegmt=True)
    message["Message-ID"] = f"<{_number(notice, address)}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834 section 5: no holiday replies
    message.set_content(_text(notice, origin), cte="quoted-printable")
    return message


def _text(notice: Notice, origin: str) -> str:
    if notice.code is None:
        return _EVENT.format(origin=origin)
    return _CODE.format(code=notice.code, minutes=CODE_LIFE_S // 60, origin=origin)


def _number(notice: Notice, address: str) -> str:
    """One for each notice and recipient, so that what is sent twice is known for the same (RFC 5322 section
    3.6.4). Of a code, one for each code: the later is another message.
    """
    told = f"{notice.notice_id} {address} {notice.code or ''}"
    return hashlib.sha256(b"coffre-message-v1\x00" + told.encode()).hexdigest()[:32]
