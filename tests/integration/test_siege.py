"""An account under siege: a stranger tries every second from a new address, and its owner comes in meanwhile.

The stranger never stops: each second that the owner takes is one more try. Passwords, codes and letters are
verified by the doors themselves; the clock alone is ours.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import pytest

from keyvault.credentials.password_hashes import PasswordHashes
from records.errors import CoffreError
from records.people.contacts import ContactKind
from records.people.identity import INS
from records.vocabulary.door_events import DoorEvent
from sign_in.accounts.account import as_read
from sign_in.accounts.opening import HOST, FirstCode
from sign_in.accounts.purposes import LIFE_MS, TRIES_AFTER_MS, Purpose
from sign_in.accounts.tries import ACCOUNT, TooManyTries
from sign_in.doors.browser import BrowserDoor, WrongBrowserCode
from sign_in.doors.code_requests import EVENTS
from sign_in.doors.letter import WrongLetter
from sign_in.doors.password import WrongPassword
from sign_in.doors.visitor import Visitor
from sign_in.sending import Message
from sign_in.watching.messages import AskedMessages
from tests.integration.costs import assert_cost_alike
from tests.integration.entering import PASSWORD
from tests.integration.support import new_ins
from tests.integration.test_sign_in_attacks import KEYS, OID, Attacked, Mailbox, code_in, visitor

DAY, UNKNOWN = 86_400, "AAAAA-AAAAA"


class Killed(BaseException):
    """No handler of ours is reached by it, as by kill -9."""


class Gateway:
    """Before a mailbox; away, or the process ends while it is asked."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox, self.tried, self.away, self.killed = mailbox, 0, False, False

    def carry(self, message: Message) -> None:
        self.tried += 1
        if self.killed:
            raise Killed
        if self.away:
            raise CoffreError("The server is away.", code="message_not_sent")
        self._mailbox.carry(message)

    def carries(self, kind: ContactKind) -> bool:
        return True


class Besieged(Attacked):
    """`pass_time` lets seconds pass, in each of which the stranger does what he does."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, PasswordHashes(memory_kib=64, iterations=1))
        self.gateway = Gateway(self.mailbox)
        self.browser = BrowserDoor(self.store, KEYS, self.seen, self.clock)
        self.messages = AskedMessages(self.store, KEYS, self.gateway, self.outbox, self.clock)
        self.stranger: Callable[[], None] | None = None

    def pass_time(self, seconds: int) -> None:
        for _ in range(seconds):
            self.now += 1
            if self.stranger is not None:
                self.stranger()

    def send_messages(self) -> None:
        while self.messages.send():
            pass

    @contextmanager
    def siege(self, *identifiers: str) -> Iterator[None]:
        """Wrong passwords, wrong codes of letters and messages, and letters and messages asked for."""

        def tries() -> None:
            for each in identifiers:
                with suppress(WrongPassword, TooManyTries):
                    self.door.knock(each, "un autre mot de passe", visitor())
                if int(self.now) % 60 == 0:
                    self.code_requests.ask(each, Purpose.RECOVERY, visitor())
                    self.code_requests.ask(each, Purpose.BROWSER, visitor())
                    self.send_messages()
                    with pytest.raises(WrongBrowserCode):
                        self.browser.expect(each, "0000-0000-0000", visitor())
                    with pytest.raises(WrongLetter):
                        self.letter.choose(each, "0000-0000-0000", "une autre phrase de passe", visitor())

        self.stranger = tries
        try:
            yield
        finally:
            self.stranger = None

    def come_in(self, identifier: str, who: Visitor, password: str = PASSWORD) -> str:
        """The session of an owner who takes half a minute for each step."""
        self.pass_time(30)
        self.door.knock(identifier, password, who)
        self.pass_time(30)
        return self.door.enter(code_in(self.mailbox.texts[-1]), who).session

    def code_of_browser(self) -> str:
        """In the owner's mailbox."""
        return self.browser_codes()[-1]

    def browser_codes(self) -> list[str]:
        words = " ".join(text for text in self.mailbox.texts if "un nouvel appareil" in text.lower()).split()
        return [word for word in words if len(word) == 14 and word.count("-") == 2]

    def told(self) -> int:
        """Lines about such a code for the logs of holders."""
        with self.store.reading() as tx:
            notes = self.outbox.due(tx, 1000)
        return sum(note.event is DoorEvent.BROWSER_ASKED for note in notes)


@pytest.fixture
def besieged(tmp_path: Path) -> Besieged:
    return Besieged(tmp_path)


def with_device(device: str) -> Visitor:
    return visitor(device=device)


