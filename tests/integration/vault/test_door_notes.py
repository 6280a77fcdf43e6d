"""Sign-ins get to the log by the sign-in's own store: nobody waits for the vault, and nothing is lost."""

import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from keyvault.credentials.password_hashes import PasswordHashes
from records.door_notes import DoorNote
from records.errors import CoffreError, Invalid
from records.people.contacts import ContactKind
from records.people.identity import INS, INS_NIR_TEST
from records.vocabulary.door_events import THRESHOLDS, DoorEvent
from sign_in.accounts.entries import WrongCode
from sign_in.accounts.opening import HOST, FirstCode
from sign_in.accounts.tries import TooManyTries
from sign_in.doors.password import WrongPassword
from sign_in.watching.events import Noted
from sign_in.watching.telling import Telling
from tests.integration.entering import PASSWORD
from tests.integration.test_sign_in_attacks import Attacked, Seen, visitor
from tests.integration.vault.bench import Person, VaultBench
from tests.integration.vault.test_refusals import lines

MINUTE = 60
VISITED = ("account_opened", "password_chosen")


class Doors(Attacked):
    """A door whose notes a vault takes, or does not."""

    def __init__(self, folder: Path, vault: VaultBench) -> None:
        super().__init__(folder, PasswordHashes(memory_kib=64, iterations=1))
        self.vault, self.now, self.watcher = vault, vault.clock(), Seen()
        self.telling = self.another_process()

    def another_process(self) -> Telling:
        return Telling(self.store, lambda: self.outbox, self.counts, self.tell, self.watcher)

    def tell(self, notes: Sequence[DoorNote]) -> list[DoorEvent]:
        return self.vault.guard.signin.note(notes)

    def account_of(self, person: Person) -> str:
        ins = INS(person.ins.partition("|")[0], INS_NIR_TEST)
        opened = self.opening.open(
            ins, ContactKind.EMAIL, "zoe@example.fr", first_code=FirstCode.PRINTED, by=HOST
        )
        assert opened.letter is not None
        self.later(1)
        self.letter.choose(opened.identifier, opened.letter.code, PASSWORD, visitor())
        self.later(1)
        return opened.identifier

    def waiting(self) -> int:
        with self.store.reading() as tx:
            return len(tx.find("door_note"))

    def later(self, seconds: float) -> None:
        self.now += seconds
        self.vault.clock.advance(seconds)


@pytest.fixture
def doors(tmp_path: Path, vault: VaultBench) -> Doors:
    (tmp_path / "doors").mkdir()
    return Doors(tmp_path / "doors", vault)


def told(vault: VaultBench, person: Person) -> list[str]:
    found = [line for line in lines(vault, person) if line["action"] == "sign_in"]
    return [line.get("door_event", line["decision"]) for line in found]


@pytest.mark.requirement("R4")
def test_first_visit_sign_in_and_new_device_stand_on_the_own_chain_in_their_order(
    doors: Doors, person: Person
) -> None:
    doors.enter(doors.account_of(person))
    doors.telling.once()
    assert told(doors.vault, person) == [*VISITED, "signed_in", "new_device"]
    assert doors.waiting() == 0


def test_while_the_vault_is_away_people_sign_in_and_it_is_told_later(doors: Doors, person: Person) -> None:
    def away(_: Sequence[DoorNote]) -> list[DoorEvent]:
        raise CoffreError("away", code="vault_unavailable")

    identifier = doors.account_of(person)
    alone = Telling(doors.store, lambda: doors.outbox, doors.counts, away, doors.watcher)
    for _ in range(3):
        doors.enter(identifier)
        with pytest.raises(CoffreError):
            alone.once()
        doors.later(3600)
    doors.telling.once()
    assert told(doors.vault, person) == [*VISITED] + ["signed_in", "new_device"] * 3


def test_one_that_dies_before_it_forgets_has_told_it_once(doors: Doors, person: Person) -> None:
    """Its successor tells it again, and so may a process beside it at the same time."""

    def dies(notes: Sequence[DoorNote]) -> list[DoorEvent]:
        doors.tell(notes)
        raise CoffreError("the answer was not heard", code="vault_unavailable")

    doors.enter(doors.account_of(person))
    with suppress(CoffreError):
        Telling(doors.store, lambda: doors.outbox, doors.counts, dies, doors.watcher).once()
    both = [threading.Thread(target=doors.another_process().once) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert told(doors.vault, person) == [*VISITED, "signed_in", "new_device"]


def test_what_the_vault_does_not_take_holds_up_nothing_else(doors: Doors, person: Person) -> None:
    def picky(notes: Sequence[DoorNote]) -> list[DoorEvent]:
        if any(note.event is DoorEvent.NEW_DEVICE for note in notes):
            raise Invalid("not this one", code="bad_call")
        return doors.tell(notes)

    doors.enter(doors.account_of(person))
    Telling(doors.store, lambda: doors.outbox, doors.counts, picky, doors.watcher).once()
    assert told(doors.vault, person) == [*VISITED, "signed_in"]
    doors.later(3600)
    doors.telling.once()
    assert told(doors.vault, person)[-1] == "new_device"


@pytest.mark.requirement("R54")
def test_a_thousand_tries_are_a_handful_of_rows_and_two_lines(doors: Doors) -> None:
    """Nobody fills store or log by knocking; who watches is told once."""
    limit = THRESHOLDS.per_hour[DoorEvent.FIRST_STEP_WRONG]
    with doors.vault.logging() as seen:
        for each in range(limit // 100 + 2):
            for _ in range(100):
                doors.counts.note(Noted(DoorEvent.FIRST_STEP_WRONG, f"stranger {each}", "192.0.2.1"))
            doors.telling.once()
        assert doors.waiting() <= 2
        doors.later(2 * MINUTE)
        doors.telling.once()
    assert doors.waiting() == 0
    assert [event.told[:2] for event in seen] == [("sign_in", "deny"), ("sign_in", "permit")]
    assert [noted.who for noted in doors.watcher.events] == ["password_wrong"]


@pytest.mark.requirement("R4")
def test_tries_at_an_account_are_told_to_its_holder_without_saying_who(doors: Doors, person: Person) -> None:
    identifier = doors.account_of(person)
    for _ in range(3):
        with suppress(TooManyTries), pytest.raises(WrongPassword):
            doors.door.knock(identifier, "un autre mot de passe", visitor())
    here = visitor()
    doors.door.knock(identifier, PASSWORD, here)
    with pytest.raises(WrongCode):
        doors.door.enter("000000", here)
    doors.telling.once()
    doors.later(2 * MINUTE)
    doors.telling.once()
    assert sorted(told(doors.vault, person)) == [*VISITED, "wrong_code", "wrong_password"]


def test_no_row_that_waits_says_who_it_is_about(doors: Doors, person: Person, tmp_path: Path) -> None:
    identifier = doors.account_of(person)
    doors.enter(identifier)
    with pytest.raises(WrongPassword):
        doors.door.knock(identifier, "un autre mot de passe", visitor())
    doors.telling._write()
    assert doors.waiting() > 2
    kept = b"".join(path.read_bytes() for path in (tmp_path / "doors").iterdir())
    for secret in (person.ins.partition("|")[0], identifier, "signed_in", "password_wrong"):
        assert secret.encode() not in kept
