"""Accounts are opened by professionals, over HTTP and on a page, and online; the first visit follows (R4)."""

import json
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from coffre.demo_authority.identities import Identities
from keyvault.credentials.possession_proof import body_digest, public_jwk, thumbprint
from keyvault.credentials.proving import ProofKey
from keyvault.crypto.signing import new_signing_key
from records.vocabulary.account_openers import OPENERS
from sign_in.accounts.tries import OPENINGS
from tests.integration.commands import COFFRE
from tests.integration.entering import Door, Person, door, eventually, text_of
from tests.integration.pages import Browser, Page
from tests.integration.support import DOCTOR, PRACTICE, Patient, bearer, new_ins, problem

CODE = re.compile(r"\b(?:[0-9A-Z]{4}-){2}[0-9A-Z]{4}\b")
IDENTIFIER = re.compile(r"\b[0-9A-Z]{5}-[0-9A-Z]{5}\b")


@pytest.fixture(scope="module")
def at_door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with door(tmp_path_factory.mktemp("opening")) as found:
        yield found


@pytest.fixture
def patient(at_door: Door) -> Patient:
    return at_door.coffre.open_record()


def rpps() -> str:
    """Of a professional who has opened nothing yet."""
    return f"8{time.time_ns() % 10**11:011d}"


def asked(patient: Patient, **more: Any) -> dict[str, Any]:
    contact = f"{patient.ins}@example.fr"
    return {"ins": patient.ins, "contact": contact, "identity_checked": True, **more}


def post(at_door: Door, token: str, body: dict[str, Any]) -> httpx.Response:
    return at_door.coffre.http.post("/accounts", json=body, headers=bearer(token))


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, problem(answer)


def own_lines(at_door: Door, token: str) -> str:
    """What a professional reads of what he did, but instants and leaves."""
    log = at_door.coffre.http.get("/me/access-log", headers=bearer(token)).json()
    lines = [
        {name: value for name, value in each.items() if name not in ("time", "leaf")}
        for each in log["events"]
    ]
    return json.dumps([each for each in lines if each["action"] == "sign_in"])


def letters(at_door: Door, folder: Path) -> dict[str, dict[str, str]]:
    """What the host prints, by the matricule of whom it is for."""
    at_door.command("account", "letters", "--out", str(folder))
    found = [json.loads(file.read_text()) for file in folder.glob("letter-*.json")]
    return {each["recipient"].partition("|")[0]: each for each in found}


def person(at_door: Door, patient: Patient, identifier: str, code: str) -> Person:
    return Person(patient, at_door.mail, identifier, f"{patient.ins}@example.fr", code)


def sent_code(at_door: Door, patient: Patient) -> str:
    (message,) = at_door.mail.wait_for(f"{patient.ins}@example.fr")
    found = CODE.search(message.get_content())
    assert found is not None
    return found[0]


