"""Messages by SMTP (RFC 5321), over TLS with the server's certificate checked."""

import smtplib
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.message import EmailMessage

from coffre.notifying.message import message_of
from coffre.notifying.notifier import Report
from coffre.notifying.smtp_address import SmtpAddress
from keyvault.credentials.private_files import check_mode
from keyvault.verbs.housekeeper.delivering import Notice
from records.errors import CoffreError
from records.notices import Delivery

_PERMANENT = 500  # RFC 5321 section 4.2.1: 5yz, not to be tried again as it is
_LOGIN_REFUSED = frozenset({530, 534, 535})  # RFC 4954 section 6: a fault of ours, not of a recipient


@dataclass(frozen=True, slots=True)
class SmtpNotifier:
    """One connection for the notices of a turn. `origin`: where their readers sign in."""

    server: SmtpAddress
    sender: str
    origin: str

    def deliver(self, notices: Sequence[Notice], report: Report) -> Iterator[tuple[Notice, Delivery]]:
        """What comes too late, and whom nobody can write to, costs no connection. Where the server is away or
        refuses us, each of the others failed, and is tried again.
        """
        addressed = [notice for notice in notices if notice.address is not None and not notice.is_late]
        for notice in notices:
            if notice not in addressed:
                yield notice, Delivery.NO_CONTACT if notice.address is None else Delivery.GIVEN_UP
        if not addressed:
            return
        try:
            connection = self.connect()
        except (OSError, smtplib.SMTPException, CoffreError) as error:
            report(code_of(error))
            yield from ((notice, Delivery.FAILED) for notice in addressed)
            return
        try:
            for notice in addressed:
                yield notice, self._send(connection, notice, report)
        finally:
            leave(connection)

    def connect(self) -> smtplib.SMTP:
        server, trust = self.server, self._trust()
        if server.implicit_tls:
            connection: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, timeout=server.timeout_s, context=trust
            )
        else:
            connection = smtplib.SMTP(server.host, server.port, timeout=server.timeout_s)
        try:
            if server.starttls:
                connection.starttls(context=trust)  # raises where the server has none: never in clear
            if server.user is not None:
                connection.login(server.user, self._password())
        except BaseException:
            connection.close()
            raise
        return connection

    def _trust(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self.server.authority)
        except OSError:
            raise CoffreError(
                "The file of COFFRE_NOTICES_URL's authority holds no certificate that can be read.",
                code="mail_authority_unreadable",
            ) from None

    def _password(self) -> str:
        """Read at each turn, so that a new one serves at once."""
        assert self.server.password_file is not None
        try:
            check_mode(self.server.password_file)
            return self.server.password_file.read_text("utf-8").strip()
        except (OSError, UnicodeError):
            raise CoffreError(
                "The file of COFFRE_NOTICES_URL's password can't be read.", code="mail_password_unreadable"
            ) from None

    def _send(self, connection: smtplib.SMTP, notice: Notice, report: Report) -> Delivery:
        assert notice.address is not None
        message = message_of(notice, notice.address, self.sender, self.origin)
        try:
            hand_over(connection, self.sender, notice.address, message)
        except RecipientRefused:
            return Delivery.REFUSED
        except (OSError, smtplib.SMTPException) as error:
            report(code_of(error))
            return Delivery.FAILED
        return Delivery.SENT


class RecipientRefused(Exception):  # noqa: N818 - an answer, not a fault
    """The recipient, or a message to it, is refused for good."""


def hand_over(connection: smtplib.SMTP, sender: str, address: str, message: EmailMessage) -> None:
    """Raises `RecipientRefused`, or what `smtplib` raises for what may be tried again."""
    try:
        connection.send_message(message, sender, [address])
    except smtplib.SMTPRecipientsRefused as error:
        ((status, _),) = error.recipients.values()
        if status >= _PERMANENT and status not in _LOGIN_REFUSED:
            raise RecipientRefused from None
        raise
    except smtplib.SMTPDataError as error:
        if error.smtp_code >= _PERMANENT:
            raise RecipientRefused from None
        raise


def leave(connection: smtplib.SMTP) -> None:
    try:
        connection.quit()
    except (OSError, smtplib.SMTPException):
        connection.close()


def code_of(error: BaseException) -> str:
    """What an operator is told. The server's own words may name a recipient: they are told nowhere."""
    if isinstance(error, CoffreError):
        return error.code
    return next((code for kind, code in _CODES if isinstance(error, kind)), "mail_server_failing")


_CODES: tuple[tuple[type[BaseException], str], ...] = (
    (ssl.SSLCertVerificationError, "mail_certificate_refused"),
    (ssl.SSLError, "mail_tls_failing"),
    (smtplib.SMTPNotSupportedError, "mail_server_lacks_tls_or_login"),
    (smtplib.SMTPAuthenticationError, "mail_login_refused"),
    (smtplib.SMTPSenderRefused, "mail_sender_refused"),
    (smtplib.SMTPResponseException, "mail_server_failing"),
    (smtplib.SMTPRecipientsRefused, "mail_not_taken_yet"),
    (smtplib.SMTPServerDisconnected, "mail_server_gone"),
    (OSError, "mail_server_away"),
)
