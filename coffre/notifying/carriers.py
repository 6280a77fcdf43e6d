"""Carriers of messages of the sign-in: mail and SMS; in demo and test the terminal, where a telephone would
ring.
"""

import smtplib
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, make_msgid

from coffre.notifying.not_sent import not_sent
from coffre.notifying.sms_address import read_sms_address
from coffre.notifying.sms_carrier import SmsCarrier
from coffre.notifying.smtp_address import read_smtp_address
from coffre.notifying.smtp_notifier import RecipientRefused, SmtpNotifier, code_of, hand_over, leave
from coffre.settings import Settings
from records.errors import CoffreError
from records.people.contacts import ContactKind
from records.vocabulary.codes import Environment
from sign_in.sending import Carrier, Message

RINGS = "☎"
_SHOWN = 4  # of an address


class TerminalCarrier:
    """Demo and test: prints what would arrive, in one line that begins with `RINGS`."""

    def carry(self, message: Message) -> None:
        text = " ".join(message.text.split())
        print(f"{RINGS} …{message.address[-_SHOWN:]}: {text}", file=sys.stdout, flush=True)

    def carries(self, kind: ContactKind) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class SmtpCarrier:
    """Mail by the server of notices."""

    smtp: SmtpNotifier

    def carry(self, message: Message) -> None:
        try:
            connection = self.smtp.connect()
            try:
                hand_over(connection, self.smtp.sender, message.address, self._mail(message))
            finally:
                leave(connection)
        except RecipientRefused:
            raise not_sent("mail_refused") from None
        except (OSError, smtplib.SMTPException, CoffreError) as error:
            raise not_sent(code_of(error)) from None

    def carries(self, kind: ContactKind) -> bool:
        return kind is ContactKind.EMAIL

    def _mail(self, message: Message) -> EmailMessage:
        mail = EmailMessage(SMTP)
        mail["From"] = Address(addr_spec=self.smtp.sender)
        mail["To"] = Address(addr_spec=message.address)
        mail["Subject"] = message.subject
        mail["Date"] = formatdate(usegmt=True)
        mail["Message-ID"] = make_msgid(domain=self.smtp.sender.rpartition("@")[2])
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834 section 5: no holiday replies
        mail.set_content(f"{message.text}\n\n{self.smtp.origin}\n", cte="quoted-printable")
        return mail


class NoCarrier:
    """Production without a mail server or a gateway: nothing leaves."""

    def carry(self, message: Message) -> None:
        raise not_sent("no_carrier")

    def carries(self, kind: ContactKind) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class CarrierByKind:
    """To each kind of address its own carrier."""

    by_kind: Mapping[ContactKind, Carrier]

    def carry(self, message: Message) -> None:
        self.by_kind[message.kind].carry(message)

    def carries(self, kind: ContactKind) -> bool:
        return self.by_kind[kind].carries(kind)


def carrier_of(settings: Settings, origin: str) -> Carrier:
    """`origin`: where readers sign in."""
    otherwise: Carrier = NoCarrier() if settings.environment is Environment.PRODUCTION else TerminalCarrier()
    server, gateway = read_smtp_address(settings.notices_url), read_sms_address(settings.sms_url)
    mail = SmtpCarrier(SmtpNotifier(server, settings.notices_from or "", origin)) if server else otherwise
    telephone = SmsCarrier(gateway) if gateway else otherwise
    return CarrierByKind({ContactKind.EMAIL: mail, ContactKind.TELEPHONE: telephone})
