"""Letters are written before their codes are kept, and named after: none is lost, and none is false."""

import json
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from coffre.installation.letter_folder import LetterFolder
from records.errors import CoffreError
from records.people.identity import INS
from sign_in.accounts.forgetting import ENDING, Forgetting
from sign_in.accounts.online import LIFE_MS
from sign_in.accounts.printing import Printed
from sign_in.accounts.purposes import Purpose, Waiting, waiting
from sign_in.accounts.tries import Tries
from sign_in.store import AccountStore, AccountTransaction
from sign_in.watching.repeating import Repeating
from storage.accounts.tables import ACCOUNTS
from tests.integration.support import new_ins
from tests.integration.test_opening_attacks import VICTIM, Doors
from tests.integration.test_sign_in_attacks import KEYS, OID, visitor


class Killed(BaseException):
    """No handler of ours is reached by it, as by kill -9."""


class Fixture(Doors):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.letters = folder / "letters"
        self.folder = LetterFolder(self.letters)

    def ask_for_letters(self) -> list[INS]:
        """One of each purpose: online, of an account that is there, and of one that a doctor opened."""
        lost, opened, online = self.account(), INS(new_ins(), OID), INS(new_ins(), OID)
        self.code_requests.ask(lost, Purpose.RECOVERY, visitor())
        self.by_doctor(opened)
        self.identifier = self.ask(online, VICTIM)
        return [self.holders[lost], opened, online]

    def read(self) -> dict[str, dict[str, str]]:
        found = [json.loads(file.read_text()) for file in self.letters.glob("letter-*.json")]
        assert len({each["recipient"] for each in found}) == len(found)
        return {each["recipient"]: each for each in found}

    def lying(self) -> int:
        return len(list(self.letters.iterdir()))


@pytest.fixture
def doors(tmp_path: Path) -> Fixture:
    return Fixture(tmp_path)


def test_a_run_names_whole_letters_alone_and_prints_each_once(doors: Fixture) -> None:
    people = doors.ask_for_letters()
    assert doors.folder.fill(doors.host) == 3 and doors.folder.fill(doors.host) == 0
    assert doors.read().keys() == {ins.value for ins in people} and doors.lying() == 3
    doors.choose(doors.identifier, doors.read()[people[2].value]["code"], VICTIM)
    assert {file.stat().st_mode & 0o777 for file in doors.letters.iterdir()} == {0o600}


def test_what_was_written_before_the_store_failed_is_gone_and_is_printed_by_the_next_run(
    doors: Fixture,
) -> None:
    people = doors.ask_for_letters()
    with pytest.raises(Killed):
        doors.host.all(_then_killed(doors.folder))
    assert doors.lying() == 3 and doors.read() == {}, "nothing lies there as if it were good"
    (doors.letters / "letter-00.json.part").write_text('{"recipi')
    assert doors.folder.fill(doors.host) == 3 and doors.lying() == 3
    doors.choose(doors.identifier, doors.read()[people[2].value]["code"], VICTIM)


def test_a_run_killed_once_the_store_had_the_codes_lost_none(doors: Fixture) -> None:
    people = doors.ask_for_letters()
    doors.host.all(doors.folder.write)
    assert doors.read() == {}
    assert doors.folder.fill(doors.host) == 3 and doors.lying() == 3
    doors.choose(doors.identifier, doors.read()[people[2].value]["code"], VICTIM)


def test_a_holder_is_told_of_an_account_asked_for_once_the_letters_are_written(doors: Fixture) -> None:
    identifier = doors.account()
    doors.ask(doors.holders[identifier], VICTIM)
    with pytest.raises(Killed):
        doors.host.all(_then_killed(doors.folder))
    assert doors.mailbox.texts == []
    doors.folder.fill(doors.host)
    assert len(doors.mailbox.texts) == 1 and doors.lying() == 0


def test_every_table_whose_rows_end_is_forgotten_in_time() -> None:
    assert {name for name, table in ACCOUNTS.tables.items() if "expires" in table.c} == {*ENDING}


def test_what_has_ended_goes_though_nobody_prints_asks_or_comes_in(doors: Fixture) -> None:
    doors.ask_for_letters()
    with doors.store.writing() as tx:
        Tries(KEYS).count_all(tx, Tries(KEYS).of_address("192.0.2.1"), int(doors.clock() * 1000))
    with doors.store.reading() as tx:
        before = {table: len(tx.find(table)) for table in ENDING}
    assert before["letter"] >= 3 and before["asked_account"] == 1 and before["tries"] >= 1
    Forgetting(doors.store, doors.clock).once()
    with doors.store.reading() as tx:
        assert {table: len(tx.find(table)) for table in ENDING} == before, "nothing has ended yet"
    doors.now += LIFE_MS / 1000
    with forgetting(doors.store, doors.clock):
        wait_until_left(doors, 0)
    with doors.store.reading() as tx:
        assert len(tx.find("account")) == 2, "an account does not end"


def forgetting(store: AccountStore, clock: Callable[[], float]) -> AbstractContextManager[None]:
    """As the process has it, but at once."""
    return Repeating("forgetting", Forgetting(store, clock).once, "failed", 0.01).running()


def wait_until_left(doors: Fixture, expected: int) -> None:
    limit = time.monotonic() + 30
    while left(doors) != expected:
        assert time.monotonic() < limit, left(doors)
        time.sleep(0.01)


def left(doors: Fixture) -> int:
    with doors.store.reading() as tx:
        return sum(len(tx.find(table)) for table in ENDING)


def test_a_store_that_is_away_is_asked_again(doors: Fixture) -> None:
    doors.ask_for_letters()
    doors.now += LIFE_MS / 1000
    store = Away(doors.store)
    with forgetting(store, doors.clock):
        wait_until_left(doors, 0)
    assert store.asked > 1


class Away:
    """Does not answer the first time."""

    def __init__(self, store: AccountStore) -> None:
        self._store, self.asked = store, 0

    def writing(self) -> AbstractContextManager[AccountTransaction]:
        self.asked += 1
        if self.asked == 1:
            raise CoffreError("The store is away.", code="store_unavailable")
        return self._store.writing()

    def reading(self) -> AbstractContextManager[AccountTransaction]:
        return self._store.reading()


def test_letters_wait_from_when_they_are_asked_for_until_they_are_printed(doors: Fixture) -> None:
    def told() -> Waiting:
        with doors.store.reading() as tx:
            return waiting(tx, int(doors.clock() * 1000))

    assert told() == Waiting(0, None)
    doors.ask_for_letters()
    doors.now += 3_600
    doors.ask(INS(new_ins(), OID), VICTIM)
    assert told() == Waiting(4, 3_600)
    doors.folder.fill(doors.host)
    assert told() == Waiting(0, None)


def _then_killed(folder: LetterFolder) -> Callable[[Sequence[Printed]], None]:
    def write(letters: Sequence[Printed]) -> None:
        folder.write(letters)
        raise Killed

    return write