@pytest.mark.requirement("R4")
def test_a_new_browser_alone_waits_as_long_as_the_stranger_goes_on(besieged: Besieged) -> None:
    """Why there is a code by message: the password alone, however right, comes between two tries never."""
    identifier = besieged.account()
    with besieged.siege(identifier):
        besieged.pass_time(10 * 60)
        for _ in range(30):
            besieged.pass_time(20)
            with pytest.raises(TooManyTries) as error:
                besieged.door.knock(identifier, PASSWORD, visitor())
            assert error.value.wait_s * 1000 <= ACCOUNT.longest_ms


@pytest.mark.requirement("R4")
def test_a_code_by_message_lets_the_owner_in_during_the_siege(besieged: Besieged) -> None:
    identifier = besieged.account()
    with besieged.siege(identifier):
        besieged.pass_time(10 * 60)
        besieged.code_requests.ask(identifier, Purpose.BROWSER, visitor())
        besieged.send_messages()
        code = besieged.code_of_browser()
        besieged.pass_time(10 * 60)
        device = besieged.browser.expect(identifier, code, visitor())
        who = with_device(device)
        for _ in range(5):
            with pytest.raises(WrongPassword):
                besieged.door.knock(identifier, "presque le bon mot de passe", who)
        before = len(besieged.mailbox.texts)
        assert besieged.come_in(identifier, who)
        told = besieged.mailbox.texts[before:]
        assert any("nouvel appareil" in text for text in told), "its owner is told of a browser that is new"
        besieged.pass_time(60)
        assert besieged.come_in(identifier, who), "and again"


@pytest.mark.requirement("R4")
def test_a_letter_lets_the_owner_in_during_the_siege(besieged: Besieged) -> None:
    """It was asked for, by whomever; a new password ends every device, and the browser it was chosen in is
    known."""
    identifier = besieged.account()
    besieged.enter(identifier)
    with besieged.siege(identifier):
        besieged.pass_time(10 * 60)
        besieged.code_requests.ask(identifier, Purpose.RECOVERY, visitor())
        letter = besieged.opening.letter(besieged.holders[identifier])
        besieged.pass_time(60)
        new = "une tout autre phrase"
        device = besieged.letter.choose(identifier, letter.code, new, visitor()).device
        assert besieged.come_in(identifier, with_device(device), new)


def test_a_first_visit_begins_during_the_siege(besieged: Besieged) -> None:
    opened = besieged.opening.open(
        INS(new_ins(), OID), ContactKind.EMAIL, "zoe@example.fr", first_code=FirstCode.PRINTED, by=HOST
    )
    assert opened.letter is not None
    with besieged.siege(opened.identifier):
        besieged.pass_time(5 * 60)
        device = besieged.letter.choose(opened.identifier, opened.letter.code, PASSWORD, visitor()).device
        assert besieged.come_in(opened.identifier, with_device(device))


