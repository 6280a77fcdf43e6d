"""Codes and words of the sign-in by SMS, over GSMA OneAPI's SMS RESTful API (version 1, section 4.1)."""

import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import httpx

from coffre.notifying.not_sent import not_sent
from coffre.notifying.sms_address import SmsAddress
from keyvault.credentials.private_files import check_mode
from records.errors import CoffreError
from records.people.contacts import ContactKind
from sign_in.sending import Message

_LOGIN_REFUSED = frozenset({401, 403})


@dataclass(frozen=True, slots=True)
class SmsCarrier:
    """One request for each message: who waits for a code waits for it alone."""

    gateway: SmsAddress

    def carry(self, message: Message) -> None:
        """Raises CoffreError "message_not_sent". What the gateway says may name the recipient: it is told
        nowhere.
        """
        try:
            answer = self._post(message)
        except CoffreError as error:
            raise not_sent(error.code) from None
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:  # the last two: no name of a host
            raise not_sent("sms_tls_failing" if _is_of_tls(error) else "sms_gateway_away") from None
        if answer.status_code in _LOGIN_REFUSED:
            raise not_sent("sms_login_refused")
        if not answer.is_success:
            raise not_sent("sms_refused" if answer.is_client_error else "sms_gateway_failing")

    def carries(self, kind: ContactKind) -> bool:
        return kind is ContactKind.TELEPHONE

    def _post(self, message: Message) -> httpx.Response:
        sender = _of(self.gateway.sender)
        asked = {
            "address": f"tel:{message.address}",
            "senderAddress": sender,
            "outboundSMSTextMessage": {"message": message.text},
        }
        way, login = self._trust(), self._login()
        with httpx.Client(verify=way, auth=login, timeout=self.gateway.timeout_s, trust_env=False) as client:
            return client.post(
                f"{self.gateway.url}/outbound/{quote(sender, safe='')}/requests",
                json={"outboundSMSMessageRequest": asked},
                headers=self._token(),
            )

    def _trust(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self.gateway.authority)
        except OSError:
            raise CoffreError(
                "The file of COFFRE_SMS_URL's authority holds no certificate that can be read.",
                code="sms_authority_unreadable",
            ) from None

    def _token(self) -> dict[str, str]:
        file = self.gateway.token_file
        return {} if file is None else {"Authorization": f"Bearer {_secret(file)}"}

    def _login(self) -> httpx.BasicAuth | None:
        user, file = self.gateway.user, self.gateway.password_file
        return None if user is None or file is None else httpx.BasicAuth(user, _secret(file))


def _is_of_tls(error: BaseException | None) -> bool:
    """Whether TLS stands behind an error of the library, which wraps it twice."""
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__ or error.__context__
    return error is not None


def _of(sender: str) -> str:
    return f"tel:{sender}" if sender.startswith("+") else sender


def _secret(file: Path) -> str:
    """Read for each message, so that a new one serves at once."""
    try:
        check_mode(file)
        found = file.read_text("ascii").strip()
    except (OSError, UnicodeError):
        found = ""
    if not found:
        raise CoffreError(
            "A file of COFFRE_SMS_URL holds no token or password that can be read.",
            code="sms_secret_unreadable",
        )
    return found
