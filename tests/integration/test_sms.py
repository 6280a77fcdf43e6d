"""Codes by SMS, handed to a gateway over TLS: what leaves, and what is said where nothing leaves."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from coffre.notifying.sms_address import read_sms_address
from coffre.notifying.sms_carrier import SmsCarrier
from records.errors import CoffreError, Invalid
from records.people.contacts import ContactKind
from sign_in.sending import Message
from tests.services.processes import free_port
from tests.services.service import certificate
from tests.services.sms import TOKEN, Gateway, sms_gateway

NUMBER = "+33639980123"
TEXT = "Votre code pour vous connecter à votre dossier médical : 123456"
MESSAGE = Message(ContactKind.TELEPHONE, NUMBER, "Votre code de connexion", TEXT)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with sms_gateway(tmp_path_factory.mktemp("sms") / "gateway") as found:
        yield found


@pytest.fixture
def gateway(running: Gateway) -> Iterator[Gateway]:
    running.received.clear()
    yield running
    running.status = 201
    running.token_file.write_text(TOKEN)


def carrier(url: str) -> SmsCarrier:
    found = read_sms_address(url)
    assert found is not None
    return SmsCarrier(found)


def test_the_text_reaches_the_number_and_no_other_kind_of_address_is_carried(gateway: Gateway) -> None:
    carrier(gateway.url).carry(MESSAGE)
    assert gateway.received == [(NUMBER, TEXT)]
    assert carrier(gateway.url).carries(ContactKind.TELEPHONE)
    assert not carrier(gateway.url).carries(ContactKind.EMAIL)


def test_a_new_token_serves_at_once(gateway: Gateway) -> None:
    told = carrier(gateway.url)
    gateway.token_file.write_text("an old one")
    assert refused(told) == "sms_login_refused"
    gateway.token_file.write_text(TOKEN)
    told.carry(MESSAGE)
    assert len(gateway.received) == 1


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "sms_refused"),
        (429, "sms_refused"),
        (403, "sms_login_refused"),
        (500, "sms_gateway_failing"),
        (302, "sms_gateway_failing"),
    ],
)
def test_what_the_gateway_refuses_did_not_leave(gateway: Gateway, status: int, code: str) -> None:
    gateway.status = status
    assert refused(carrier(gateway.url)) == code
    assert gateway.received == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda url, to: url.partition("&authority")[0], "sms_tls_failing"),
        (
            lambda url, to: f"{url.partition('&authority')[0]}&authority={other(to)}",
            "sms_tls_failing",
        ),
        (lambda url, to: f"{url}&authority={to / 'none'}", "sms_authority_unreadable"),
        (
            lambda url, to: url.replace("token_file=", f"token_file={to}/none"),
            "sms_secret_unreadable",
        ),
    ],
)
def test_a_gateway_that_cannot_be_asked(
    gateway: Gateway, tmp_path: Path, change: Callable[[str, Path], str], code: str
) -> None:
    assert refused(carrier(change(gateway.url, tmp_path))) == code


@pytest.mark.parametrize("host", ["☎☎.example", "xn--"])
def test_a_host_that_can_be_no_name_is_told_like_one_that_is_away(host: str) -> None:
    assert refused(carrier(f"https://{host}/v1?sender=COFFRE")) == "sms_gateway_away"


def test_a_gateway_that_is_away(gateway: Gateway) -> None:
    assert (
        refused(carrier(gateway.url.replace(f":{gateway.port}/", f":{free_port()}/"))) == "sms_gateway_away"
    )


def other(folder: Path) -> Path:
    return certificate(folder)[0]


def refused(told: SmsCarrier) -> str:
    """Why nothing left; nobody's number or text stands in what is said."""
    with pytest.raises(CoffreError) as error:
        told.carry(MESSAGE)
    assert error.value.code == "message_not_sent"
    assert NUMBER[1:] not in error.value.sentence and "123456" not in error.value.sentence
    return error.value.sentence.partition("(")[2].partition(")")[0]


@pytest.mark.parametrize(
    "url",
    [
        "gateway.example",
        "ftp://gateway.example/v1?sender=COFFRE",
        "http://gateway.example/v1?sender=COFFRE",
        "https://user:hunter9@gateway.example/v1?sender=COFFRE",
        "https://gateway.example:x/v1?sender=COFFRE",
        "https://gateway.example/v1",
        "https://gateway.example/v1?sender=%2B33 7",
        "https://gateway.example/v1?sender=COFFRE&user=a",
        "https://gateway.example/v1?sender=COFFRE&user=a&password_file=b&token_file=c",
        "https://gateway.example/v1?sender=COFFRE&timeout=600",
        "https://gateway.example/v1?sender=COFFRE&colour=red",
        "https://gateway.example/v1?sender=COFFRE&token_file=",
        "https://gateway.example/v1?sender=COFFRE&user=&password_file=",
    ],
)
def test_an_address_that_is_none_is_refused_with_the_form(url: str) -> None:
    with pytest.raises(Invalid) as told:
        read_sms_address(url)
    assert told.value.sentence.startswith("Correct COFFRE_SMS_URL: ")
    assert "hunter9" not in told.value.sentence
