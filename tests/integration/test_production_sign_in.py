"""Production: two operators have the vault accept the door once, and a patient signs in and reads."""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from coffre.demonstration.doors.machines import environment_of
from keyvault.credentials.proving import ProofKey
from keyvault.crypto.signing import new_signing_key
from records.people.identity import INS_NIR
from records.vocabulary.codes import Role
from tests import directory, igc
from tests.integration.entering import FROM, PASSWORD, eventually
from tests.integration.pages import Page
from tests.integration.running import process
from tests.integration.support import DOCTOR, PRACTICE, new_ins, problem
from tests.integration.test_production import ISSUER, ORIGIN, TRAITS, Production, production_in
from tests.services.mail import Mail, mail_server
from tests.services.processes import free_port
from tests.services.sms import Gateway, sms_gateway

MACHINES = "https://machines.coffre.example"
ADDRESS, TELEPHONE = "zoe@example.fr", "+33639980123"


class BehindTls:
    """A browser that speaks TLS with a proxy, which ends it: cookies are secure, and kept here by hand."""

    def __init__(self, url: str) -> None:
        self._url, self.cookies = url, dict[str, str]()

    def ask(self, method: str, path: str, fields: dict[str, str] | None = None) -> httpx.Response:
        held = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = httpx.request(
            method,
            self._url + path,
            data=fields,
            headers={"Cookie": held, "Origin": ORIGIN, "Accept": "text/html"},
            timeout=60,
        )
        for set_cookie in answer.headers.get_list("set-cookie"):
            assert "Secure" in set_cookie and "HttpOnly" in set_cookie and "SameSite=lax" in set_cookie
            name, _, value = set_cookie.partition(";")[0].partition("=")
            assert name.startswith("__Host-")
            self.cookies[name] = value
        return answer

    def send(self, path: str, **fields: str) -> httpx.Response:
        form = Page(self.ask("GET", path).text).form(path)
        return self.ask("POST", path, form.fields | fields)


@dataclass(frozen=True)
class Place:
    """A production that is served, and where its messages arrive."""

    made: Production
    mail: Mail
    sms: Gateway
    url: str
    cards: igc.Authority


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("production-door")
    made, cards = production_in(folder), igc.Authority("IGC", now=datetime.now(UTC))
    trusted = environment_of(cards.publish(folder))
    made.env |= {
        "COFFRE_MACHINES_URL": MACHINES,
        "COFFRE_CERTIFICATES_SOCKET": str(folder / "certificates.sock"),
        **trusted,
    }
    with mail_server(folder / "mail") as mail, sms_gateway(folder / "sms") as sms:
        made.env |= {"COFFRE_NOTICES_URL": mail.url, "COFFRE_NOTICES_FROM": FROM, "COFFRE_SMS_URL": sms.url}
        assert made.run("init", "--data", made.data).returncode == 0
        port = free_port()
        with (
            process("vault", "serve", "--data", str(made.data), env=made.env),
            process("serve", "--data", str(made.data), "--port", str(port), env=made.env),
        ):
            yield Place(made, mail, sms, f"http://127.0.0.1:{port}", cards)


def done(made: Production, *words: object) -> str:
    ended = made.run(*words, "--data", made.data)
    assert ended.returncode == 0, ended.stderr
    return str(ended.stdout)


@pytest.fixture(scope="module")
def accepted(place: Place) -> Place:
    """Two operators had the vault accept what the sign-in says of patients and of professionals."""
    made, key = place.made, place.made.folder / "sign-in.pub"
    done(made, "signin", "key", "--out", key)
    both = ("--operator", made.operator("alice"), "--second-operator", made.operator("bob"))
    said = ("--key", key, "--role", "patient", "--role", "professional", "--until", "2099-01-01", "--yes")
    done(made, "issuers", "add", "coffre-sign-in", *said, "--beside", ISSUER, *both)
    return place