class TestOverHttp:
    @pytest.mark.requirement("R4")
    def test_identifier_and_first_code_part_and_the_person_signs_in(
        self, at_door: Door, patient: Patient, tmp_path: Path
    ) -> None:
        answer = post(at_door, at_door.coffre.professional(rpps()), asked(patient))
        assert answer.status_code == 201, answer.text
        assert answer.json().keys() == {"identifier", "first_code"}
        assert answer.headers["cache-control"] == "no-store"
        code, identifier = sent_code(at_door, patient), answer.json()["identifier"]
        assert code not in answer.text and identifier not in person(at_door, patient, "", "").arrived()[0]
        somebody = person(at_door, patient, identifier, code)
        assert somebody.choose().status_code == 303
        somebody.enter()
        told = letters(at_door, tmp_path / "letters")[patient.ins]
        assert told["about"] == "opened" and "code" not in told, "the holder is told by post, too"

    @pytest.mark.requirement("R4")
    def test_a_first_code_by_letter_is_printed_by_the_host(
        self, at_door: Door, patient: Patient, tmp_path: Path
    ) -> None:
        answer = post(at_door, at_door.coffre.professional(rpps()), asked(patient, first_code="letter"))
        assert answer.status_code == 201, answer.text
        letter = letters(at_door, tmp_path / "letters")[patient.ins]
        assert letter["about"] == "first_visit"
        somebody = person(at_door, patient, answer.json()["identifier"], letter["code"])
        assert somebody.arrived() == []
        assert somebody.choose().status_code == 303
        somebody.enter()

    def test_the_patient_reads_who_opened_it(self, at_door: Door, patient: Patient) -> None:
        number = rpps()
        answer = post(at_door, at_door.coffre.professional(number), asked(patient))
        somebody = person(at_door, patient, answer.json()["identifier"], sent_code(at_door, patient))
        somebody.choose()
        browser = somebody.enter()
        eventually(lambda: browser.get("/consultations?qui=tous").text, "Ouverture du compte")
        log = at_door.coffre.http.get(
            f"/records/{patient.ins}/access-log", headers=bearer(patient.token)
        ).json()
        assert number in json.dumps(log)

    def test_whoever_opened_it_learns_of_no_record(self, at_door: Door, patient: Patient) -> None:
        """The own log reads alike whether the person has a record, which the professional may not find."""
        found = []
        for ins in (patient.ins, new_ins()):
            token = at_door.coffre.professional(rpps())
            assert post(at_door, token, asked(patient, ins=ins)).status_code == 201
            lines = eventually(lambda: own_lines(at_door, token), "sign_in")  # noqa: B023
            assert str(patient.public_id) not in lines
            found.append(lines)
        assert found[0] == found[1]

    def test_care_professionals_open_accounts(self, at_door: Door) -> None:
        with at_door.coffre.system() as system:
            tokens = [Identities(system).professional(rpps(), each, PRACTICE) for each in OPENERS]
        body = {"contact": "care@example.fr", "identity_checked": True}
        statuses = [post(at_door, each, {**body, "ins": new_ins()}).status_code for each in tokens]
        assert statuses == [201] * len(OPENERS)

    def test_nobody_else_opens_any(self, at_door: Door, patient: Patient) -> None:
        coffre = at_door.coffre
        with coffre.system() as system:
            operator = Identities(system).operator().token
        refused = {
            "patient": patient.token,
            "another patient": coffre.open_record().token,
            "a structure's system": coffre.depositor(),
            "operator": operator,
            "psychologist": coffre.professional(rpps(), profession="93"),
            "laboratory's technician": coffre.professional(rpps(), profession="86"),
            "an insurer's doctor": coffre.professional(rpps(), sector="SA99"),
            "an occupational doctor": coffre.professional(rpps(), sector="SA66"),
        }
        for who, token in refused.items():
            answer = post(at_door, token, asked(patient))
            assert refusal(answer) == (403, "role_not_entitled"), who
        assert refusal(coffre.http.post("/accounts", json=asked(patient))) == (401, "token_missing")
        assert person(at_door, patient, "", "").arrived() == []

    def test_what_is_wrong_is_said_and_opens_nothing(self, at_door: Door, patient: Patient) -> None:
        token = at_door.coffre.professional(rpps())
        for change, status, code in (
            ({"ins": f"{patient.ins[:-1]}{(int(patient.ins[-1]) + 1) % 10}"}, 400, "bad_ins"),
            ({"ins": f"{patient.ins}|1.2.250.1.213.1.4.8"}, 400, "bad_oid"),
            ({"contact": "nobody@"}, 422, "bad_contact"),
            ({"contact": "42"}, 422, "bad_contact"),
            ({"identity_checked": False}, 422, "identity_unchecked"),
            ({"first_code": "printed"}, 422, "bad_request"),
            ({"password": "x"}, 422, "bad_request"),
        ):
            assert refusal(post(at_door, token, asked(patient, **change))) == (status, code)
        assert person(at_door, patient, "", "").arrived() == []

    def test_whoever_was_here_has_one_and_whoever_was_not_may_begin_anew(
        self, at_door: Door, patient: Patient
    ) -> None:
        """A mistaken address keeps nobody out; an account in use is nobody's to take over."""
        token = at_door.coffre.professional(rpps())
        mistaken = post(at_door, token, asked(patient, contact="mistaken@example.fr")).json()["identifier"]
        answer = post(at_door, token, asked(patient))
        assert answer.status_code == 201
        code = sent_code(at_door, patient)
        assert person(at_door, patient, mistaken, code).choose().status_code == 403
        somebody = person(at_door, patient, answer.json()["identifier"], code)
        assert somebody.choose().status_code == 303
        again = post(at_door, token, asked(patient, contact="stranger@example.fr"))
        assert refusal(again) == (409, "account_exists")
        somebody.enter()

    def test_a_professional_opens_so_many_a_day(self, at_door: Door) -> None:
        number, ins = rpps(), new_ins()
        body = {"ins": ins, "contact": "bulk@example.fr", "identity_checked": True}
        with at_door.coffre.system() as system:
            tokens = [
                Identities(system).professional(number, "10", each) for each in (PRACTICE, "1750000009")
            ]
        statuses = [post(at_door, tokens[n % 2], body).status_code for n in range(OPENINGS.free)]
        assert statuses == [201] * OPENINGS.free
        refused = post(at_door, tokens[0], body)
        assert refusal(refused) == (429, "too_many_tries")
        assert int(refused.headers["retry-after"]) >= 1

    def test_who_proved_who_he_is_long_ago_proves_it_again(self, at_door: Door, patient: Patient) -> None:
        old: dict[str, Any] = {"auth_time": int(time.time()) - 3600}
        answer = post(at_door, at_door.coffre.professional(rpps(), **old), asked(patient))
        assert refusal(answer) == (401, "step_up_required")
        assert "insufficient_user_authentication" in answer.headers["www-authenticate"]

    def test_a_credential_bound_to_a_key_signs_the_request_and_it_counts_once(
        self, at_door: Door, patient: Patient
    ) -> None:
        private, public = new_signing_key()
        key, url = ProofKey(private), at_door.coffre.url + "/accounts"
        token = at_door.coffre.professional(rpps(), key=thumbprint(public_jwk(public)))
        body = json.dumps(asked(patient)).encode()
        proof = key.proof(token, "POST", url, body=body)

        def sent(content: bytes, proof: str | None) -> httpx.Response:
            scheme = {"Authorization": f"DPoP {token}", "DPoP": proof} if proof else bearer(token)
            headers = {**scheme, "Content-Type": "application/json"}
            return at_door.coffre.http.post("/accounts", content=content, headers=headers)

        assert refusal(sent(body, None)) == (401, "possession_required")
        other = json.dumps(asked(patient, contact="stranger@example.fr")).encode()
        assert body_digest(other) != body_digest(body)
        assert refusal(sent(other, proof)) == (401, "proof_invalid")
        assert sent(body, proof).status_code == 201
        assert refusal(sent(body, proof)) == (401, "proof_replayed")


