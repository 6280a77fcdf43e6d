"""What patients change of their ways in: where codes go, by a letter or a fresh session, and the password."""

from pathlib import Path

import pytest

from keyvault.credentials.password_hashes import PasswordHashes
from records.errors import CoffreError, Invalid
from records.people.contacts import ContactKind
from records.vocabulary.door_events import DoorEvent
from sign_in.accounts.account import AccountRows
from sign_in.accounts.entries import NoCode, WrongCode
from sign_in.accounts.passwords import Passwords
from sign_in.accounts.tries import CODES, DEVICE, TooManyTries
from sign_in.doors.contact import ContactDoor
from sign_in.doors.letter import Chosen
from sign_in.doors.own_account import OwnAccount, SignInAgain
from sign_in.doors.own_password import OwnPassword
from sign_in.doors.password import WrongPassword
from sign_in.doors.visitor import Visitor
from sign_in.sending import Message
from sign_in.sessions.own import SignedOut
from sign_in.sessions.sessions import FRESH_MS
from sign_in.watching.events import Watched
from tests.integration.entering import PASSWORD
from tests.integration.test_sign_in_attacks import KEYS, Attacked, code_in, visitor

OLD, NEW, MISTYPED, OTHER = "zoe@example.fr", "zoe@nouveau.example", "zoe@nuveau.example", "une autre phrase"


class Ways(Attacked):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder, PasswordHashes(memory_kib=64, iterations=1))
        watched = Watched([self.seen, self.counts])
        own = OwnAccount(self.store, KEYS, self.sessions, watched, self.outbox, self.clock)
        self.contact = ContactDoor(self.store, KEYS, own, self.mailbox, self.clock)
        passwords = Passwords(PasswordHashes(memory_kib=64, iterations=1), lambda each: "connu" in each)
        self.own_password = OwnPassword(
            self.store, KEYS, passwords, self.sessions, own, self.mailbox, self.clock
        )
        self.sent: list[Message] = []
        carry = self.mailbox.carry

        def kept(message: Message) -> None:
            self.sent.append(message)
            carry(message)

        self.mailbox.carry = kept  # type: ignore[method-assign]
        self.identifier = self.account()

    def to(self, address: str) -> list[str]:
        return [each.text for each in self.sent if each.address == address]

    def recover(self, who: Visitor, contact: str) -> Chosen:
        letter = self.opening.letter(self.holders[self.identifier])
        return self.letter.choose(self.identifier, letter.code, OTHER, who, contact)

    def goes_to(self) -> str:
        with self.store.reading() as tx:
            account = AccountRows(KEYS).of_identifier(tx, self.identifier)
        assert account is not None
        return account.contact

    def told(self) -> list[tuple[str, str | None]]:
        """What the log of the person is told, and by which means."""
        with self.store.reading() as tx:
            return [(each.event.value, each.means) for each in self.outbox.due(tx, 100) if each.role]


@pytest.fixture
def ways(tmp_path: Path) -> Ways:
    return Ways(tmp_path)


class TestByALetter:
    """The telephone or mailbox is lost: no code arrives any more."""

    @pytest.mark.requirement("R4")
    def test_a_new_address_is_proven_and_signs_in(self, ways: Ways) -> None:
        who = visitor()
        chosen = ways.recover(who, NEW)
        assert chosen.asks_contact and ways.goes_to() == OLD, "until the code of the new one is given"
        (text,) = ways.to(NEW)
        with pytest.raises(WrongCode):
            ways.contact.enter(f"{(int(code_in(text)) + 1) % 10**6:06d}", None, who)
        assert ways.contact.enter(code_in(text), None, who) is False, "nobody is signed in by it"
        assert ways.goes_to() == NEW
        ways.door.knock(ways.identifier, OTHER, entering := visitor(device=chosen.device))
        assert ways.door.enter(code_in(ways.to(NEW)[-1]), entering).session
        assert "n'arrivent plus ici" in ways.to(OLD)[-1] and NEW not in "".join(ways.to(OLD))
        assert (DoorEvent.CONTACT_CHANGED.value, "letter") in ways.told()

    def test_who_mistyped_it_gives_another_and_never_loses_the_old_one(self, ways: Ways) -> None:
        who = visitor()
        ways.recover(who, MISTYPED)
        lost = code_in(ways.to(MISTYPED)[0])
        ways.contact.ask(NEW, None, who)
        if lost != code_in(ways.to(NEW)[0]):
            with pytest.raises(WrongCode):
                ways.contact.enter(lost, None, who)
        ways.contact.enter(code_in(ways.to(NEW)[0]), None, who)
        assert ways.goes_to() == NEW

    def test_without_the_code_codes_go_where_they_went(self, ways: Ways) -> None:
        ways.recover(who := visitor(), NEW)
        code = code_in(ways.to(NEW)[0])
        with pytest.raises(NoCode):
            ways.contact.enter(code, None, visitor())
        with pytest.raises(SignedOut):
            ways.contact.ask(NEW, None, visitor())
        ways.now += 601
        for late in (lambda: ways.contact.enter(code, None, who), lambda: ways.contact.ask(NEW, None, who)):
            with pytest.raises((NoCode, SignedOut)):
                late()
        ways.door.knock(ways.identifier, OTHER, visitor())
        assert ways.goes_to() == OLD and "pour vous connecter" in ways.to(OLD)[-1]

    def test_an_address_that_is_none_spends_no_letter(self, ways: Ways) -> None:
        letter = ways.opening.letter(ways.holders[ways.identifier])
        with pytest.raises(Invalid) as error:
            ways.letter.choose(ways.identifier, letter.code, OTHER, visitor(), "pas une adresse")
        assert error.value.code == "bad_contact"
        assert ways.letter.choose(ways.identifier, letter.code, OTHER, visitor(), "").device

    def test_the_same_address_asks_for_nothing(self, ways: Ways) -> None:
        assert not ways.recover(visitor(), OLD.upper().replace("EXAMPLE.FR", "example.fr")).asks_contact

    def test_a_later_letter_ends_what_an_earlier_one_began(self, ways: Ways) -> None:
        ways.recover(thief := visitor(), "voleur@example.fr")
        ways.recover(visitor(), "")
        with pytest.raises(NoCode):
            ways.contact.enter(code_in(ways.to("voleur@example.fr")[0]), None, thief)
        assert ways.goes_to() == OLD

    def test_a_new_telephone_takes_the_place_of_a_mailbox(self, ways: Ways) -> None:
        ways.recover(who := visitor(), "06 39 98 01 23")
        ways.contact.enter(code_in(ways.to("+33639980123")[0]), None, who)
        with ways.store.reading() as tx:
            account = AccountRows(KEYS).of_identifier(tx, ways.identifier)
        assert account is not None and account.kind is ContactKind.TELEPHONE


