"""The door under attack: who has an account, guesses from everywhere, sessions fixed, stolen or forged."""

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from ipaddress import ip_network
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from starlette.requests import Request

from keyvault.credentials.account_keys import AccountKeys
from keyvault.credentials.authority import Authority
from keyvault.credentials.password_hashes import PasswordHashes
from records.errors import CoffreError
from records.people.contacts import ContactKind
from records.people.identity import INS
from records.sessions import IDLE_MS, LONGEST_S, OVERLAP_MS, RENEWED_AFTER_MS
from records.vocabulary.codes import Environment
from sign_in.accounts.account import AccountRows
from sign_in.accounts.letters import Letters
from sign_in.accounts.opening import HOST, FirstCode, Opening
from sign_in.accounts.passwords import Passwords
from sign_in.accounts.tries import ACCOUNT, ADDRESS, CODES, DEVICE, NETWORK, TooManyTries
from sign_in.doors.admitting import Admitting
from sign_in.doors.code_requests import CodeRequestDoor
from sign_in.doors.letter import LetterDoor, WrongLetter
from sign_in.doors.password import PasswordDoor, WrongPassword
from sign_in.doors.visitor import Admitted, Visitor
from sign_in.passkeys.passkey import Passkey, Passkeys
from sign_in.sending import Message
from sign_in.sessions.sessions import Sessions
from sign_in.tokens.issuing import TokenIssuer
from sign_in.watching.counts import Counts
from sign_in.watching.events import Noted, Watched
from sign_in.watching.outbox import Outbox
from storage.accounts.tables import ACCOUNTS
from storage.engines.opening import engine_for
from storage.index.store import SqlIndex
from storage.migrations.migrate import upgrade
from storage.vault_store.store import SqlVaultStore
from tests.integration.costs import assert_cost_alike
from tests.integration.entering import PASSWORD, Door, Person, door
from tests.integration.pages import Browser
from tests.integration.support import new_ins
from viewer_api.web.sessions import Sessions as PageSessions

KEYS = AccountKeys(bytes(32))
OID = "1.2.250.1.213.1.4.10"


@dataclass
class Mailbox:
    texts: list[str] = field(default_factory=list)

    def carry(self, message: Message) -> None:
        self.texts.append(message.text)

    def carries(self, kind: ContactKind) -> bool:
        return True


@dataclass
class Seen:
    """Whoever watches the door."""

    events: list[Noted] = field(default_factory=list)

    def note(self, noted: Noted) -> None:
        self.events.append(noted)


class Attacked:
    """A door of its own on SQLite, whose clock is ours, and whose hashes are cheap."""

    def __init__(self, folder: Path, hashes: PasswordHashes) -> None:
        stores = {}
        for branch in ("index", "accounts"):
            stores[branch] = engine_for(f"sqlite:///{folder}/{branch}.db")
            upgrade(stores[branch], branch)  # type: ignore[arg-type]
        self.now, self.mailbox, self.seen = time.time(), Mailbox(), Seen()
        self.holders: dict[str, INS] = {}
        self.index, self.store = SqlIndex(stores["index"]), SqlVaultStore(stores["accounts"], ACCOUNTS)
        keys, passwords = KEYS, Passwords(hashes, lambda _: False)
        issuer = TokenIssuer(Authority(bytes(range(32)), environment=Environment.DEMO), "coffre/demo", {})
        outbox = Outbox(keys, self.clock)
        sessions = self.sessions = Sessions(self.index, issuer, None, outbox, self.clock)
        self.counts, self.outbox = Counts(), outbox
        watched = Watched([self.seen, self.counts])
        admitting = Admitting(keys, sessions, self.mailbox, watched, self.clock)
        self.door = PasswordDoor(self.store, keys, passwords, self.mailbox, admitting, watched, self.clock)
        self.letter = LetterDoor(
            self.store, keys, passwords, sessions, self.mailbox, Seen(), outbox, self.clock
        )
        self.code_requests = CodeRequestDoor(self.store, keys, watched, self.clock)
        self.opening = Opening(self.store, AccountRows(keys), Letters(keys), self.mailbox, outbox, self.clock)
        self.pages = PageSessions(self.index, "http://127.0.0.1:1", Environment.DEMO, self.clock)

    def clock(self) -> float:
        return self.now

    def account(self) -> str:
        """Its identifier; the password is `PASSWORD`."""
        ins = INS(new_ins(), OID)
        opened = self.opening.open(
            ins, ContactKind.EMAIL, "zoe@example.fr", first_code=FirstCode.PRINTED, by=HOST
        )
        assert opened.letter is not None
        self.letter.choose(opened.identifier, opened.letter.code, PASSWORD, visitor())
        self.holders[opened.identifier] = ins
        return opened.identifier

    def enter(self, identifier: str, device: str | None = None, before: str | None = None) -> Admitted:
        who = replace(visitor(device=device), session=before)
        self.door.knock(identifier, PASSWORD, who)
        return self.door.enter(code_in(self.mailbox.texts[-1]), who)