class TestOnThePageOfProfessionals:
    def browser(self, at_door: Door, **more: Any) -> Browser:
        return Browser(at_door.coffre).sign_in(at_door.coffre.professional(rpps(), **more))

    @pytest.mark.requirement("R4")
    def test_from_the_record_that_is_open_to_the_first_visit(self, at_door: Door, patient: Patient) -> None:
        patient.authorise(DOCTOR)
        browser = Browser(at_door.coffre).sign_in(at_door.coffre.professional(DOCTOR))
        page = browser.get(browser.get(f"/dossier/{patient.public_id}").link("Ouvrir un compte"))
        assert page.headings[0] == (1, "Ouvrir un compte")
        given = {"ins": f" {patient.ins[:1]} {patient.ins[1:]}", "contact": f"{patient.ins}@example.fr"}
        shown = browser.submit(page.form("/sign-in/accounts"), **given, identity="oui")
        identifier, code = IDENTIFIER.search(shown.text), sent_code(at_door, patient)
        assert identifier is not None and code not in shown.text
        somebody = person(at_door, patient, identifier[0], code)
        assert somebody.choose().status_code == 303
        somebody.enter()

    def test_the_way_there_is_shown_to_those_alone_who_may_go_it(
        self, at_door: Door, patient: Patient
    ) -> None:
        number = rpps()
        patient.authorise(number)
        shown = {}
        for profession, sector in (("10", "SA07"), ("60", "SA01"), ("94", "SA07"), ("35", "SA01")):
            token = at_door.coffre.professional(number, profession=profession, sector=sector)
            browser = Browser(at_door.coffre).sign_in(token)
            shown[profession] = "Ouvrir un compte" in browser.get(f"/dossier/{patient.public_id}").text
            assert browser.get("/sign-in/accounts", 200 if shown[profession] else 403)
        assert shown == {"10": True, "60": True, "94": False, "35": False}

    def test_what_is_wrong_is_said_beside_what_was_typed(self, at_door: Door, patient: Patient) -> None:
        browser = self.browser(at_door)
        form = browser.get("/sign-in/accounts").form("/sign-in/accounts")
        for fields, status, said in (
            ({"ins": "2 77", "contact": "a@example.fr", "identity": "oui"}, 400, "quinze chiffres"),
            ({"ins": patient.ins, "contact": "a@", "identity": "oui"}, 422, "nom@exemple.fr"),
            ({"ins": patient.ins, "contact": "a@example.fr"}, 422, "Vérifiez l'identité"),
        ):
            answer = browser.send(form, **fields)
            page = Page(answer.text)
            assert answer.status_code == status and said in page.text
            form = page.form("/sign-in/accounts")
            assert form.fields["ins"] == fields["ins"] and form.fields["contact"] == fields["contact"]

    def test_patients_and_strangers_are_led_away(self, at_door: Door, patient: Patient) -> None:
        stranger = Browser(at_door.coffre).http.get("/sign-in/accounts")
        assert stranger.headers["location"] == "/sign-in?next=/sign-in/accounts"
        holder = Browser(at_door.coffre).sign_in(patient.token)
        assert "professionnels de santé" in holder.get("/sign-in/accounts", 403).text
        old: dict[str, Any] = {"auth_time": int(time.time()) - 3600}
        answer = self.browser(at_door, **old).http.get("/sign-in/accounts")
        assert answer.headers["location"] == "/sign-in/encore?next=/sign-in/accounts"

    def test_a_form_of_another_site_or_session_opens_nothing(self, at_door: Door, patient: Patient) -> None:
        mine, theirs = self.browser(at_door), self.browser(at_door)
        form = theirs.get("/sign-in/accounts").form("/sign-in/accounts")
        given = {"ins": patient.ins, "contact": f"{patient.ins}@example.fr", "identity": "oui"}
        assert mine.send(form, **given).status_code == 403
        own = mine.get("/sign-in/accounts").form("/sign-in/accounts")
        sent = {**own.fields, **given}
        foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
        assert mine.post("/sign-in/accounts", sent, **foreign).status_code == 403
        assert person(at_door, patient, "", "").arrived() == []


