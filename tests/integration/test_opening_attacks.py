"""Doors at which accounts are opened, under attack: what whoever types somebody's number gains, and who."""

from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from keyvault.credentials.password_hashes import PasswordHashes
from records.errors import CoffreError, Conflict
from records.people.actors import Actor
from records.people.contacts import ContactKind
from records.people.identity import INS
from records.vocabulary.codes import Role
from records.vocabulary.door_events import DoorEvent
from sign_in.accounts.account import AccountRows
from sign_in.accounts.forgetting import Forgetting
from sign_in.accounts.letters import Letters, begin_anew
from sign_in.accounts.online import AskedAccounts
from sign_in.accounts.opening import HOST, FirstCode
from sign_in.accounts.printing import Printed, Printing
from sign_in.accounts.purposes import LIFE_MS, Purpose
from sign_in.accounts.tries import ONLINE, ONLINE_NETWORK, OPENINGS, TooManyTries
from sign_in.doors.letter import WrongContact, WrongLetter
from sign_in.doors.online import OnlineDoor
from sign_in.doors.opening import ForSomebody, OpeningDoor
from sign_in.doors.password import WrongPassword
from sign_in.watching.events import Watched
from tests.integration.costs import assert_cost_alike
from tests.integration.entering import PASSWORD
from tests.integration.support import DOCTOR, new_ins
from tests.integration.test_sign_in_attacks import KEYS, OID, Attacked, visitor

ATTACKER, VICTIM = "attacker@example.fr", "zoe@example.fr"
DAY = 86_400
BETWEEN_LETTERS = LIFE_MS[Purpose.ONLINE] / 1000


class Doors(Attacked):
    """Doors at which accounts are opened, and the host that prints what was asked for."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, PasswordHashes(memory_kib=64, iterations=1))
        rows, letters, asked = AccountRows(KEYS), Letters(KEYS), AskedAccounts(KEYS)
        self.host = Printing(self.store, rows, letters, asked, self.mailbox, self.outbox, self.clock)
        watched = Watched([self.seen, self.counts])
        self.online = OnlineDoor(self.store, KEYS, self.mailbox, watched, self.clock)
        self.for_others = OpeningDoor(self.store, KEYS, self.opening, watched, self.clock)

    def ask(self, ins: INS, contact: str, address: str | None = None) -> str:
        """The identifier on the screen of whoever asks."""
        return self.online.ask(ins, contact, "fr", visitor(address))

    def printed(self) -> list[Printed]:
        """What the host prints today."""
        found: list[Printed] = []
        self.host.all(found.extend)
        return found

    def post(self, ins: INS) -> list[Printed]:
        """What lies in somebody's letter box today."""
        return [each for each in self.printed() if each.ins == ins.value]

    def code(self, ins: INS) -> str:
        (letter,) = self.post(ins)
        assert letter.code is not None
        return letter.code.code

    def choose(self, identifier: str, code: str, contact: str = "", password: str = PASSWORD) -> None:
        self.letter.choose(identifier, code, password, visitor(), contact)

    def by_doctor(self, ins: INS, contact: str = VICTIM, **more: str) -> str:
        actor = Actor(
            role=Role.PROFESSIONAL, issuer="x", subject=f"rpps:{DOCTOR}", rpps=DOCTOR, **_DOCTOR | more
        )  # type: ignore[arg-type]
        asked = ForSomebody(ins, contact, FirstCode.MESSAGE, "fr", is_checked=True)
        return self.for_others.open(actor, asked, "192.0.2.1")


_DOCTOR = {"profession": "10", "structure": "1750000002", "sector": "SA07"}


@pytest.fixture
def doors(tmp_path: Path) -> Doors:
    return Doors(tmp_path)


@pytest.fixture
def victim() -> INS:
    return INS(new_ins(), OID)


def contact_of(doors: Doors, ins: INS) -> str | None:
    with doors.store.reading() as tx:
        account = AccountRows(KEYS).of_person(tx, ins.value)
    return account.contact if account is not None else None