def visitor(address: str | None = None, device: str | None = None) -> Visitor:
    return Visitor(uuid4().hex, device, address or uuid4().hex, "Firefox")


@pytest.fixture
def attacked(tmp_path: Path) -> Attacked:
    return Attacked(tmp_path, PasswordHashes(memory_kib=64, iterations=1))


@pytest.mark.requirement("R4")
def test_no_clock_tells_who_has_an_account(tmp_path: Path) -> None:
    """With a hash so cheap that whatever else is done would show."""
    attacked = Attacked(tmp_path, PasswordHashes(memory_kib=1024, iterations=1))
    whom = {"known": attacked.account(), "unknown": "AAAAA-AAAAA"}

    def pass_time() -> None:
        attacked.now += ACCOUNT.longest_ms / 1000

    def knock(identifier: str) -> None:
        with pytest.raises(WrongPassword):
            attacked.door.knock(identifier, "un autre mot de passe", visitor())

    assert_cost_alike({each: partial(knock, identifier) for each, identifier in whom.items()}, pass_time)
    assert attacked.mailbox.texts == []


@pytest.mark.requirement("R4")
def test_guesses_from_everywhere_are_few_and_the_holders_device_gets_in(attacked: Attacked) -> None:
    """A thousand addresses for an hour: each address is new, the account is the same. How the holder gets in
    from another device meanwhile: test_siege.py.
    """
    identifier = attacked.account()
    own = attacked.enter(identifier).device
    judged = 0
    for _ in range(1000):
        attacked.now += 3.6
        try:
            attacked.door.knock(identifier, "un autre mot de passe", visitor())
        except WrongPassword:
            judged += 1
        except TooManyTries as error:
            assert error.wait_s * 1000 <= ACCOUNT.longest_ms
    assert judged < 60
    assert attacked.enter(identifier, own).session, "its holder's own device waits for nobody"


def test_one_address_does_not_try_every_account(attacked: Attacked) -> None:
    address, judged = "192.0.2.1", 0
    for number in range(200):
        try:
            attacked.door.knock(f"K7QM4-TX{number:03d}", PASSWORD, visitor(address))
        except WrongPassword:
            judged += 1
        except TooManyTries:
            continue
    assert judged == ADDRESS.free
    attacked.enter(attacked.account())


def test_one_network_of_ipv6_does_not_either_from_each_of_its_subscribers(attacked: Attacked) -> None:
    """A /48 is sixty-five thousand networks of one subscriber, and often one customer's."""
    judged = 0
    for number in range(2 * NETWORK.free):
        address = str(ip_network(f"2001:db8:7:{number:x}::/64"))
        try:
            attacked.door.knock(f"K7QM4-TX{number:03d}", PASSWORD, visitor(address))
        except WrongPassword:
            judged += 1
        except TooManyTries:
            continue
    assert judged == NETWORK.free
    with pytest.raises(WrongPassword):
        attacked.door.knock("K7QM4-TX000", PASSWORD, visitor("2001:db8:8::/64"))


def test_a_stranger_at_the_same_address_keeps_no_known_browser_out(attacked: Attacked) -> None:
    identifier, address = attacked.account(), "192.0.2.1"
    own = attacked.enter(identifier).device
    with pytest.raises(TooManyTries):
        for number in range(ADDRESS.free + 1):
            with suppress(WrongPassword):
                attacked.door.knock(f"K7QM4-TX{number:03d}", PASSWORD, visitor(address))
    attacked.door.knock(identifier, PASSWORD, visitor(address, own))
    for _ in range(ADDRESS.free):
        attacked.now += DEVICE.longest_ms / 1000
        with pytest.raises(WrongPassword):
            attacked.door.knock(identifier, "un autre mot de passe", visitor("192.0.2.2", own))
    with pytest.raises(WrongPassword):
        attacked.door.knock("K7QM4-TX000", PASSWORD, visitor("192.0.2.2"))