@pytest.mark.requirement("R4")
def test_a_patient_signs_in_once_two_operators_accepted_the_door(accepted: Place) -> None:
    made, mail, url = accepted.made, accepted.mail, accepted.url
    ins = new_ins()
    done(made, "record", "open", ins, *TRAITS, "--operator", made.operator())

    opened = done(made, "account", "open", f"{ins}|{INS_NIR}", "--email", ADDRESS, "--json")
    identifier = json.loads(opened)["identifier"]
    (first,) = mail.wait_for(ADDRESS)
    code = re.search(r"\b(?:[0-9A-Z]{4}-){2}[0-9A-Z]{4}\b", first.get_content())
    assert code is not None
    browser = BehindTls(url)
    chosen = {"identifier": identifier, "password": PASSWORD, "again": PASSWORD, "terms": "oui"}
    assert browser.send("/sign-in/letter", code=code[0], **chosen).status_code == 303
    assert browser.send("/sign-in", identifier=identifier, password=PASSWORD).status_code == 303
    digits = re.search(r"\b[0-9]{6}\b", mail.wait_for(ADDRESS, 2)[1].get_content())
    assert digits is not None
    assert browser.send("/sign-in/code", code=digits[0]).status_code == 303

    page = Page(browser.ask("GET", "/").text)
    assert page.headings[0] == (1, "Mes documents"), page.text
    assert browser.ask("GET", "/consultations").status_code == 200
    assert browser.ask("GET", "/sign-in/sessions").status_code == 200


def shown(place: Place, address: str, card: igc.Issued) -> httpx.Response:
    """As the proxy hands a card over that it has verified at an address of the name of machines."""
    transport = httpx.HTTPTransport(uds=str(place.made.folder / "certificates.sock"))
    headers = {"Client-Cert": igc.header_value(card.der).decode()}
    with httpx.Client(transport=transport, base_url="http://proxy", timeout=60) as proxy:
        return proxy.get(address.removeprefix(MACHINES), headers=headers)


@pytest.mark.requirement("R5")
def test_a_professional_signs_in_by_card_reads_and_is_led_to_the_door_once_withdrawn(
    accepted: Place, tmp_path: Path
) -> None:
    made, browser = accepted.made, BehindTls(accepted.url)
    (tmp_path / "directory.csv").write_text(directory.file(directory.line()))
    done(made, "directory", "import", tmp_path / "directory.csv")
    page = Page(browser.ask("GET", "/sign-in?next=/mes-consultations").text)
    way = page.link("Se connecter avec ma carte CPS")

    def back(card: igc.Issued) -> httpx.Response:
        left = browser.ask("GET", way).headers["location"]
        assert left.startswith(f"{MACHINES}/")
        led = shown(accepted, left, card).headers["location"]
        assert led.startswith(f"{ORIGIN}/")
        return browser.ask("GET", led.removeprefix(ORIGIN))

    assert back(igc.Authority(now=datetime.now(UTC)).card()).status_code == 403, "a card for tests"
    assert back(accepted.cards.card()).headers["location"] == "/mes-consultations"
    page = Page(browser.ask("GET", "/").text)
    assert f"Claire MARTIN, RPPS {DOCTOR}, CABINET DES LILAS, ROUEN" in page.text
    assert browser.ask("GET", "/mes-consultations").status_code == 200

    withdrawn = ("--subject", DOCTOR, "--operator", made.operator(), "--yes")
    done(made, "identity", "withdraw", *withdrawn)
    answer = browser.ask("GET", "/mes-consultations")
    page = Page(answer.text)
    assert answer.status_code == 403
    assert page.link("Se connecter") == "/sign-in?next=/mes-consultations"


@pytest.mark.requirement("R4")
def test_codes_reach_the_telephone_of_who_chose_that(place: Place) -> None:
    opened = done(place.made, "account", "open", f"{new_ins()}|{INS_NIR}", "--telephone", TELEPHONE, "--json")
    (first,) = place.sms.wait_for(TELEPHONE)
    code = re.search(r"\b(?:[0-9A-Z]{4}-){2}[0-9A-Z]{4}\b", first)
    assert code is not None
    identifier = json.loads(opened)["identifier"]
    browser = BehindTls(place.url)
    chosen = {"identifier": identifier, "password": PASSWORD, "again": PASSWORD, "terms": "oui"}
    assert browser.send("/sign-in/letter", code=code[0], **chosen).status_code == 303
    assert browser.send("/sign-in", identifier=identifier, password=PASSWORD).status_code == 303
    digits = re.search(r"\b[0-9]{6}\b", place.sms.wait_for(TELEPHONE, 2)[1])
    assert digits is not None
    assert browser.send("/sign-in/code", code=digits[0]).status_code == 303


