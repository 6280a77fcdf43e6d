"""The door of certificates: cards that read, staff and structures that deposit, and what the door asks."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.ocsp import OCSPCertStatus

from records.vocabulary.codes import Environment
from sign_in.certificates.door import CertificateDoor
from sign_in.certificates.holders import CardHolder, CardType, Organisation
from sign_in.certificates.responders import Responders
from sign_in.certificates.revocation import nobody
from sign_in.certificates.revocation_folder import RevocationFolder
from sign_in.certificates.token_request import TokenRefused, check_client, token_request
from sign_in.certificates.trust import Anchors, CertificateRefused, Trusted
from tests import igc

IGC, OTHER = igc.Authority(), igc.Authority()
STAFF = "3750000001/0042"
DAY = timedelta(days=1)


@pytest.fixture
def lists(tmp_path: Path) -> Path:
    """A folder with lists that revoke nobody."""
    written(tmp_path, "leaves.crl", IGC.revocation_list())
    written(tmp_path, "authorities.pem", IGC.revocation_list(issuer=IGC.root), Encoding.PEM)
    return tmp_path


def written(folder: Path, name: str, made: object, form: Encoding = Encoding.DER) -> None:
    (folder / name).write_bytes(made.public_bytes(form))  # type: ignore[attr-defined]


def door(lists: Path | None, **changed: object) -> CertificateDoor:
    own = [IGC.root.certificate], [IGC.issuing.certificate]
    settings: dict[str, object] = {
        "anchors": {trusted: Anchors(trusted, *own) for trusted in Trusted},
        "revoked": RevocationFolder(lists),
        "environment": Environment.TEST,
        "ask": nobody,
        "clock": lambda: float(igc.AT),
    }
    return CertificateDoor(**(settings | changed))  # type: ignore[arg-type]


def refusal(verb: object, issued: igc.Issued) -> str:
    with pytest.raises(CertificateRefused) as refused:
        verb(issued.certificate)  # type: ignore[operator]
    return refused.value.code


@pytest.mark.requirement("R5")
def test_a_professionals_card_reads(lists: Path) -> None:
    assert door(lists).reader(IGC.card().certificate).number == igc.DOCTOR


@pytest.mark.requirement("R7")
@pytest.mark.parametrize("card", [CardType.CPE, CardType.CPF, CardType.CPA])
def test_cards_of_staff_and_training_never_read(lists: Path, card: CardType) -> None:
    assert refusal(door(lists).reader, IGC.card(card, STAFF)) == "card_feeds_only"


@pytest.mark.requirement("R7")
def test_staff_and_structures_deposit_for_their_structure(lists: Path) -> None:
    staff = door(lists).depositor(IGC.card(CardType.CPE, STAFF).certificate)
    assert isinstance(staff, CardHolder) and staff.employer == igc.HOSPITAL
    structure = door(lists).depositor(IGC.organisation().certificate)
    assert isinstance(structure, Organisation) and structure.structure == igc.HOSPITAL


def test_a_professionals_own_card_is_no_softwares_certificate(lists: Path) -> None:
    assert refusal(door(lists).depositor, IGC.card()) == "card_is_a_persons"


@pytest.mark.requirement("R5")
@pytest.mark.parametrize("verb", ["reader", "depositor"])
def test_each_check_is_made_of_readers_and_depositors(lists: Path, verb: str) -> None:
    made = {
        "reader": lambda authority, **more: authority.card(**more),
        "depositor": lambda authority, **more: authority.organisation(**more),
    }[verb]
    of = getattr(door(lists), verb)
    assert refusal(of, made(OTHER)) == "certificate_untrusted"
    assert refusal(of, made(IGC, until=-DAY)) == "certificate_expired"
    production = getattr(door(lists, environment=Environment.PRODUCTION), verb)
    assert refusal(production, made(IGC)) == "certificate_of_other_environment"
    revoked = made(IGC)
    written(lists, "delta.crl", IGC.revocation_list([revoked], number=2, base=1))
    assert refusal(of, revoked) == "certificate_revoked"


def test_an_authority_of_organisations_vouches_for_no_person(lists: Path) -> None:
    anchors = {
        Trusted.PERSONS: Anchors(Trusted.PERSONS, [OTHER.root.certificate]),
        Trusted.ORGANISATIONS: Anchors(
            Trusted.ORGANISATIONS, [IGC.root.certificate], [IGC.issuing.certificate]
        ),
    }
    assert refusal(door(lists, anchors=anchors).reader, IGC.card()) == "certificate_untrusted"


@pytest.mark.requirement("R5", "R7")
def test_where_nobody_says_anything_of_revocation_reading_is_closed_and_feeding_open() -> None:
    assert refusal(door(None).reader, IGC.card()) == "certificate_status_unknown"
    assert door(None).depositor(IGC.organisation().certificate)


def test_a_list_that_changes_counts_at_once_and_one_that_is_none_is_left(lists: Path) -> None:
    card, of = IGC.card(), door(lists)
    assert of.reader(card.certificate)
    (lists / "broken.crl").write_bytes(b"nothing")
    assert of.reader(card.certificate)
    written(lists, "leaves.crl", IGC.revocation_list([card], number=3))
    assert refusal(of.reader, card) == "certificate_revoked"
    (lists / "leaves.crl").unlink()
    assert refusal(of.reader, card) == "certificate_status_unknown"


class Responder(BaseHTTPRequestHandler):
    answer, status = b"", 200

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(self.answer)))
        self.end_headers()
        self.wfile.write(self.answer)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def responder() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Responder)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize(
    ("said", "status", "code"),
    [
        (OCSPCertStatus.GOOD, 200, None),
        (OCSPCertStatus.REVOKED, 200, "certificate_revoked"),
        (OCSPCertStatus.UNKNOWN, 200, "certificate_status_unknown"),
        (OCSPCertStatus.GOOD, 500, "certificate_status_unknown"),
    ],
)
def test_a_responder_is_asked_over_http(
    tmp_path: Path, responder: str, said: OCSPCertStatus, status: int, code: str | None
) -> None:
    written(tmp_path, "authorities.crl", IGC.revocation_list(issuer=IGC.root))
    card = IGC.card(responder=responder)
    Responder.answer, Responder.status = IGC.ocsp_answer(card, said), status
    of = door(tmp_path, ask=Responders().ask)
    if code is None:
        assert of.reader(card.certificate)
    else:
        assert refusal(of.reader, card) == code


def test_a_responder_that_is_away_or_talks_without_end_has_said_nothing(responder: str) -> None:
    Responder.answer, Responder.status = bytes(100_000), 200
    assert Responders().ask(responder, b"?") is None
    assert Responders().ask("http://127.0.0.1:9/", b"?") is None
    assert Responders().ask("http://[", b"?") is None


@pytest.mark.parametrize(
    "head", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n"]
)
def test_a_responder_that_sends_a_byte_now_and_then_holds_nobody(head: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ended = threading.Event()

        def drip() -> None:
            link, _ = listener.accept()
            with link, contextlib.suppress(OSError):
                link.sendall(head)
                while not ended.wait(0.02):
                    link.sendall(b"x")

        thread = threading.Thread(target=drip)
        thread.start()
        began = time.monotonic()
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        assert Responders(within_s=0.2).ask(address, b"?") is None
        taken = time.monotonic() - began
        ended.set()
        thread.join()
    assert taken < 2


# what may be asked of the token endpoint


def test_client_credentials_are_granted_to_who_the_certificate_names() -> None:
    for form in ({}, {"client_id": igc.HOSPITAL}, {"scope": "deposit"}):
        asked = token_request({"grant_type": "client_credentials", **form})
        check_client(asked, igc.HOSPITAL)


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "authorization_code"}, "unsupported_grant_type"),
        ({"grant_type": "urn:ietf:params:oauth:grant-type:token-exchange"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials", "scope": "deposit read"}, "invalid_scope"),
        ({"grant_type": "client_credentials", "client_secret": "x"}, "invalid_request"),
        ({"grant_type": "client_credentials", "client_assertion": "x"}, "invalid_request"),
    ],
)
def test_anything_else_is_refused_with_the_code_of_its_standard(form: dict[str, str], error: str) -> None:
    with pytest.raises(TokenRefused) as refused:
        token_request(form)
    assert refused.value.code == error


def test_somebody_elses_client_id_is_refused() -> None:
    asked = token_request({"grant_type": "client_credentials", "client_id": "1750000009"})
    with pytest.raises(TokenRefused) as refused:
        check_client(asked, igc.HOSPITAL)
    assert refused.value.code == "invalid_client"