def test_events_name_one_account_alike_and_nobody(attacked: Attacked) -> None:
    identifier = attacked.account()
    attacked.enter(identifier)
    with pytest.raises(WrongPassword):
        attacked.door.knock(identifier, "un autre mot de passe", visitor("192.0.2.1"))
    events = attacked.seen.events
    assert [noted.event.value for noted in events] == [
        "password_right",
        "signed_in",
        "new_device",
        "password_wrong",
    ]
    assert len({noted.who for noted in events}) == 1 and events[-1].address == "192.0.2.1"
    assert identifier.replace("-", "") not in str(events)


def code_in(text: str) -> str:
    return next(word for word in text.split() if word.isdigit() and len(word) == 6)


def test_whoever_knows_a_password_floods_nobody_with_codes(attacked: Attacked) -> None:
    """A day of knocking from everywhere: few messages leave, and the holder's own device waits for none."""
    identifier = attacked.account()
    own = attacked.enter(identifier).device
    attacked.mailbox.texts.clear()
    for _ in range(24 * 30):
        attacked.now += 120
        with suppress(TooManyTries):
            attacked.door.knock(identifier, PASSWORD, visitor())
    assert len(attacked.mailbox.texts) <= 45
    assert attacked.enter(identifier, own).session
    lost = attacked.opening.letter(attacked.holders[identifier])
    attacked.letter.choose(identifier, lost.code, PASSWORD, visitor())
    assert attacked.enter(identifier).session, "a new password ends the wait"


def test_a_sign_in_that_began_with_the_old_password_ends_with_it(attacked: Attacked) -> None:
    identifier, thief = attacked.account(), visitor()
    attacked.door.knock(identifier, PASSWORD, thief)
    code = code_in(attacked.mailbox.texts[-1])
    lost = attacked.opening.letter(attacked.holders[identifier])
    attacked.letter.choose(identifier, lost.code, "une autre phrase de passe", visitor())
    with pytest.raises(CoffreError):
        attacked.door.enter(code, thief)


def test_nobody_keeps_the_holder_of_a_letter_waiting(attacked: Attacked) -> None:
    """Wrong codes from everywhere, for an account and for none: each is answered alike."""
    identifier = attacked.account()
    lost = attacked.opening.letter(attacked.holders[identifier])
    for known in (identifier, "AAAAA-AAAAA"):
        for _ in range(20):
            with pytest.raises(WrongLetter):
                attacked.letter.choose(known, "0000-0000-0000", "une autre phrase de passe", visitor())
    attacked.letter.choose(identifier, lost.code, "une autre phrase de passe", visitor())


def test_codes_in_place_of_a_passkey_wait_like_all_others(attacked: Attacked) -> None:
    identifier, passkeys = attacked.account(), Passkeys(KEYS)
    with attacked.store.writing() as tx:
        account = AccountRows(KEYS).of_identifier(tx, identifier)
        assert account is not None
        made = {"credential": b"c", "public": b"p", "count": 0, "verifies": True, "label": "x", "made_at": 1}
        passkeys.add(tx, Passkey(account_id=account.account_id, **made))  # type: ignore[arg-type]
    with pytest.raises(TooManyTries):
        for _ in range(CODES.free + 1):
            who = visitor()
            attacked.door.knock(identifier, PASSWORD, who)
            attacked.door.send_code(who)
    assert len([text for text in attacked.mailbox.texts if "code pour vous connecter" in text]) == CODES.free


def request_with(code: str) -> Request:
    return Request(
        {"type": "http", "method": "GET", "path": "/", "headers": [(b"cookie", f"coffre={code}".encode())]}
    )


def test_a_session_goes_on_under_new_codes_and_an_old_one_is_soon_worth_nothing(attacked: Attacked) -> None:
    stolen = attacked.enter(attacked.account()).session
    attacked.now += RENEWED_AFTER_MS / 1000
    first = attacked.pages.session(stolen)
    assert first is not None
    renewed = attacked.pages.keep(first, may_renew=True)
    assert renewed.is_renewed and renewed.code != stolen and renewed.forms == first.forms
    assert attacked.pages.current(request_with(stolen)) is not None, "a request under way carries it"
    attacked.now += OVERLAP_MS / 1000 + 1
    assert attacked.pages.session(stolen) is None
    assert attacked.pages.session(renewed.code) is not None


def test_a_browser_that_signs_in_again_leaves_no_session_behind(attacked: Attacked) -> None:
    """Of whoever used it before, or of a thief who has its code."""
    left = attacked.enter(attacked.account())
    here = attacked.enter(attacked.account(), before=left.session)
    assert attacked.pages.session(left.session) is None
    assert attacked.pages.session(here.session) is not None


