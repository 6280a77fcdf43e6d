"""A real mail server on the loopback (aiosmtpd), with TLS under an authority of its own."""

import logging
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

TAKEN = "250 OK"
USER, PASSWORD = "coffre", "un mot de passe"


@dataclass
class Mail:
    """What it received, and what it answers to a recipient or to a message."""

    port: int
    authority: Path
    implicit_tls: bool = False
    received: list[tuple[str, EmailMessage]] = field(default_factory=list)
    to_recipient: Callable[[str], str] = lambda _address: TAKEN
    to_message: Callable[[str], str] = lambda _address: TAKEN

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}?authority={self.authority}"

    def to(self, address: str) -> list[EmailMessage]:
        return [message for recipient, message in list(self.received) if recipient == address]

    def wait_for(self, address: str, count: int = 1, within_s: float = 30) -> list[EmailMessage]:
        limit = time.monotonic() + within_s
        while len(found := self.to(address)) < count:
            assert time.monotonic() < limit, f"{len(found)} of {count} messages came"
            time.sleep(0.05)
        return found

    async def handle_RCPT(  # noqa: N802 - the name that aiosmtpd calls
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.to_recipient(address)
        if answer == TAKEN:
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert self.implicit_tls or session.ssl is not None, "a message came in clear"
        (address,) = envelope.rcpt_tos
        content = envelope.content
        assert isinstance(content, bytes)
        answer = self.to_message(address)
        if answer == TAKEN:
            self.received.append((address, message_from_bytes(content, policy=policy.default)))
        return answer


@contextmanager
def mail_server(folder: Path, *, implicit_tls: bool = False, with_login: bool = False) -> Iterator[Mail]:
    """Until the block is left."""
    authority, trust = _certificate(folder)
    mail = Mail(_free_port(), authority, implicit_tls)
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)  # a client that hangs up is no fault here

    def authenticate(*asked: object) -> AuthResult:
        """`asked` ends with what the client logs in with."""
        right = asked[-1] == LoginPassword(USER.encode(), PASSWORD.encode())
        return AuthResult(success=right, handled=False)

    login = (
        {"authenticator": authenticate, "auth_required": True, "auth_require_tls": not implicit_tls}
        if with_login
        else {}
    )
    tls = {"ssl_context": trust} if implicit_tls else {"tls_context": trust, "require_starttls": True}
    controller = Controller(mail, hostname="127.0.0.1", port=mail.port, **tls, **login)
    controller.start()
    try:
        yield mail
    finally:
        controller.stop()


def _certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    folder.mkdir(parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "mail.pem", folder / "mail.key"
    public.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trust.load_cert_chain(public, private)
    return public, trust


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
