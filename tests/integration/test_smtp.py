"""The SMTP adapter on a real mail server: what it answers, with whom it speaks, and what it never says."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from coffre.notifying.smtp_address import read_smtp_address
from coffre.notifying.smtp_notifier import SmtpNotifier
from keyvault.verbs.housekeeper.delivering import Notice
from records.errors import Invalid
from records.notices import Delivery
from tests.services.mail import PASSWORD, USER, Mail, mail_server

FROM, ORIGIN = "avis@coffre.example", "https://coffre.example"


@pytest.fixture(scope="module")
def mail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mail]:
    with mail_server(tmp_path_factory.mktemp("mail")) as server:
        yield server


def notice(address: str | None, *, late: bool = False, code: str | None = None) -> Notice:
    return Notice(uuid4(), "patient", late, address, code)


def deliver(url: str, *notices: Notice) -> tuple[list[Delivery], list[str]]:
    """What came of each, in the order given, and the codes that were reported."""
    server = read_smtp_address(url)
    assert server is not None
    reported: list[str] = []
    answers = dict(SmtpNotifier(server, FROM, ORIGIN).deliver(notices, reported.append))
    return [answers[each] for each in notices], reported


def test_each_notice_has_its_answer(mail: Mail) -> None:
    mail.to_recipient = lambda address: {
        "gone@example.fr": "550 5.1.1 no such mailbox",
        "busy@example.fr": "451 4.2.1 later",
    }.get(address, "250 OK")
    mail.to_message = lambda address: "554 5.7.1 spam" if address == "strict@example.fr" else "250 OK"
    answers, reported = deliver(
        mail.url,
        notice("a@example.fr"),
        notice("gone@example.fr"),
        notice("busy@example.fr"),
        notice("strict@example.fr"),
        notice(None),
        notice("late@example.fr", late=True),
        notice("b@example.fr"),
    )
    assert answers == [
        Delivery.SENT,
        Delivery.REFUSED,
        Delivery.FAILED,
        Delivery.REFUSED,
        Delivery.NO_CONTACT,
        Delivery.GIVEN_UP,
        Delivery.SENT,
    ]
    assert reported == ["mail_not_taken_yet"]
    assert not mail.to("late@example.fr") and mail.to("a@example.fr") and mail.to("b@example.fr")


def test_sent_twice_a_notice_has_one_message_id_and_another_code_another(mail: Mail) -> None:
    twice = notice("twice@example.fr")
    other = Notice(twice.notice_id, "contact", False, "twice@example.fr", "123456")
    for each in (twice, twice, other):
        deliver(mail.url, each)
    first, second, third = (message["Message-ID"] for message in mail.to("twice@example.fr"))
    assert first == second != third and first.endswith("@coffre.example>")
    assert "123456" in mail.to("twice@example.fr")[2].get_content()


@pytest.mark.parametrize("fault", ["no authority", "another name", "no server", "authority is no file"])
def test_without_the_right_server_nothing_is_sent_and_all_is_tried_again(
    mail: Mail, tmp_path: Path, fault: str
) -> None:
    url, code = {
        "no authority": (f"smtp://127.0.0.1:{mail.port}", "mail_certificate_refused"),
        "another name": (mail.url.replace("127.0.0.1", "localhost"), "mail_certificate_refused"),
        "no server": ("smtp://127.0.0.1:9", "mail_server_away"),
        "authority is no file": (
            f"smtp://127.0.0.1:{mail.port}?authority={tmp_path / 'none'}",
            "mail_authority_unreadable",
        ),
    }[fault]
    before = len(mail.received)
    assert deliver(url, notice("a@example.fr"), notice(None)) == (
        [Delivery.FAILED, Delivery.NO_CONTACT],
        [code],
    )
    assert len(mail.received) == before


def test_smtps_and_a_login_whose_password_stands_in_a_file(tmp_path: Path) -> None:
    password = tmp_path / "password"
    with mail_server(tmp_path / "mail", implicit_tls=True, with_login=True) as mail:
        login = f"&user={USER}&password_file={password}"
        url = mail.url.replace("smtp:", "smtps:") + login
        assert deliver(url, notice("a@example.fr")) == ([Delivery.FAILED], ["mail_password_unreadable"])
        password.touch(0o600)
        password.write_text("another", "utf-8")
        assert deliver(url, notice("a@example.fr")) == ([Delivery.FAILED], ["mail_login_refused"])
        password.write_text(f"{PASSWORD}\n", "utf-8")
        assert deliver(url, notice("a@example.fr")) == ([Delivery.SENT], [])


@pytest.mark.parametrize(
    "url",
    [
        "smtp:",
        "smtp://",
        "http://mail.example",
        "smtp://mail.example:port",
        "smtp://mail.example/path",
        "smtp://user:secret@mail.example",
        "smtp://mail.example?tls=none",
        "smtp://127.0.0.1?tls=perhaps",
        "smtp://mail.example?user=a",
        "smtp://mail.example?timeout=0",
        "smtp://mail.example?timeout=60",
        "smtp://mail.example?verify=no",
    ],
)
def test_a_bad_address_of_a_server_is_refused_and_no_secret_repeated(url: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_smtp_address(url)
    assert refused.value.code == "bad_setting" and "secret" not in refused.value.sentence