def test_a_session_that_nobody_uses_is_over(attacked: Attacked) -> None:
    code = attacked.enter(attacked.account()).session
    for _ in range(3):
        attacked.now += IDLE_MS / 1000 - 60
        kept = attacked.pages.session(code)
        assert kept is not None
        attacked.pages.keep(kept, may_renew=False)
    attacked.now += IDLE_MS / 1000 + 1
    assert attacked.pages.session(code) is None


def test_no_session_outlives_half_a_day_however_much_it_is_used(attacked: Attacked) -> None:
    code = attacked.enter(attacked.account()).session
    began = attacked.now
    while attacked.now < began + LONGEST_S - 600:
        attacked.now += 600
        kept = attacked.pages.session(code)
        assert kept is not None
        code = attacked.pages.keep(kept, may_renew=True).code
    attacked.now = began + LONGEST_S + 1
    assert attacked.pages.session(code) is None


@pytest.fixture(scope="module")
def at_door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with door(tmp_path_factory.mktemp("attacked")) as found:
        yield found


@pytest.fixture(scope="module")
def person(at_door: Door) -> Person:
    return at_door.person()


def test_a_cookie_that_was_planted_is_no_session_after_the_sign_in(at_door: Door, person: Person) -> None:
    thief = at_door.person().enter()
    planted = thief.http.cookies["coffre"]
    browser = person.browser()
    browser.http.cookies.set("coffre", planted, domain="127.0.0.1", path="/")
    person.enter(browser)
    mine = [cookie.value for cookie in browser.http.cookies.jar if cookie.name == "coffre"]
    assert mine[-1] != planted
    assert person.patient.ins[-6:] not in thief.http.get("/").text


FORGED = {
    "without a token": ({}, {"csrf": ""}),
    "from another origin": ({"Origin": "https://evil.example"}, {}),
    "from another site": ({"Sec-Fetch-Site": "cross-site"}, {}),
    "from another name of this site": ({"Sec-Fetch-Site": "same-site"}, {}),
    "as JSON": ({"Content-Type": "application/json"}, {}),
    "as text": ({"Content-Type": "text/plain"}, {}),
}


@pytest.mark.parametrize("how", FORGED)
@pytest.mark.parametrize(
    "path",
    [
        "/sign-in",
        "/sign-in/code",
        "/sign-in/letter",
        "/sign-in/recover",
        "/sign-in/browser",
        "/sign-in/contact/code",
    ],
)
def test_a_forged_form_does_nothing(person: Person, how: str, path: str) -> None:
    headers, fields = FORGED[how]
    browser = person.browser()
    form = browser.get(path).form(path)
    answer = post(
        browser, path, form.fields | {"identifier": person.identifier, "code": "x"} | fields, headers
    )
    assert answer.status_code in (400, 403), answer.text
    assert "coffre" not in browser.http.cookies


def test_a_form_of_another_browser_is_not_ones_own(person: Person) -> None:
    """Nobody is signed in to a stranger's account without noticing (login CSRF)."""
    thief, victim = person.browser(), person.browser()
    stolen = thief.get("/sign-in").form("/sign-in").fields
    given = stolen | {"identifier": person.identifier, "password": PASSWORD}
    assert post(victim, "/sign-in", given, {}).status_code == 403, "a browser that was never here"
    victim.get("/sign-in")
    assert post(victim, "/sign-in", given, {}).status_code == 403


@pytest.mark.parametrize("path", ["/sign-in/sessions/end", "/sign-out"])
def test_no_link_ends_a_session(person: Person, path: str) -> None:
    browser = person.enter()
    assert browser.http.get(path).status_code == 405
    form = browser.get("/sign-in/sessions").forms
    assert browser.get("/choix") and form is not None


def test_a_form_of_before_the_sign_in_ends_no_session_of_after(person: Person) -> None:
    browser = person.enter()
    other = person.enter()
    forms = browser.get("/sign-in/sessions").forms
    stale = next(form for form in forms if "session" not in form.fields)
    browser.http.cookies.delete("coffre")
    person.enter(browser)
    assert browser.send(stale).status_code == 403
    assert other.get("/choix")


def post(browser: Browser, path: str, fields: dict[str, str], headers: dict[str, str]) -> httpx.Response:
    return browser.http.post(path, data=fields, headers=headers)
