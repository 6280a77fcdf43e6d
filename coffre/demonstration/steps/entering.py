"""Steps of the demo in which people come in by their doors, and the account that the patient does it with."""

import re
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from coffre.demonstration.doors.arriving import card_refused
from coffre.demonstration.expecting import expect
from coffre.demonstration.people.browser import Browser
from coffre.demonstration.people.cast import CARDS, PERSON, STAFF, STRUCTURES
from coffre.demonstration.people.visits import PatientsVisit
from coffre.demonstration.step import Story
from coffre.installation.sign_in import SignIn
from coffre.notifying.carriers import RINGS
from coffre.settings import load
from coffre.wiring import System
from records.people.contacts import ContactKind
from sign_in.accounts.opening import HOST, FirstCode
from sign_in.doors.visitor import Visitor
from sign_in.sending import Message

TELEPHONE = "+33639980123"  # of the numbers that are kept for films (ARCEP)
PASSWORD, WRONG = "quatre mots sans rapport", "cinq autres mots que ceux-là"
_CODE = re.compile(r"\b[0-9]{6}\b")
_FIRST_CODE = re.compile(r"\b[0-9A-Z]{4}(?:-[0-9A-Z]{4}){2}\b")


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
                PERSON, ContactKind.TELEPHONE, TELEPHONE, first_code=FirstCode.MESSAGE, by=HOST
            ).identifier
            code = _found(_FIRST_CODE, pocket.text)
        else:
            code = parts.opening.letter(PERSON).code
        parts.letter.choose(identifier, code, PASSWORD, Visitor("", None, "demo"))
    return DemoAccount(identifier, PASSWORD)


def structures_show_certificates(story: Story) -> str:
    """RFC 6749 section 4.4 with RFC 8705: what a structure gets is good with its certificate alone."""
    for name in STRUCTURES:
        story.actors.depositor(name)
    stolen = httpx.get(
        f"{story.actors.url}/submissions/00000000-0000-0000-0000-000000000000",
        headers={"Authorization": f"Bearer {story.actors.tokens['laboratory']}"},
    )
    expect(stolen.status_code == httpx.codes.UNAUTHORIZED, "Without its certificate a credential is good.")
    got = "POST /token, for deposits and for one hour; without its certificate it opens nothing"
    return f"{got}\n{story.stands}".rstrip()


def patient_signs_in(story: Story) -> str:
    """In a browser without a program: identifier, password, and the code from her telephone."""
    account = patients_account(story.data)
    story.account = {
        "identifier": account.identifier,
        "identifier, in one piece": account.identifier.replace("-", ""),
        "password": account.password,
        "telephone": TELEPHONE,
    }
    browser = Browser(story.actors.url)
    known, unknown = (
        _post(browser, "/sign-in", identifier=identifier, password=WRONG)
        for identifier in (account.identifier, "AAAAA-AAAAA")
    )
    same = known.status_code == unknown.status_code == httpx.codes.FORBIDDEN
    expect(same, "Whether there is an account can be told.")
    asked = _post(browser, "/sign-in", identifier=account.identifier, password=account.password)
    expect(asked.status_code == httpx.codes.SEE_OTHER, "The right password is refused.")
    rung = story.telephone()
    code = _found(_CODE, rung)
    let_in = _post(browser, "/sign-in/code", code=code)
    expect(let_in.status_code == httpx.codes.SEE_OTHER, "The code that was sent is refused.")
    expect("/sign-out" in browser.get("/").html, "Whoever signed in is not.")
    again = _post(browser, "/sign-in/code", code=code)
    expect(again.status_code == httpx.codes.UNPROCESSABLE_ENTITY, "A code serves twice.")
    actors = story.actors
    actors.has_signed_in(PatientsVisit(browser, actors.record, actors.pinned()))
    return (
        f"identifier, password, and a code that serves once. {RINGS}: {code}\n"
        "a stranger learns not even whether there is an account"
    )


def doctor_signs_in(story: Story) -> str:
    """By card; one of the hospital's staff is refused, which may deposit and never read (R7)."""
    actors = story.actors
    told = card_refused(actors.url, actors.machines, STAFF.issued(actors.authority))
    expect("dépose et ne lit pas" in told.text, "A card of staff is not told why it is refused.")
    actors.professional("doctor")
    return (
        f"the card of {CARDS['doctor'].number}, and which of his two places he acts in; the others of the "
        "story come the same way.\na card of the hospital's staff is refused: it deposits and does not read"
    )


def _post(browser: Browser, path: str, **fields: str) -> httpx.Response:
    return browser.send(browser.get(path).form(path), **fields)


def _found(form: re.Pattern[str], text: str) -> str:
    match = form.search(text)
    expect(match is not None, "Something that must be there is missing.")
    assert match is not None
    return match[0]