class TestOnline:
    def ask(self, at_door: Door, patient: Patient, contact: str, address: str = "198.51.100.1") -> str:
        """The identifier on the screen."""
        browser = Browser(at_door.coffre)
        browser.http.headers["X-Forwarded-For"] = address
        page = browser.get(browser.get("/sign-in").link("Demander un compte"))
        shown = browser.submit(page.form("/sign-in/open"), ins=patient.ins, contact=contact)
        found = IDENTIFIER.search(shown.text)
        assert found is not None, shown.text
        return found[0]

    @pytest.mark.requirement("R4")
    def test_the_identifier_is_shown_and_the_code_comes_by_letter_alone(
        self, at_door: Door, patient: Patient, tmp_path: Path
    ) -> None:
        contact = f"{patient.ins}@example.fr"
        somebody = person(at_door, patient, self.ask(at_door, patient, contact), "")
        letter = letters(at_door, tmp_path / "letters")[patient.ins]
        assert (letter["about"], somebody.arrived()) == ("online", [])
        somebody.code = letter["code"]
        assert somebody.choose(contact="another@example.fr").status_code == 422
        assert somebody.choose(contact=contact.upper()).status_code == 303
        browser = somebody.enter()
        text = eventually(lambda: browser.get("/consultations?qui=tous").text, "Ouverture du compte")
        assert "Demande d'un compte sur Internet" in text

    def test_a_folder_without_room_loses_no_code(
        self, at_door: Door, patient: Patient, tmp_path: Path
    ) -> None:
        """A file system that takes one file, and two letters to be printed."""
        full, neighbour = tmp_path / "full", at_door.coffre.open_record()
        full.mkdir()
        contact = f"{patient.ins}@example.fr"
        identifier = self.ask(at_door, patient, contact, "198.51.100.2")
        self.ask(at_door, neighbour, contact, "198.51.100.2")
        printing = f"mount -t tmpfs -o nr_inodes=2 none {full} && {COFFRE} account letters --out {full}"
        done = subprocess.run(
            ["unshare", "--mount", "--map-root-user", "sh", "-c", f"{printing}; echo $?; ls {full}"],
            env=at_door.settings() | {"COFFRE_DATA": str(at_door.coffre.data)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.split() == ["1"] and "no_access" in done.stderr, done
        found = letters(at_door, tmp_path / "letters")
        assert neighbour.ins in found
        somebody = person(at_door, patient, identifier, found[patient.ins]["code"])
        assert somebody.choose(contact=contact).status_code == 303

    @pytest.mark.requirement("R4")
    def test_a_holder_and_nobody_are_answered_alike_and_the_holder_is_told(
        self, at_door: Door, tmp_path: Path
    ) -> None:
        somebody, pages = at_door.person(), []
        before = len(somebody.arrived())
        for ins in (somebody.patient.ins, new_ins()):
            browser = somebody.browser()
            form = browser.get("/sign-in/open").form("/sign-in/open")
            answer = browser.send(form, ins=ins, contact="attacker@example.fr")
            text = IDENTIFIER.sub("", text_of(answer))
            pages.append((answer.status_code, text, sorted(answer.headers)))
        assert pages[0] == pages[1] and pages[0][0] == 200
        assert len(somebody.arrived()) == before, "nothing leaves while the stranger waits"
        assert somebody.patient.ins not in letters(at_door, tmp_path / "letters")
        told = somebody.mail.wait_for(somebody.address, before + 1)[before].get_content()
        assert "Vous en avez déjà un" in told
        somebody.enter()

    def test_a_wrong_number_is_said(self, at_door: Door) -> None:
        browser = Browser(at_door.coffre)
        form = browser.get("/sign-in/open").form("/sign-in/open")
        answer = browser.send(form, ins="277079999900168", contact="a@example.fr")
        assert answer.status_code == 400 and "Ce numéro n'est pas juste" in text_of(answer)

    def test_a_form_of_another_site_asks_for_nothing(self, at_door: Door, patient: Patient) -> None:
        browser = Browser(at_door.coffre)
        form = browser.get("/sign-in/open").form("/sign-in/open")
        sent = {**form.fields, "ins": patient.ins, "contact": "a@example.fr"}
        foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
        assert browser.post("/sign-in/open", sent, **foreign).status_code == 403
        assert Browser(at_door.coffre).post("/sign-in/open", sent).status_code == 403
