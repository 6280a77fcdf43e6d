"""Step of the demo in which the patient signs in at the door, and the account that she does it with."""

import re
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from coffre.demonstration.cast import PERSON
from coffre.demonstration.step import Story, expect
from coffre.installation.sign_in import SignIn
from coffre.settings import load
from coffre.wiring import System
from records.people.contacts import ContactKind
from sign_in.accounts.opening import HOST
from sign_in.doors.visitor import Visitor
from sign_in.sending import Message

TELEPHONE = "+33639980123"  # of the numbers that are kept for films (ARCEP)
PASSWORD, WRONG = "quatre mots sans rapport", "cinq autres mots que ceux-là"
_CODE = re.compile(r"\b[0-9]{6}\b")
_FIRST_CODE = re.compile(r"\b[0-9A-Z]{4}(?:-[0-9A-Z]{4}){2}\b")
_FIELD = re.compile(r'name="csrf" value="([^"]+)"')


@dataclass(frozen=True, slots=True)
class DemoAccount:
    identifier: str = field(repr=False)
    password: str = field(repr=False)


class _Pocket:
    """The patient's telephone, for the first code."""

    text = ""

    def carry(self, message: Message) -> None:
        self.text = message.text

    def carries(self, kind: ContactKind) -> bool:
        return True


def patients_account(data: Path) -> DemoAccount:
    """The patient's account, opened where it is not there yet; her password is the one of the demo again."""
    pocket = _Pocket()
    with System(load(data=data)) as system:
        parts = SignIn(system, pocket)
        identifier = parts.opening.identifier_of(PERSON)
        if identifier is None:
            identifier = parts.opening.open(
                PERSON, ContactKind.TELEPHONE, TELEPHONE, by_letter=False, by=HOST
            ).identifier
            code = _found(_FIRST_CODE, pocket.text)
        else:
            code = parts.opening.letter(PERSON).code
        parts.letter.choose(identifier, code, PASSWORD, Visitor("", None, "demo"))
    return DemoAccount(identifier, PASSWORD)


def patient_signs_in(story: Story) -> str:
    """In a browser without a program: identifier, password, and the code from her telephone."""
    account = patients_account(story.data)
    story.account = {
        "identifier": account.identifier,
        "identifier, in one piece": account.identifier.replace("-", ""),
        "password": account.password,
        "telephone": TELEPHONE,
    }
    with httpx.Client(base_url=story.actors.url, timeout=60) as browser:
        known, unknown = (
            _post(browser, "/sign-in", identifier=identifier, password=WRONG)
            for identifier in (account.identifier, "AAAAA-AAAAA")
        )
        same = known.status_code == unknown.status_code == httpx.codes.FORBIDDEN
        expect(same, "Whether there is an account can be told.")
        asked = _post(browser, "/sign-in", identifier=account.identifier, password=account.password)
        expect(asked.status_code == httpx.codes.SEE_OTHER, "The right password is refused.")
        code = _found(_CODE, story.telephone())
        let_in = _post(browser, "/sign-in/code", code=code)
        expect(let_in.status_code == httpx.codes.SEE_OTHER, "The code that was sent is refused.")
        expect("/sign-out" in browser.get("/").text, "Whoever signed in is not.")
        again = _post(browser, "/sign-in/code", code=code)
        expect(again.status_code == httpx.codes.FORBIDDEN, "A code serves twice.")
    return (
        "identifier, password, and a code that served once; a stranger learns not even whether there is one"
    )


def _post(browser: httpx.Client, path: str, **fields: str) -> httpx.Response:
    csrf = _found(_FIELD, browser.get(path).text, 1)
    return browser.post(path, data={"csrf": csrf, **fields})


def _found(form: re.Pattern[str], text: str, group: int = 0) -> str:
    match = form.search(text)
    expect(match is not None, "Something that must be there is missing.")
    assert match is not None
    return match[group]
