"""A patient signs in at the door: first visit, password and code, and what the pages show then (R4)."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.entering import PASSWORD, Door, Person, door, eventually, text_of
from tests.integration.pages import Browser, Page
from tests.integration.support import new_ins
from tests.services.warm import run


@pytest.fixture(scope="module")
def at_door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with door(tmp_path_factory.mktemp("door")) as found:
        yield found


@pytest.fixture
def person(at_door: Door) -> Person:
    return at_door.person()


@pytest.mark.requirement("R4")
def test_a_patient_signs_in_with_identifier_password_and_code(person: Person) -> None:
    browser = person.enter()
    page = browser.get("/")
    assert page.headings[0] == (1, "Mes documents")
    assert browser.http.post("/sign-out", data=page.form("/sign-out").fields).status_code == 303
    assert browser.get("/choix", 403)


@pytest.mark.requirement("R4", "R54")
def test_a_patient_reads_in_the_own_history_when_she_signed_in(at_door: Door) -> None:
    """The log is told within seconds, and of tries at the account as well."""
    person = at_door.person()
    assert person.knock(person.browser(), "un autre mot de passe").status_code == 403
    browser, first = person.enter(), "Première connexion depuis cet appareil"
    text = eventually(lambda: browser.get("/consultations?qui=tous").text, first)
    assert "Connexion à votre espace" in text and "Choix d'un mot de passe" in text
    counted = "coffre_door_events_this_hour"
    found = at_door.coffre.http.get("/metrics").text
    assert f'{counted}{{event="signed_in"}}' in found and "coffre_door_threshold_passed{" not in found
    told = at_door.command("status", "--json")
    assert json.loads(told)["doors"]["signed_in"] >= 1


@pytest.mark.requirement("R4")
def test_identifier_and_first_code_leave_by_two_ways(at_door: Door) -> None:
    person = at_door.person(has_password=False)
    (message,) = person.arrived()
    assert person.code in message
    assert person.identifier not in message


def test_before_the_first_visit_there_is_no_password(at_door: Door) -> None:
    person = at_door.person(has_password=False)
    assert person.knock(person.browser()).status_code == 403
    assert person.choose().headers["location"] == "/sign-in?fait=chosen"
    person.enter()


def test_nothing_is_opened_without_consent(at_door: Door) -> None:
    person = at_door.person(has_password=False)
    refused = person.choose(terms="non")
    assert refused.status_code == 400
    assert "Cochez la case" in text_of(refused)
    assert person.choose().status_code == 303, "the code was not used up"


def test_the_first_code_serves_once(at_door: Door) -> None:
    person = at_door.person()
    assert person.choose(password="un autre mot de passe").status_code == 403


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("court", "au moins 12"),
        ("a" * 129, "au plus 128"),
        ("abababababab", "Les voleurs"),
        ("Motdepasse2026!", "Les voleurs"),
    ],
)
def test_a_poor_password_is_refused_with_the_reason(at_door: Door, password: str, said: str) -> None:
    person = at_door.person(has_password=False)
    refused = person.choose(password=password)
    assert refused.status_code == 400
    assert said in text_of(refused)


@pytest.mark.requirement("R4")
def test_unknown_and_known_accounts_are_answered_alike(person: Person) -> None:
    pages = []
    for identifier in (person.identifier, "AAAAA-AAAAA"):
        browser = person.browser()
        answer = person.knock(browser, "pas le bon mot de passe", identifier)
        page = Page(answer.text)
        page.form("/sign-in").fields.pop("csrf")
        pages.append((answer.status_code, page.text, sorted(answer.headers)))
    assert pages[0] == pages[1]
    assert pages[0][0] == 403
    assert len(person.arrived()) == 1, "nobody is written to for a wrong password"


@pytest.mark.requirement("R4")
def test_a_code_is_good_in_the_browser_alone_that_asked(person: Person) -> None:
    asking, other = person.browser(), person.browser()
    assert person.knock(asking).status_code == 303
    code = person.code_after(1)
    assert person.knock(other).status_code == 303
    assert person.give(other, code).status_code == 422
    assert person.give(asking, code).status_code == 303


@pytest.mark.requirement("R4")
def test_a_code_serves_once_and_a_newer_one_ends_it(person: Person) -> None:
    browser = person.browser()
    assert person.knock(browser).status_code == 303
    first = person.code_after(1)
    assert person.knock(browser).status_code == 303
    assert person.give(browser, first).status_code == 422
    second = person.code_after(2)
    assert person.give(browser, second).status_code == 303
    assert person.give(browser, second).status_code == 422


@pytest.mark.requirement("R4")
def test_five_wrong_codes_end_the_code(person: Person) -> None:
    browser = person.browser()
    assert person.knock(browser).status_code == 303
    code = person.code_after(1)
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    assert [person.give(browser, wrong).status_code for _ in range(5)] == [422] * 5
    assert person.give(browser, code).status_code in (422, 429)


def test_the_holder_is_told_of_a_new_device_once(person: Person) -> None:
    browser = person.enter()
    assert "nouvel appareil" in person.mail.wait_for(person.address, 3)[2].get_content()
    browser.http.cookies.delete("coffre")
    person.enter(browser)
    assert len(person.arrived()) == 4, "the same browser is no news"


def test_sessions_are_listed_and_ended_at_once_everywhere(person: Person) -> None:
    here, there = person.enter(), person.enter()
    page = here.get(here.get("/").link("Mes connexions"))
    assert page.text.count("Connecté depuis") == 2
    assert "une connexion vous est signalée" in page.text
    assert there.get("/choix")
    ending = [form for form in page.forms if form.action == "/sign-in/sessions/end"]
    all_others = next(form for form in ending if "session" not in form.fields)
    assert here.send(all_others).status_code == 303
    assert there.get("/choix", 403)
    assert here.get("/choix")


def test_nobody_ends_anothers_session(at_door: Door, person: Person) -> None:
    other = at_door.person()
    theirs, mine = other.enter(), person.enter()
    listed = mine.get("/sign-in/sessions")
    assert listed.text.count("Connecté depuis") == 1
    person.enter()
    form = next(form for form in mine.get("/sign-in/sessions").forms if "session" in form.fields)
    with other.coffre.system() as system, system.accounts.reading() as tx:
        sessions = {row["session_id"] for row in tx.find("session")}
    for session_id in sessions:
        mine.send(form, session=str(session_id))
    assert theirs.get("/choix")


def test_a_letter_that_was_asked_for_leads_to_a_new_password(at_door: Door, person: Person) -> None:

    signed_in = person.enter()
    browser = person.browser()
    answers = []
    for identifier in (person.identifier, "AAAAA-AAAAA"):
        form = browser.get("/sign-in/recover").form("/sign-in/recover")
        answer = browser.send(form, identifier=identifier)
        answers.append((answer.status_code, answer.headers["location"]))
    assert answers[0] == answers[1] == (303, "/sign-in?fait=asked")
    folder = at_door.coffre.data.parent / f"letters-{person.patient.ins}"
    assert json.loads(at_door.command("account", "letters", "--out", str(folder), "--json"))["letters"] == 1
    assert json.loads(at_door.command("account", "letters", "--out", str(folder), "--json"))["letters"] == 0
    (file,) = folder.glob("letter-*.json")
    letter = json.loads(file.read_text())
    assert letter["recipient"].startswith(person.patient.ins)
    person.code = letter["code"]
    assert person.choose(password="un tout autre secret").status_code == 303
    assert signed_in.get("/choix", 403), "what was signed in before is ended"
    assert person.knock(person.browser(), PASSWORD).status_code == 403
    assert person.knock(person.browser(), "un tout autre secret").status_code == 303


@pytest.mark.requirement("R4")
def test_a_patient_whose_mailbox_is_lost_gives_a_new_one_with_the_letter(at_door: Door) -> None:
    person, folder = at_door.person(), at_door.coffre.data.parent / "lost-mailbox"
    at_door.command("account", "letter", person.patient.ins, "--out", str(folder))
    person.code = json.loads(folder.read_text())["code"]
    old, new, browser = person.address, f"nouvelle-{person.address}", person.browser()
    answer = person.choose(browser, "un tout autre secret", contact=new)
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        "/sign-in/contact/code?fait=letter_chosen",
    )
    page = browser.get(answer.headers["location"])
    assert "Votre mot de passe est choisi." in page.text
    person.address = new
    code = person.code_after(0)
    wrong = browser.send(page.form("/sign-in/contact/code"), code=f"{(int(code) + 1) % 10**6:06d}")
    assert wrong.status_code == 422 and "relisez-le" in text_of(wrong)
    answer = browser.send(page.form("/sign-in/contact/code"), code=code)
    assert answer.headers["location"] == "/sign-in?fait=contact_by_letter"
    assert person.knock(browser, "un tout autre secret").status_code == 303
    assert person.give(browser, person.code_after(1)).status_code == 303
    assert browser.get("/choix")
    told = [message.get_content() for message in person.mail.to(old)]
    assert "n'arrivent plus ici" in told[-1] and new not in "".join(told)
    changed = "Changement de l'adresse ou du téléphone"
    assert eventually(lambda: browser.get("/consultations?qui=tous").text, changed)


def test_a_patient_changes_the_own_ways_in_from_a_session(at_door: Door) -> None:
    person = at_door.person()
    assert person.browser().http.get("/sign-in/password").headers["location"] == (
        "/sign-in?next=/sign-in/password"
    )
    stranger = person.browser().http.get("/sign-in/contact")
    assert stranger.headers["location"] == "/sign-in?next=/sign-in/contact"
    browser, other = person.enter(), person.enter()
    page = browser.get("/sign-in/sessions")
    assert page.link("Changer mon mot de passe") and page.link("Changer où arrivent mes codes")
    form, new = browser.get("/sign-in/password").form("/sign-in/password"), "un tout autre secret"
    wrong = browser.send(form, present="pas le bon du tout", password=new, again=new)
    assert wrong.status_code == 403
    differ = browser.send(form, present=PASSWORD, password=new, again=PASSWORD)
    assert differ.status_code == 400 and "ne sont pas les mêmes" in text_of(differ)
    assert browser.send(form, present=PASSWORD, password=new, again=new).status_code == 303
    assert browser.get("/choix") and other.get("/choix", 403)
    page = browser.submit(browser.get("/sign-in/contact").form("/sign-in/contact"), 422, contact="rien")
    assert "Cette adresse n'est pas juste" in page.text
    moved = f"autre-{person.address}"
    answer = browser.send(browser.get("/sign-in/contact").form("/sign-in/contact"), contact=moved)
    assert answer.headers["location"] == "/sign-in/contact/code"
    person.address = moved
    form = browser.get("/sign-in/contact/code").form("/sign-in/contact/code")
    answer = browser.send(form, code=person.code_after(0))
    assert answer.headers["location"] == "/sign-in/sessions?fait=contact"
    assert "nouvelle adresse" in browser.get(answer.headers["location"]).text


@pytest.mark.requirement("R4")
def test_a_code_by_message_ends_the_wait_of_a_new_browser_under_attack(person: Person) -> None:
    stranger = person.browser()
    for number in range(8):
        stranger.http.headers["X-Forwarded-For"] = f"203.0.113.{number}"
        answer = person.knock(stranger, "un autre mot de passe")
    assert answer.status_code == 429
    browser, unknown = person.browser(), person.browser()
    assert "/sign-in/browser" in person.knock(browser).text
    asked = [
        (answer.status_code, answer.headers["location"])
        for each, identifier in ((browser, person.identifier), (unknown, "AAAAA-AAAAA"))
        for form in [each.get("/sign-in/browser").form("/sign-in/browser/send")]
        for answer in [each.send(form, identifier=identifier)]
    ]
    assert asked[0] == asked[1] == (303, "/sign-in/browser?fait=browser_asked")
    text = person.mail.wait_for(person.address, 2)[1].get_content()
    code = re.search(r"\b(?:[0-9A-Z]{4}-){2}[0-9A-Z]{4}\b", text)
    assert code is not None and person.identifier not in text
    form = browser.get("/sign-in/browser").form("/sign-in/browser")
    wrong = browser.send(form, identifier=person.identifier, code="0000-0000-0000")
    assert wrong.status_code == 403 and "code du message" in text_of(wrong)
    assert browser.send(form, identifier=person.identifier, code=code[0]).status_code == 303
    assert person.enter(browser).get("/choix")


def test_a_letter_that_has_no_place_ends_no_code_and_opens_no_account(at_door: Door, tmp_path: Path) -> None:
    person, ins, taken = at_door.person(has_password=False), new_ins(), tmp_path / "letter.json"
    taken.write_text("of somebody else")
    opening = ("open", ins, "--email", "a@example.fr", "--letter")
    for words in (("letter", person.patient.ins, "--out"), opening):
        for place, code in ((taken, "out_exists"), (tmp_path / "none/letter.json", "no_access")):
            ended = run("account", *words, place, "--data", at_door.coffre.data, env=at_door.settings())
            assert ended.returncode in (1, 2) and ended.stderr.startswith(f"{code}: ")
    assert taken.read_text() == "of somebody else"
    assert person.choose().status_code == 303, "the code of before is good"
    assert "identifier: " in at_door.command("account", *opening, str(tmp_path / "other.json"))


@pytest.mark.parametrize(
    ("asked", "leads_to"),
    [
        ("/consultations", "/consultations"),
        ("/dossier/0192%3Fmode%3Dnormal", "/"),
        ("//evil.example", "/"),
        ("/%5Cevil.example", "/"),
        ("https://evil.example/", "/"),
        ("/sign-out", "/"),
        ("javascript:alert(1)", "/"),
    ],
)
def test_a_sign_in_leads_back_to_our_pages_alone(at_door: Door, asked: str, leads_to: str) -> None:
    page = Browser(at_door.coffre).get(f"/sign-in?next={asked}")
    found = page.form("/sign-in").fields["next"]
    assert found == leads_to or (asked.startswith("/dossier") and found == "/dossier/0192?mode=normal")


def test_an_expired_session_brings_back_to_where_one_was(person: Person) -> None:
    browser = person.browser()
    page = browser.get("/consultations", 403)
    assert page.link("Se connecter") == "/sign-in?next=/consultations"
    person.enter(browser, next="/consultations")


def test_the_first_page_leads_to_the_door(at_door: Door) -> None:
    assert Browser(at_door.coffre).get("/").link("Se connecter").startswith("/sign-in")


def test_the_key_of_the_sign_in_is_written_out_for_the_vault(at_door: Door) -> None:
    out = at_door.coffre.data.parent / "sign-in.pub"
    told = at_door.command("signin", "key", "--out", str(out))
    with at_door.coffre.system() as system:
        assert out.read_text().strip() == system.identity.authority_public.hex(), "in a demo, the demo's"
    assert "coffre issuers add coffre-demo-authority" in told
    assert at_door.command("signin", "key", "--out", str(out)) == told, "said again it is the same"
    out.write_text("a key of somebody's")
    ended = run("signin", "key", "--out", out, "--data", at_door.coffre.data, env=at_door.settings())
    assert ended.returncode == 2 and ended.stderr.startswith("out_exists: ")
    assert out.read_text() == "a key of somebody's"