class TestWhoeverTypesSomebodysNumber:
    @pytest.mark.requirement("R4")
    def test_has_an_identifier_that_opens_nothing(self, doors: Doors, victim: INS) -> None:
        identifier = doors.ask(victim, ATTACKER)
        letter = doors.code(victim)
        for code in ("", letter[:-1], "0" * 12, letter[::-1]):
            with pytest.raises(WrongLetter):
                doors.choose(identifier, code, ATTACKER)
        with pytest.raises(WrongPassword):
            doors.door.knock(identifier, PASSWORD, visitor())
        doors.code_requests.ask(identifier, Purpose.RECOVERY, visitor())
        assert doors.post(victim) == [] and doors.mailbox.texts == []
        assert contact_of(doors, victim) is None

    def test_has_asked_for_the_victims_letter_whose_code_opens_what_the_victim_asks(
        self, doors: Doors, victim: INS
    ) -> None:
        """A letter that came unasked is good: its code is the person's, the identifier says whose contact."""
        theirs = doors.ask(victim, ATTACKER)
        code = doors.code(victim)
        own = doors.ask(victim, VICTIM)
        assert doors.post(victim) == [], "no second letter while the first lasts"
        doors.choose(own, code, VICTIM)
        assert contact_of(doors, victim) == VICTIM
        for identifier in (theirs, own):
            with pytest.raises(WrongLetter):
                doors.choose(identifier, code, ATTACKER)
        doors.enter(own)

    def test_does_not_lead_the_victim_to_confirm_the_attackers_telephone(
        self, doors: Doors, victim: INS
    ) -> None:
        """ "Your identifier is …", says a message of the attacker's; the letter is real."""
        theirs = doors.ask(victim, ATTACKER)
        code = doors.code(victim)
        for contact in ("", VICTIM, "not an address"):
            with pytest.raises(WrongContact):
                doors.choose(theirs, code, contact)
        assert contact_of(doors, victim) is None
        doors.choose(doors.ask(victim, VICTIM), code, VICTIM)
        assert contact_of(doors, victim) == VICTIM

    def test_keeps_nobody_out_by_typing_it_all_day_from_everywhere(self, doors: Doors, victim: INS) -> None:
        for _ in range(50):
            doors.ask(victim, ATTACKER)
        own = doors.ask(victim, VICTIM)
        for _ in range(50):
            doors.ask(victim, ATTACKER)
        code = doors.code(victim)
        doors.now += 5 * DAY  # the post is slow
        doors.ask(victim, ATTACKER)
        assert doors.post(victim) == []
        doors.choose(own, code, VICTIM)
        doors.enter(own)

    def test_floods_no_letter_box_with_paper(self, doors: Doors, victim: INS) -> None:
        days, letters = 70, 0
        for _ in range(days):
            doors.now += DAY
            doors.ask(victim, ATTACKER)
            letters += len(doors.post(victim))
        assert letters == days * DAY / BETWEEN_LETTERS

    def test_does_not_end_the_code_that_the_victim_holds(self, doors: Doors, victim: INS) -> None:
        own = doors.ask(victim, VICTIM)
        code = doors.code(victim)
        doors.now += BETWEEN_LETTERS - 1
        doors.ask(victim, ATTACKER)
        assert doors.post(victim) == []
        doors.choose(own, code, VICTIM)

    def test_changes_nothing_of_an_account_in_use_and_its_holder_is_told_seldom(self, doors: Doors) -> None:
        identifier = doors.account()
        holder, session = doors.holders[identifier], doors.enter(identifier).session
        before = len(doors.mailbox.texts)
        for _ in range(int(2 * BETWEEN_LETTERS / DAY)):
            theirs = doors.ask(holder, ATTACKER)
            assert doors.post(holder) == []
            doors.now += DAY
        told = doors.mailbox.texts[before:]
        assert len(told) == 2 and all("Vous en avez déjà un" in text for text in told)
        assert contact_of(doors, holder) == VICTIM
        with pytest.raises(WrongLetter):
            doors.choose(theirs, "0" * 12, ATTACKER)
        assert doors.enter(identifier).session != session

    def test_does_not_end_what_was_opened_at_a_counter(self, doors: Doors, victim: INS) -> None:
        opened = doors.opening.open(victim, ContactKind.EMAIL, VICTIM, first_code=FirstCode.PRINTED, by=HOST)
        assert opened.letter is not None
        theirs = doors.ask(victim, ATTACKER)
        code = doors.code(victim)
        doors.choose(opened.identifier, opened.letter.code)
        with pytest.raises(WrongLetter):
            doors.choose(theirs, code, ATTACKER)
        assert contact_of(doors, victim) == VICTIM

    def test_who_lost_the_paper_of_the_counter_opens_it_anew_by_the_letter(
        self, doors: Doors, victim: INS
    ) -> None:
        opened = doors.opening.open(
            victim, ContactKind.EMAIL, "mistaken@example.fr", first_code=FirstCode.PRINTED, by=HOST
        )
        own = doors.ask(victim, VICTIM)
        doors.choose(own, doors.code(victim), VICTIM)
        assert opened.letter is not None
        with pytest.raises(WrongLetter):
            doors.choose(opened.identifier, opened.letter.code)
        doors.enter(own)

    def test_a_letter_of_another_person_or_purpose_opens_nothing(self, doors: Doors, victim: INS) -> None:
        neighbour = INS(new_ins(), OID)
        identifier = doors.account()
        own, theirs = doors.ask(victim, VICTIM), doors.ask(neighbour, ATTACKER)
        printed = {each.ins: each.code for each in doors.printed()}
        assert printed[victim.value] and printed[neighbour.value]
        with pytest.raises(WrongLetter):
            doors.choose(own, printed[neighbour.value].code, VICTIM)  # type: ignore[union-attr]
        with pytest.raises(WrongLetter):
            doors.choose(identifier, printed[victim.value].code, VICTIM)  # type: ignore[union-attr]
        recovery = doors.opening.letter(doors.holders[identifier])
        with pytest.raises(WrongLetter):
            doors.choose(theirs, recovery.code, ATTACKER)

    def test_what_was_asked_for_ends(self, doors: Doors, victim: INS) -> None:
        own = doors.ask(victim, VICTIM)
        code = doors.code(victim)
        doors.now += BETWEEN_LETTERS
        with pytest.raises(WrongLetter):
            doors.choose(own, code, VICTIM)
        doors.ask(victim, VICTIM)
        doors.now += DAY * 13
        doors.ask(victim, VICTIM)
        again = doors.code(victim)
        doors.now += DAY * 4
        with pytest.raises(WrongLetter):
            doors.choose(own, again, VICTIM)
        doors.ask(INS(new_ins(), OID), VICTIM)
        doors.now += 31 * DAY
        assert doors.printed() == [], "nobody prints what was asked for a month ago"
        Forgetting(doors.store, doors.clock).once()
        with doors.store.reading() as tx:
            assert tx.find("letter") == tx.find("asked_account") == []

    def test_after_a_restore_a_used_letter_serves_nobody(self, doors: Doors, victim: INS) -> None:
        theirs = doors.ask(victim, ATTACKER)
        code = doors.code(victim)
        with doors.store.writing() as tx:
            begin_anew(tx)
        with pytest.raises(WrongLetter):
            doors.choose(theirs, code, ATTACKER)
        assert doors.code(victim) != code, "it is drawn and posted anew"


