"""Patients at the door, for tests: accounts, browsers on the sign-in pages, and mailboxes for codes."""

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from coffre.installation.install import initialise
from coffre.settings import load
from tests.integration.pages import Browser, Page
from tests.integration.support import Coffre, Patient, serving, serving_by_name
from tests.services.mail import Mail, mail_server
from tests.services.warm import run

PASSWORD = "quatre mots sans rapport"
FROM = "connexion@coffre.example"


@dataclass
class Person:
    """Somebody with a record and an account; `code` is that of the letter or of the first message."""

    patient: Patient
    mail: Mail
    identifier: str
    address: str
    code: str
    browsers: list[Browser] = field(default_factory=list)

    @property
    def coffre(self) -> Coffre:
        return self.patient.coffre

    def browser(self) -> Browser:
        """At home: from an address of this person's own."""
        browser = Browser(self.coffre)
        browser.http.headers["X-Forwarded-For"] = _home(self.patient.ins)
        return browser

    def arrived(self) -> list[str]:
        """The messages that came so far."""
        return [message.get_content() for message in self.mail.to(self.address)]

    def code_after(self, count: int) -> str:
        """The code in the message that came after `count` others."""
        text = self.mail.wait_for(self.address, count + 1)[count].get_content()
        return re.search(r"\b[0-9]{6}\b", text)[0]  # type: ignore[index]

    def choose(self, browser: Browser | None = None, password: str = PASSWORD, **more: str) -> httpx.Response:
        """The first visit, or a new password after a letter."""
        browser = browser or self.browser()
        form = browser.get("/sign-in/letter").form("/sign-in/letter")
        given = {"identifier": self.identifier, "code": self.code, "terms": "oui"}
        return browser.send(form, **(given | {"password": password, "again": password} | more))

    def knock(
        self, browser: Browser, password: str = PASSWORD, identifier: str | None = None, next: str = "/"
    ) -> httpx.Response:
        form = browser.get(f"/sign-in?next={next}").form("/sign-in")
        return browser.send(form, identifier=identifier or self.identifier, password=password)

    def enter(self, browser: Browser | None = None, next: str = "/") -> Browser:
        """Signed in."""
        browser = browser or self.browser()
        before = len(self.arrived())
        assert self.knock(browser, next=next).status_code == 303
        answer = self.give(browser, self.code_after(before))
        assert (answer.status_code, answer.headers["location"]) == (303, next), answer.text
        return browser

    def give(self, browser: Browser, code: str) -> httpx.Response:
        return browser.send(browser.get("/sign-in/code").form("/sign-in/code"), code=code)


@dataclass
class Door:
    """A Coffre whose codes come by mail."""

    coffre: Coffre
    mail: Mail

    def person(self, *, has_password: bool = True) -> Person:
        patient = self.coffre.open_record()
        address = f"{patient.ins}@example.fr"
        told = self.command("account", "open", patient.ins, "--email", address, "--json")
        (first,) = self.mail.wait_for(address)
        code = re.search(r"\b(?:[0-9A-Z]{4}-){2}[0-9A-Z]{4}\b", first.get_content())
        assert code is not None
        person = Person(patient, self.mail, json.loads(told)["identifier"], address, code[0])
        if has_password:
            assert person.choose().status_code == 303
        return person

    def command(self, *words: str) -> str:
        ended = run(*words, "--data", self.coffre.data, env=self.settings())
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    def settings(self) -> dict[str, str]:
        return settings_of(self.mail) | {"PATH": "/usr/bin:/bin", "COFFRE_PUBLIC_URL": self.coffre.url}


def settings_of(mail: Mail) -> dict[str, str]:
    return {
        "COFFRE_NOTICES_URL": mail.url,
        "COFFRE_NOTICES_FROM": FROM,
        "COFFRE_TRUSTED_PROXIES": "127.0.0.1",
    }


@contextmanager
def door(folder: Path, *, by_name: bool = False, **settings: str) -> Iterator[Door]:
    """A Coffre of its own with a mail server; `by_name` as browsers want it that give passkeys."""
    serve = serving_by_name if by_name else serving
    data = folder / "data"
    initialise(load(data=data))
    with mail_server(folder / "mail") as mail, serve(data, **settings_of(mail), **settings) as coffre:
        yield Door(coffre, mail)


def _home(ins: str) -> str:
    return f"198.18.{int(ins[6:9]) % 256}.{int(ins[9:12]) % 256}"


def text_of(answer: httpx.Response) -> str:
    return Page(answer.text).text


def eventually(read: Callable[[], str], said: str) -> str:
    """What is read once it says so; the doors tell the log each second."""
    until = time.monotonic() + 20
    while said not in (text := read()):
        assert time.monotonic() < until, f"{said} is not in {text}"
        time.sleep(0.2)
    return text