class TestByASession:
    def test_one_that_is_fresh_changes_the_address(self, ways: Ways) -> None:
        session, who = ways.enter(ways.identifier).session, visitor()
        ways.contact.ask(NEW, session, who)
        assert ways.contact.enter(code_in(ways.to(NEW)[0]), session, who) is True
        assert ways.goes_to() == NEW
        assert (DoorEvent.CONTACT_CHANGED.value, "session") in ways.told()

    def test_one_that_is_not_fresh_does_not(self, ways: Ways) -> None:
        session = ways.enter(ways.identifier).session
        ways.now += FRESH_MS / 1000 + 1
        with pytest.raises(SignInAgain):
            ways.contact.ask(NEW, session, visitor())

    def test_who_ends_the_sessions_ends_what_a_thief_began(self, ways: Ways) -> None:
        session, who = ways.enter(ways.identifier).session, visitor()
        ways.contact.ask(NEW, session, who)
        with ways.store.writing() as tx:
            account = AccountRows(KEYS).of_identifier(tx, ways.identifier)
            assert account is not None
            ways.sessions.end(tx, account.account_id)
        with pytest.raises(SignedOut):
            ways.contact.enter(code_in(ways.to(NEW)[0]), session, who)
        assert ways.goes_to() == OLD

    def test_few_codes_leave_for_addresses_that_somebody_types(self, ways: Ways) -> None:
        session = ways.enter(ways.identifier).session
        with pytest.raises(TooManyTries):
            for each in range(CODES.free + 1):
                ways.contact.ask(f"inconnu{each}@example.fr", session, visitor())
        assert len([each for each in ways.sent if each.address.startswith("inconnu")]) == CODES.free


class TestThePassword:
    def test_a_new_one_takes_the_present_one_and_ends_other_sessions(self, ways: Ways) -> None:
        other, here = ways.enter(ways.identifier), ways.enter(ways.identifier)
        who = visitor(device=here.device)
        ways.own_password.change(here.session, PASSWORD, OTHER, who)
        assert ways.pages.session(other.session) is None and ways.pages.session(here.session) is not None
        with pytest.raises(WrongPassword):
            ways.door.knock(ways.identifier, PASSWORD, visitor())
        ways.door.knock(ways.identifier, OTHER, visitor())
        assert "vient d'être changé" in "".join(ways.to(OLD))
        assert (DoorEvent.CHOSEN.value, "session") in ways.told()
        with ways.store.reading() as tx:
            assert len(tx.find("device")) == 1, "browsers of before are met anew"

    def test_whoever_sits_at_a_session_guesses_seldom(self, ways: Ways) -> None:
        session, judged = ways.enter(ways.identifier).session, 0
        for _ in range(30):
            try:
                ways.own_password.change(session, "un autre mot de passe", OTHER, visitor())
            except WrongPassword:
                judged += 1
            except TooManyTries:
                continue
        assert judged == DEVICE.free

    @pytest.mark.parametrize(
        ("new", "code"), [("court", "password_short"), ("trop connu de tous", "password_known")]
    )
    def test_a_bad_one_is_none(self, ways: Ways, new: str, code: str) -> None:
        session = ways.enter(ways.identifier).session
        with pytest.raises(CoffreError) as error:
            ways.own_password.change(session, PASSWORD, new, visitor())
        assert error.value.code == code
        ways.door.knock(ways.identifier, PASSWORD, visitor())

    def test_a_session_that_is_not_fresh_changes_none(self, ways: Ways) -> None:
        session = ways.enter(ways.identifier).session
        ways.now += FRESH_MS / 1000 + 1
        with pytest.raises(SignInAgain):
            ways.own_password.change(session, PASSWORD, OTHER, visitor())