@pytest.mark.requirement("R4")
def test_no_clock_and_no_store_tells_whose_number_has_an_account(doors: Doors) -> None:
    """Asked for alike: what is written is the same number of rows, in the same time."""
    doors.opening.open(
        new := INS(new_ins(), OID), ContactKind.EMAIL, VICTIM, first_code=FirstCode.PRINTED, by=HOST
    )
    whom = {"in use": doors.holders[doors.account()], "never visited": new, "nobody": INS(new_ins(), OID)}

    def ask(ins: INS) -> None:
        doors.ask(ins, ATTACKER)

    for ins in whom.values():
        ask(ins)
    assert_cost_alike({each: partial(ask, ins) for each, ins in whom.items()}, lambda: None)
    assert doors.mailbox.texts == []


def test_no_code_is_promised_to_a_telephone_where_none_rings(doors: Doors, victim: INS) -> None:
    doors.mailbox.carries = lambda kind: kind is ContactKind.EMAIL  # type: ignore[method-assign]
    for open_one in (doors.ask, doors.by_doctor):
        with pytest.raises(CoffreError) as error:
            open_one(victim, "06 39 98 01 23")
        assert error.value.code == "no_carrier"
    assert doors.post(victim) == [] and contact_of(doors, victim) is None


def test_one_address_asks_for_few_whoever_they_are(doors: Doors) -> None:
    known, pauses = doors.holders[doors.account()], []
    for whose in (known, INS(new_ins(), OID)):
        address = f"192.0.2.{len(pauses)}"
        with pytest.raises(TooManyTries) as error:
            for _ in range(100):
                doors.ask(whose, ATTACKER, address)
        pauses.append(error.value.wait_s)
    assert pauses[0] == pauses[1]
    asked = 0
    for _ in range(24 * 60):
        doors.now += 60
        try:
            doors.ask(INS(new_ins(), OID), ATTACKER, "192.0.2.9")
            asked += 1
        except TooManyTries as error:
            assert error.wait_s * 1000 <= ONLINE.longest_ms
    assert asked < 45