class TestACodeByMessage:
    def test_leaves_once_a_day_whoever_asks_and_to_nobody_unknown(self, besieged: Besieged) -> None:
        identifier = besieged.account()
        besieged.mailbox.texts.clear()
        for _ in range(4 * 24):
            besieged.now += DAY / 24
            for each in (identifier, UNKNOWN):
                besieged.code_requests.ask(each, Purpose.BROWSER, visitor())
            besieged.send_messages()
        assert len(besieged.mailbox.texts) == 4
        assert not {word for text in besieged.mailbox.texts for word in text.split()} & {
            identifier,
            as_read(identifier),
        }

    def test_serves_once_and_no_second_leaves_on_that_day(self, besieged: Besieged) -> None:
        """Whoever has the mailbox has no more tries for it than one browser has."""
        identifier = besieged.account()
        besieged.code_requests.ask(identifier, Purpose.BROWSER, visitor())
        besieged.send_messages()
        code = besieged.code_of_browser()
        assert besieged.browser.expect(identifier, code.lower(), visitor())
        besieged.code_requests.ask(identifier, Purpose.BROWSER, visitor())
        besieged.send_messages()
        assert besieged.code_of_browser() == code
        with pytest.raises(WrongBrowserCode):
            besieged.browser.expect(identifier, code, visitor())

    def test_chooses_no_password_and_a_letters_code_makes_no_browser_known(self, besieged: Besieged) -> None:
        identifier = besieged.account()
        besieged.code_requests.ask(identifier, Purpose.BROWSER, visitor())
        besieged.send_messages()
        with pytest.raises(WrongLetter):
            besieged.letter.choose(
                identifier, besieged.code_of_browser(), "une autre phrase de passe", visitor()
            )
        letter = besieged.opening.letter(besieged.holders[identifier])
        with pytest.raises(WrongBrowserCode):
            besieged.browser.expect(identifier, letter.code, visitor())

    def test_opens_nothing_without_the_password(self, besieged: Besieged) -> None:
        identifier = besieged.account()
        besieged.code_requests.ask(identifier, Purpose.BROWSER, visitor())
        besieged.send_messages()
        who = with_device(besieged.browser.expect(identifier, besieged.code_of_browser(), visitor()))
        judged = 0
        for _ in range(60):
            besieged.now += 1
            with suppress(TooManyTries):
                with pytest.raises(WrongPassword):
                    besieged.door.knock(identifier, "un autre mot de passe", who)
                judged += 1
        assert judged < 15

    def test_one_that_could_not_leave_leaves_later(self, besieged: Besieged) -> None:
        identifier = besieged.account()
        besieged.code_requests.ask(identifier, Purpose.BROWSER, visitor())
        besieged.gateway.away = True
        besieged.send_messages()
        besieged.gateway.away = False
        besieged.send_messages()
        assert besieged.browser_codes() == [], "its pause lasts"
        besieged.now += TRIES_AFTER_MS[1] / 1000
        besieged.send_messages()
        assert besieged.browser.expect(identifier, besieged.code_of_browser(), visitor())

    def test_is_tried_few_times_and_told_once_where_it_never_leaves(self, besieged: Besieged) -> None:
        """Of one asking; each after it counts for nothing until its day is over."""
        identifier = besieged.account()
        besieged.gateway.away, before = True, besieged.told()
        for _ in range(24 * 6 - 1):
            besieged.code_requests.ask(identifier, Purpose.BROWSER, visitor())
            besieged.send_messages()
            besieged.now += 600
        assert besieged.gateway.tried == len(TRIES_AFTER_MS)
        assert besieged.told() - before == 1
        besieged.gateway.away = False
        besieged.now += 600
        besieged.code_requests.ask(identifier, Purpose.BROWSER, visitor())
        besieged.send_messages()
        assert besieged.browser.expect(identifier, besieged.code_of_browser(), visitor())

    def test_tries_that_a_long_stop_missed_do_not_come_all_at_once(self, besieged: Besieged) -> None:
        besieged.code_requests.ask(besieged.account(), Purpose.BROWSER, visitor())
        besieged.gateway.away = True
        besieged.now += TRIES_AFTER_MS[2] / 1000
        besieged.send_messages()
        assert besieged.gateway.tried == 1
        besieged.now += (TRIES_AFTER_MS[3] - TRIES_AFTER_MS[2]) / 1000
        besieged.send_messages()
        assert besieged.gateway.tried == 2

    def test_is_held_up_by_no_address_that_fails(self, besieged: Besieged) -> None:
        """Those that are tried again come after those that were asked for since."""
        for _ in range(5):
            besieged.code_requests.ask(besieged.account(), Purpose.BROWSER, visitor())
        besieged.gateway.away = True
        besieged.send_messages()
        besieged.now += TRIES_AFTER_MS[1] / 1000
        besieged.gateway.away, identifier = False, besieged.account()
        besieged.code_requests.ask(identifier, Purpose.BROWSER, visitor())
        assert besieged.messages.send()
        assert besieged.browser.expect(identifier, besieged.code_of_browser(), visitor())

    def test_is_drawn_when_it_is_sent(self, besieged: Besieged) -> None:
        """What ends the process between the two costs one person a code, not all who wait."""
        whom = [besieged.account() for _ in range(3)]
        for each in whom:
            besieged.code_requests.ask(each, Purpose.BROWSER, visitor())
        besieged.gateway.killed = True
        with pytest.raises(Killed):
            besieged.send_messages()
        besieged.gateway.killed = False
        besieged.send_messages()
        assert len(besieged.browser_codes()) == 2


@pytest.mark.requirement("R4")
@pytest.mark.parametrize("purpose", EVENTS)
def test_no_clock_tells_whose_identifier_was_given(besieged: Besieged, purpose: Purpose) -> None:
    """As many writes for one that nobody has, whether one is under way or not."""
    whom = {"known": besieged.account(), "unknown": UNKNOWN}
    besieged.mailbox.texts.clear()
    for pause_s in (1, LIFE_MS[purpose] // 1000 + 1):

        def ask(identifier: str) -> None:
            besieged.code_requests.ask(identifier, purpose, visitor())

        def pass_time(seconds: int = pause_s) -> None:
            besieged.now += seconds

        assert_cost_alike({each: partial(ask, identifier) for each, identifier in whom.items()}, pass_time)
    assert besieged.mailbox.texts == []