@pytest.mark.requirement("R4")
def test_a_professional_opens_an_account_with_a_signed_request_alone(place: Place) -> None:
    made, mail, url = place.made, place.mail, place.url
    key, ins, address = ProofKey(new_signing_key()[0]), f"{new_ins()}|{INS_NIR}", "lea@example.fr"
    claims = {"rpps": DOCTOR, "profession": "10", "structure": PRACTICE, "sector": "SA07"}

    def sent(contact: str, *, bound: bool) -> httpx.Response:
        cnf = {"cnf": {"jkt": key.thumbprint}} if bound else {}
        token = made.token(Role.PROFESSIONAL, DOCTOR, **claims, **cnf)
        body = json.dumps({"ins": ins, "contact": contact, "identity_checked": True}).encode()
        proof = {"DPoP": key.proof(token, "POST", f"{ORIGIN}/accounts", body=body)} if bound else {}
        headers = {"Authorization": f"{'DPoP' if bound else 'Bearer'} {token}", **proof}
        json_headers = {**headers, "Content-Type": "application/json"}
        return httpx.post(f"{url}/accounts", content=body, headers=json_headers, timeout=60)

    assert problem(sent(address, bound=False)) == "possession_required"
    answer = sent(address, bound=True)
    assert answer.status_code == 201, answer.text
    (first,) = mail.wait_for(address)
    assert answer.json()["identifier"] not in first.get_content()


def test_the_sign_in_s_key_is_changed_with_nobody_signed_out(tmp_path: Path) -> None:
    """Only once the vault accepts the next one for all that the present one says."""
    made = production_in(tmp_path)
    done(made, "init")
    private, first, second = made.data / "sign-in/issuer.key", tmp_path / "first.pub", tmp_path / "second.pub"

    def accepted(key: Path, *roles: str, claims: tuple[str, ...] = ()) -> None:
        both = ("--operator", made.operator("alice"), "--second-operator", made.operator("bob"))
        named = [word for role in roles for word in ("--role", role)]
        named += [word for claim in claims for word in ("--claim", claim)]
        said = ("--key", key, *named, "--until", "2099-01-01", "--beside", ISSUER, "--yes")
        done(made, "issuers", "add", "coffre-sign-in", *said, *both)

    def refused() -> str:
        ended = made.run("signin", "change-key", "--yes", "--data", made.data)
        assert ended.returncode == 1
        return ended.stderr.partition(":")[0]

    with process("vault", "serve", "--data", str(made.data), env=made.env):
        done(made, "signin", "key", "--out", first)
        accepted(first, "patient", "professional")
        assert refused() == "no_next_key"
        done(made, "signin", "key", "--next", "--out", second)
        done(made, "signin", "key", "--next", "--out", second)
        with process("housekeeper", "--data", str(made.data), env=made.env):
            assert refused() == "key_not_accepted"
            accepted(second, "patient", "professional", claims=("ins",))
            eventually(refused, "next_key_narrow")
            assert refused() == "no_next_key", "it is thrown away, since a key is added once"
            second.unlink()
            done(made, "signin", "key", "--next", "--out", second)
            accepted(second, "patient", "professional")
            before = private.read_text()
            deadline = time.monotonic() + 30
            while made.run("signin", "change-key", "--yes", "--data", made.data).returncode:
                assert time.monotonic() < deadline, "the housekeeper tells the index of issuers"
        assert private.read_text() != before
        done(made, "signin", "key", "--out", tmp_path / "now.pub")
        assert (tmp_path / "now.pub").read_text() == second.read_text() != first.read_text()
        assert refused() == "no_next_key"