def test_one_network_of_ipv6_asks_for_few_whoever_they_are(doors: Doors) -> None:
    with pytest.raises(TooManyTries):
        for number in range(ONLINE_NETWORK.free + 1):
            doors.ask(INS(new_ins(), OID), ATTACKER, f"2001:db8:7:{number:x}::/64")
    doors.ask(INS(new_ins(), OID), ATTACKER, "2001:db8:8::/64")


def test_numbers_typed_online_are_counted_at_the_door_whoever_they_are(doors: Doors) -> None:
    """Before any letter is printed, and those that a pause kept out beside them."""
    doors.account()
    doors.counts.take()
    for ins in (*doors.holders.values(), INS(new_ins(), OID)):
        doors.ask(ins, ATTACKER)
    assert doors.counts.take() == {(DoorEvent.ACCOUNT_ASKED, None): 2}
    with pytest.raises(TooManyTries):
        for _ in range(ONLINE.free + 1):
            doors.ask(INS(new_ins(), OID), ATTACKER, "192.0.2.7")
    assert doors.counts.take() == {
        (DoorEvent.ACCOUNT_ASKED, None): ONLINE.free,
        (DoorEvent.PAUSED, None): 1,
    }
    doors.printed()
    assert doors.counts.take() == {}


class TestAProfessional:
    def test_who_asks_who_has_an_account_is_seen_and_counted_and_the_patient_is_not_named(
        self, doors: Doors
    ) -> None:
        holder = doors.holders[doors.account()]
        doors.counts.take()
        for ask in (lambda: doors.by_doctor(holder), lambda: doors.by_doctor(holder, profession="93")):
            with pytest.raises(CoffreError):
                ask()
        refused = doors.seen.events[-2:]
        assert [each.event for each in refused] == [DoorEvent.OPENING_REFUSED] * 2
        with pytest.raises(TooManyTries):
            for _ in range(OPENINGS.free + 1):
                with suppress(Conflict):
                    doors.by_doctor(holder)
        paused = doors.seen.events[-1]
        assert paused.event is DoorEvent.PAUSED
        assert {(each.who, each.address) for each in refused} == {(paused.who, "192.0.2.1")}
        assert doors.counts.take() == {
            (DoorEvent.OPENING_REFUSED, None): OPENINGS.free + 1,
            (DoorEvent.PAUSED, None): 1,
        }
        assert DOCTOR not in str(doors.seen.events) and holder.matricule not in str(doors.seen.events)

    def test_takes_no_account_in_use_over(self, doors: Doors) -> None:
        identifier = doors.account()
        with pytest.raises(CoffreError) as error:
            doors.by_doctor(doors.holders[identifier], ATTACKER)
        assert error.value.code == "account_exists"
        assert contact_of(doors, doors.holders[identifier]) == VICTIM
        doors.enter(identifier)

    def test_who_gives_an_own_telephone_for_the_patients_is_told_of_to_the_patient_by_post(
        self, doors: Doors, victim: INS
    ) -> None:
        identifier = doors.by_doctor(victim, ATTACKER)
        code = doors.mailbox.texts[-1].partition(": ")[2].split()[0]
        doors.choose(identifier, code)
        (letter,) = doors.post(victim)
        assert (letter.purpose, letter.code) == (Purpose.OPENED, None)
        assert doors.post(victim) == []
        with doors.store.reading() as tx:
            (note,) = [each for each in doors.outbox.due(tx, 10) if each.event == "account_opened"]
        assert (note.role, note.claims["rpps"]) == (Role.PROFESSIONAL, DOCTOR)

    def test_an_account_opened_anew_takes_its_letters_with_it(self, doors: Doors, victim: INS) -> None:
        doors.by_doctor(victim, ATTACKER)
        doors.by_doctor(victim, VICTIM)
        with doors.store.reading() as tx:
            account = AccountRows(KEYS).of_person(tx, victim.value)
            assert account is not None
            rows = tx.find("letter")
        assert {row["account_id"] for row in rows} == {account.account_id}
        (letter,) = doors.post(victim)
        assert letter.purpose is Purpose.OPENED

    def test_learns_of_few_people_a_day_whether_they_have_an_account(self, doors: Doors) -> None:
        """Wherever he says that he practises: his number counts."""
        holder, learnt = doors.holders[doors.account()], 0
        for minute in range(24 * 60):
            doors.now += 60
            try:
                doors.by_doctor(holder, structure=f"17500{minute:05d}")
            except TooManyTries:
                continue
            except CoffreError as error:
                assert error.code == "account_exists"
                learnt += 1
        assert OPENINGS.free < learnt < 3 * OPENINGS.free
