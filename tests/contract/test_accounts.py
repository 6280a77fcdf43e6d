"""Accounts on both engines: found by names, changed once; codes serve once, tries are counted together."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import uuid4

import pytest

from keyvault.credentials.account_keys import AccountKeys
from keyvault.crypto.envelope import KeyvaultError
from records.errors import CoffreError
from records.people.contacts import ContactKind
from sign_in.accounts.account import Account, AccountRows, AccountState
from sign_in.accounts.devices import KEPT, Devices
from sign_in.accounts.entries import Entries, Entry, NoCode
from sign_in.accounts.letters import ENDED_BY_RESTORE, DueMessage, Letters, begin_anew
from sign_in.accounts.linked import LinkedIdentities
from sign_in.accounts.online import LIFE_MS, AskedAccount, AskedAccounts
from sign_in.accounts.purposes import CHOOSES, TRIES_AFTER_MS, Purpose
from sign_in.accounts.purposes import LIFE_MS as LETTERS_LIFE
from sign_in.accounts.tries import ACCOUNT, TooManyTries, Tries
from sign_in.passkeys.challenges import ChallengeLapsed, Challenges, Use
from sign_in.passkeys.passkey import Passkey, Passkeys
from storage.accounts.tables import ACCOUNTS
from storage.vault_store.store import SqlVaultStore
from tests.contract.storage_adapters import open_database
from tests.services.fixtures_postgres import NewDatabase

KEYS = AccountKeys(bytes(range(32)))
ROWS, LETTERS, ENTRIES, TRIES, DEVICES = (
    AccountRows(KEYS),
    Letters(KEYS),
    Entries(KEYS),
    Tries(KEYS),
    Devices(KEYS),
)
PASSKEYS, CHALLENGES = Passkeys(KEYS), Challenges(KEYS)
LINKED, ASKED = LinkedIdentities(KEYS), AskedAccounts(KEYS)
INS = "277079999900167|1.2.250.1.213.1.4.10"
MINUTE = 60_000


@pytest.fixture
def store(new_database: NewDatabase) -> SqlVaultStore:
    return SqlVaultStore(open_database(new_database("accounts")), ACCOUNTS)


def an_account(**changes: object) -> Account:
    made = Account(
        account_id=uuid4(),
        state=AccountState.ACTIVE,
        identifier="K7QM4TX2B9",
        ins=INS,
        kind=ContactKind.EMAIL,
        contact="zoe@example.fr",
        password="$argon2id$",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.fixture
def account(store: SqlVaultStore) -> Account:
    account = an_account()
    with store.writing() as tx:
        ROWS.add(tx, account, 1)
    return account


class TestAccounts:
    def test_one_is_found_by_identifier_by_person_and_by_id(
        self, store: SqlVaultStore, account: Account
    ) -> None:
        with store.reading() as tx:
            for found in (
                ROWS.of_identifier(tx, "k7qm4-tx2b9"),
                ROWS.of_person(tx, INS),
                ROWS.of_id(tx, account.account_id),
            ):
                assert found == account
            assert ROWS.of_identifier(tx, "K7QM4-TX2B8") is None

    def test_a_person_has_one_and_an_identifier_is_of_one(
        self, store: SqlVaultStore, account: Account
    ) -> None:
        for other in (an_account(identifier="AAAAAAAAAA"), an_account(ins=INS.replace("167", "264"))):
            with pytest.raises(CoffreError) as error, store.writing() as tx:
                ROWS.add(tx, other, 1)
            assert error.value.code == "account_exists"

    def test_two_changes_at_once_do_not_both_count(self, store: SqlVaultStore, account: Account) -> None:
        with store.writing() as tx:
            changed = ROWS.change(tx, account, password="new")
        with pytest.raises(CoffreError) as error, store.writing() as tx:
            ROWS.change(tx, account, password="late")
        assert error.value.code == "account_changed"
        with store.reading() as tx:
            assert ROWS.of_id(tx, account.account_id) == changed

    def test_one_that_its_holder_has_just_changed_is_not_removed(
        self, store: SqlVaultStore, account: Account
    ) -> None:
        with store.writing() as tx:
            changed = ROWS.change(tx, account, state=AccountState.ACTIVE)
        with pytest.raises(CoffreError) as error, store.writing() as tx:
            ROWS.remove(tx, account)
        assert error.value.code == "account_changed"
        with store.reading() as tx:
            assert ROWS.of_id(tx, account.account_id) == changed

    def test_nothing_of_a_person_stands_in_a_row(self, store: SqlVaultStore, account: Account) -> None:
        with store.reading() as tx:
            row = tx.get("account", account_id=account.account_id)
        assert row is not None
        told = b"".join(value for value in row.values() if isinstance(value, bytes))
        for secret in (account.identifier, INS.partition("|")[0], account.contact, "argon2"):
            assert secret.encode() not in told

    def test_a_row_put_back_or_moved_does_not_open(self, store: SqlVaultStore, account: Account) -> None:
        other = an_account(identifier="AAAAAAAAAA", ins=INS.replace("167", "264"))
        with store.writing() as tx:
            old = tx.get("account", account_id=account.account_id)
            assert old is not None
            ROWS.change(tx, account, password="new")
            ROWS.add(tx, other, 1)
        for of in (account, other):
            with store.writing() as tx:
                tx.update("account", {"sealed": old["sealed"], "version": 2}, account_id=of.account_id)
            with pytest.raises(KeyvaultError), store.reading() as tx:
                ROWS.of_id(tx, of.account_id)


class TestLetters:
    def test_a_code_serves_once_for_its_account_in_its_time(
        self, store: SqlVaultStore, account: Account
    ) -> None:
        with store.writing() as tx:
            letter = LETTERS.draw(tx, account.account_id, Purpose.FIRST_VISIT, 1)
            assert LETTERS.use(tx, uuid4(), letter.code, 2) is None
            assert LETTERS.use(tx, account.account_id, letter.code, letter.expires) is None
            assert LETTERS.use(tx, account.account_id, letter.code.lower(), 2) is Purpose.FIRST_VISIT
            assert LETTERS.use(tx, account.account_id, letter.code, 3) is None

    def test_asking_again_does_not_spend_the_letter_that_is_under_way(
        self, store: SqlVaultStore, account: Account
    ) -> None:
        with store.writing() as tx:
            LETTERS.ask(tx, account.account_id, Purpose.RECOVERY, 1)
            assert LETTERS.asked(tx, 2) == [(account.account_id, Purpose.RECOVERY)]
            letter = LETTERS.draw(tx, account.account_id, Purpose.RECOVERY, 3)
            LETTERS.ask(tx, account.account_id, Purpose.RECOVERY, 4)
            assert LETTERS.asked(tx, 5) == []
            assert LETTERS.use(tx, account.account_id, letter.code, 6) is Purpose.RECOVERY

    def test_no_code_opens_a_letter_that_was_only_asked_for(
        self, store: SqlVaultStore, account: Account
    ) -> None:
        with store.writing() as tx:
            LETTERS.ask(tx, account.account_id, Purpose.RECOVERY, 1)
            assert LETTERS.use(tx, account.account_id, "", 2) is None

    def test_a_message_is_drawn_by_one_process_and_its_code_serves_once_a_day(
        self, store: SqlVaultStore, account: Account
    ) -> None:
        place, life = account.account_id, LETTERS_LIFE[Purpose.BROWSER]
        with store.writing() as tx:
            LETTERS.ask(tx, place, Purpose.BROWSER, 1)
            assert LETTERS.next_message(tx, 0) == DueMessage(place, 0), "by a clock that is behind"
            due = LETTERS.next_message(tx, 2)
            assert due == DueMessage(place, 0) and LETTERS.asked(tx, 2) == []
            code = LETTERS.draw_message(tx, due, 2)
            assert code is not None and LETTERS.draw_message(tx, due, 3) is None
            assert LETTERS.use(tx, place, code, 4) is None, "it chooses no password"
            LETTERS.put_back(tx, due, code, 5)
            assert not LETTERS.spend_message(tx, place, code, 5) and LETTERS.next_message(tx, 6) is None
            due = LETTERS.next_message(tx, 1 + TRIES_AFTER_MS[1])
            assert due == DueMessage(place, 1)
            again = LETTERS.draw_message(tx, due, 6)
            assert again is not None
            assert not LETTERS.spend_message(tx, uuid4(), again, 7)
            assert not LETTERS.spend_message(tx, place, again, 1 + life), "from the asking on, not the try"
            assert [LETTERS.spend_message(tx, place, again, 7) for _ in range(2)] == [True, False]
            LETTERS.ask(tx, place, Purpose.BROWSER, 8)
            assert LETTERS.next_message(tx, life) is None, "none leaves until its day is over"
            LETTERS.ask(tx, place, Purpose.BROWSER, 1 + life)
            assert LETTERS.next_message(tx, 2 + life) == DueMessage(place, 0)

    def test_what_nobody_has_stands_at_one_place_and_is_nobodys(self, store: SqlVaultStore) -> None:
        with store.writing() as tx:
            place = ROWS.place_of(tx, "AAAAA-AAAAA")
            assert place == ROWS.place_of(tx, "aaaaaaaaaa") != ROWS.place_of(tx, "BBBBBBBBBB")
            assert ROWS.of_id(tx, place) is None


class TestAskedAccounts:
    """Asked for online; whoever asked, none ends another's."""

    def asked(self, identifier: str = "AAAAAAAAAA", ins: str = INS) -> AskedAccount:
        kind, contact = ContactKind.TELEPHONE, "+33639980123"
        return AskedAccount(identifier=identifier, ins=ins, kind=kind, contact=contact, language="en")

    def test_several_stand_for_one_person_until_one_becomes_the_account(self, store: SqlVaultStore) -> None:
        other = INS.replace("167", "264")
        with store.writing() as tx:
            for identifier in ("AAAAAAAAAA", "BBBBBBBBBB"):
                ASKED.add(tx, self.asked(identifier), 1)
            ASKED.add(tx, self.asked("CCCCCCCCCC", other), 1)
            assert ASKED.of_identifier(tx, "aaaaa-aaaaa", 2) == self.asked()
            assert ASKED.ins_of(tx, ASKED.person_id(INS), 2) == INS
            ASKED.end(tx, INS)
            assert ASKED.of_identifier(tx, "BBBBBBBBBB", 2) is None
            assert ASKED.ins_of(tx, ASKED.person_id(INS), 2) is None
            assert ASKED.of_identifier(tx, "CCCCCCCCCC", 2) == self.asked("CCCCCCCCCC", other)

    def test_it_ends_and_is_swept_when_somebody_asks(self, store: SqlVaultStore) -> None:
        with store.writing() as tx:
            ASKED.add(tx, self.asked(), 1)
            assert ASKED.of_identifier(tx, "AAAAAAAAAA", 1 + LIFE_MS) is None
            assert ASKED.ins_of(tx, ASKED.person_id(INS), 1 + LIFE_MS) is None
            ASKED.add(tx, self.asked("BBBBBBBBBB"), 1 + LIFE_MS)
            assert len(tx.find("asked_account")) == 1

    def test_nothing_of_a_person_stands_in_a_row(self, store: SqlVaultStore) -> None:
        with store.writing() as tx:
            ASKED.add(tx, self.asked(), 1)
            (row,) = tx.find("asked_account")
        told = b"".join(value for value in row.values() if isinstance(value, bytes))
        for secret in ("AAAAAAAAAA", INS.partition("|")[0], "39980123"):
            assert secret.encode() not in told


@pytest.mark.requirement("R4")
class TestEntries:
    def test_a_code_is_right_once_in_its_browser_and_time(
        self, store: SqlVaultStore, account: Account
    ) -> None:
        entry = Entry(account.account_id, 1, "/choix")
        with store.writing() as tx:
            code = ENTRIES.begin(tx, "mine", entry, 1)
            assert len(code) == 6 and code.isdigit()
            other = ENTRIES.begin(tx, "other", entry, 1)
            assert ENTRIES.waiting(tx, "mine", 2) == entry
            assert (code == other) or not ENTRIES.is_code(tx, "other", code, 2)
            assert ENTRIES.is_code(tx, "mine", f" {code[:3]} {code[3:]}", 2)
            with pytest.raises(NoCode):
                ENTRIES.is_code(tx, "mine", code, 3)
            with pytest.raises(NoCode):
                ENTRIES.is_code(tx, "other", other, 1 + 10 * MINUTE)

    def test_five_wrong_ones_end_it(self, store: SqlVaultStore, account: Account) -> None:
        with store.writing() as tx:
            code = ENTRIES.begin(tx, "mine", Entry(account.account_id, 1, "/"), 1)
            wrong = f"{(int(code) + 1) % 10**6:06d}"
            assert not any(ENTRIES.is_code(tx, "mine", wrong, 2) for _ in range(5))
            with pytest.raises(NoCode):
                ENTRIES.is_code(tx, "mine", code, 3)


def test_of_many_browsers_the_last_used_are_known(store: SqlVaultStore, account: Account) -> None:
    with store.writing() as tx:
        met = [DEVICES.meet(tx, account.account_id, None, "Firefox", at) for at in range(KEPT + 5)]
        assert [each.name for each in DEVICES.all(tx, account.account_id)] == [
            each.name for each in reversed(met[5:])
        ]
        assert DEVICES.meet(tx, account.account_id, "short", "Firefox", 100).secret != "short"


def test_after_a_restore_nothing_serves_that_served_or_ended_since(
    store: SqlVaultStore, account: Account
) -> None:
    with store.writing() as tx:
        used = {each: LETTERS.draw(tx, account.account_id, each, 1).code for each in Purpose}
        code = ENTRIES.begin(tx, "mine", Entry(account.account_id, 1, "/"), 1)
        device = DEVICES.meet(tx, account.account_id, None, "Firefox", 1)
        held = {"session_id": uuid4(), "account_id": account.account_id, "device": device.name}
        tx.insert_new("session", held | {"began_at": 1, "expires": 100 * MINUTE})
        LINKED.link(tx, account.account_id, "https://provider.example", "someone", 1)
        assert begin_anew(tx) == len(CHOOSES)
        assert LINKED.holder(tx, "https://provider.example", "someone") is None
        assert [LETTERS.use(tx, account.account_id, each, 2) for each in used.values()] == [None] * len(
            Purpose
        )
        assert sorted(LETTERS.asked(tx, 2)) == sorted((account.account_id, each) for each in CHOOSES)
        assert LETTERS.next_message(tx, 2) is None, "nobody asks for one"
        with pytest.raises(NoCode):
            ENTRIES.is_code(tx, "mine", code, 2)
        assert DEVICES.all(tx, account.account_id) == [] == tx.find("session", account_id=account.account_id)


def test_every_table_says_what_a_restore_does_to_it() -> None:
    """Whoever adds one decides whether what it holds may come back."""
    kept = {"account", "asked_account", "challenge", "door_note", "letter", "tries"}
    assert ENDED_BY_RESTORE.keys() | kept == ACCOUNTS.tables.keys()
    assert not ENDED_BY_RESTORE.keys() & kept


class TestTries:
    def test_pauses_grow_and_end_and_are_forgiven(self, store: SqlVaultStore) -> None:
        whose, now, pauses = TRIES.of_identifier("K7QM4TX2B9"), 1, []
        with store.writing() as tx:
            for _ in range(ACCOUNT.free - 1):
                TRIES.count(tx, whose, now)
            for _ in range(10):
                TRIES.count(tx, whose, now)
                with pytest.raises(TooManyTries) as error:
                    TRIES.count(tx, whose, now)
                pauses.append(error.value.wait_s)
                now += error.value.wait_s * 1000
            assert pauses == [1, 2, 4, 8, 16, 32, 64, 120, 120, 120]
            TRIES.forgive(tx, whose)
            for _ in range(ACCOUNT.free):
                TRIES.count(tx, whose, now)

    def test_tries_during_a_pause_make_it_no_longer(self, store: SqlVaultStore) -> None:
        whose = TRIES.of_identifier("K7QM4TX2B9")
        with store.writing() as tx:
            for _ in range(ACCOUNT.free):
                TRIES.count(tx, whose, 1)
            for now in range(1, 1000, 50):
                with pytest.raises(TooManyTries):
                    TRIES.count(tx, whose, now)
            TRIES.count(tx, whose, 1001)

    def test_a_clock_that_was_ahead_keeps_nobody_out_for_long(self, store: SqlVaultStore) -> None:
        whose, ahead = TRIES.of_identifier("K7QM4TX2B9"), 30 * 86_400_000
        with store.writing() as tx:
            for _ in range(ACCOUNT.free):
                TRIES.count(tx, whose, ahead)
            for _ in range(ACCOUNT.free):
                TRIES.count(tx, whose, 1)
            with pytest.raises(TooManyTries):
                TRIES.count(tx, whose, 1)

    def test_a_right_try_takes_back_itself_alone(self, store: SqlVaultStore) -> None:
        (whose,) = TRIES.of_address("192.0.2.1")
        with store.writing() as tx:
            for _ in range(20):
                TRIES.count(tx, whose, 1)
            for _ in range(40):
                TRIES.count(tx, whose, 1)
                TRIES.take_back(tx, whose, 1)
            row = tx.get("tries", whose=whose.name)
        assert row is not None and row["failures"] == 20

    def test_many_at_once_are_all_counted(self, store: SqlVaultStore) -> None:
        whose = TRIES.of_identifier("K7QM4TX2B9")

        def one(_: int) -> bool:
            try:
                with store.writing() as tx:
                    TRIES.count(tx, whose, 1)
            except TooManyTries:
                return False
            return True

        with ThreadPoolExecutor(8) as pool:
            passed = sum(pool.map(one, range(24)))
        assert passed <= ACCOUNT.free


class TestLinkedIdentities:
    ISSUER = "https://provider.example"

    def test_one_of_each_account_and_each_of_one_account(
        self, store: SqlVaultStore, account: Account
    ) -> None:
        own, other = account.account_id, uuid4()
        with store.writing() as tx:
            LINKED.link(tx, own, self.ISSUER, "first", 1)
            LINKED.link(tx, own, self.ISSUER, "second", 2)
            assert LINKED.holder(tx, self.ISSUER, "first") is None
            assert LINKED.holder(tx, self.ISSUER, "second") == own
            assert LINKED.holder(tx, "https://another.example", "second") is None
        with pytest.raises(CoffreError) as error, store.writing() as tx:
            LINKED.link(tx, other, self.ISSUER, "second", 3)
        assert error.value.code == "identity_linked"
        with store.writing() as tx:
            LINKED.unlink(tx, own)
            assert not LINKED.is_linked(tx, own) and LINKED.holder(tx, self.ISSUER, "second") is None

    def test_a_row_that_was_moved_leads_into_no_other_account(
        self, store: SqlVaultStore, account: Account
    ) -> None:
        with store.writing() as tx:
            LINKED.link(tx, account.account_id, self.ISSUER, "own", 1)
            tx.update("linked_identity", {"account_id": uuid4()}, account_id=account.account_id)
            assert LINKED.holder(tx, self.ISSUER, "own") == account.account_id


class TestPasskeys:
    def a_passkey(self, account: Account, **changes: object) -> Passkey:
        made = Passkey(
            account_id=account.account_id,
            credential=b"credential",
            public=b"public",
            count=0,
            verifies=True,
            label="Mon téléphone",
            made_at=1,
        )
        return replace(made, **changes)  # type: ignore[arg-type]

    def test_one_is_found_by_its_id_and_listed_with_its_account(
        self, store: SqlVaultStore, account: Account
    ) -> None:
        first, second = self.a_passkey(account), self.a_passkey(account, credential=b"other", made_at=2)
        with store.writing() as tx:
            PASSKEYS.add(tx, first)
            PASSKEYS.add(tx, second)
            assert PASSKEYS.of_credential(tx, b"credential") == first
            assert PASSKEYS.of_credential(tx, b"unknown") is None
            assert PASSKEYS.all(tx, account.account_id) == [second, first]
            PASSKEYS.remove(tx, first)
            assert PASSKEYS.all(tx, account.account_id) == [second]
            PASSKEYS.remove_all(tx, account.account_id)
            assert PASSKEYS.all(tx, account.account_id) == []

    def test_one_that_was_removed_since_a_backup_does_not_come_back(
        self, store: SqlVaultStore, account: Account
    ) -> None:
        with store.writing() as tx:
            PASSKEYS.add(tx, self.a_passkey(account))
            begin_anew(tx)
            assert PASSKEYS.all(tx, account.account_id) == []

    def test_it_is_of_one_account(self, store: SqlVaultStore, account: Account) -> None:
        with store.writing() as tx:
            PASSKEYS.add(tx, self.a_passkey(account))
        with pytest.raises(CoffreError) as error, store.writing() as tx:
            PASSKEYS.add(tx, self.a_passkey(account, account_id=uuid4()))
        assert error.value.code == "passkey_known"

    def test_two_uses_at_once_do_not_both_count(self, store: SqlVaultStore, account: Account) -> None:
        passkey = self.a_passkey(account)
        with store.writing() as tx:
            PASSKEYS.add(tx, passkey)
            PASSKEYS.change(tx, passkey, count=7)
        with pytest.raises(CoffreError) as error, store.writing() as tx:
            PASSKEYS.change(tx, passkey, count=7)
        assert error.value.code == "passkey_changed"

    def test_a_row_put_back_or_moved_does_not_open(self, store: SqlVaultStore, account: Account) -> None:
        passkey = self.a_passkey(account)
        with store.writing() as tx:
            PASSKEYS.add(tx, passkey)
            old = tx.get("passkey", account_id=account.account_id)
            PASSKEYS.change(tx, passkey, count=7)
        assert old is not None
        for changes in ({"sealed": old["sealed"]}, {"account_id": uuid4()}):
            with pytest.raises(KeyvaultError), store.writing() as tx:
                tx.update("passkey", changes, passkey=old["passkey"])
                PASSKEYS.of_credential(tx, b"credential")

    def test_nothing_of_it_stands_in_a_row(self, store: SqlVaultStore, account: Account) -> None:
        with store.writing() as tx:
            PASSKEYS.add(tx, self.a_passkey(account))
            row = tx.get("passkey", account_id=account.account_id)
        assert row is not None
        told = b"".join(value for value in row.values() if isinstance(value, bytes))
        for secret in (b"credential", b"public", "Mon téléphone".encode()):
            assert secret not in told

    def test_a_challenge_serves_once_in_its_use_place_and_time(self, store: SqlVaultStore) -> None:
        drawn = CHALLENGES.draw(Use.ALONE, "browser", 1)
        wrong = (
            (drawn, Use.SECOND, "browser", 2),
            (drawn, Use.ALONE, "other", 2),
            (drawn, Use.ALONE, "browser", 1 + 10 * MINUTE),
            (drawn, Use.ALONE, "browser", 0),
            (drawn[:-1], Use.ALONE, "browser", 2),
            (b"", Use.ALONE, "browser", 2),
        )
        for each in wrong:
            with pytest.raises(ChallengeLapsed), store.writing() as tx:
                CHALLENGES.spend(tx, *each)
        with store.writing() as tx:
            CHALLENGES.spend(tx, drawn, Use.ALONE, "browser", 2)
        with pytest.raises(ChallengeLapsed), store.writing() as tx:
            CHALLENGES.spend(tx, drawn, Use.ALONE, "browser", 3)
        with store.writing() as tx:
            late = CHALLENGES.draw(Use.ALONE, "browser", 20 * MINUTE)
            CHALLENGES.spend(tx, late, Use.ALONE, "browser", 20 * MINUTE)
            assert len(tx.find("challenge")) == 1, "what is over is not kept"


class TestDevices:
    def test_a_browser_is_new_once_for_each_account(self, store: SqlVaultStore, account: Account) -> None:
        with store.writing() as tx:
            first = DEVICES.meet(tx, account.account_id, None, "Firefox, Linux", 1)
            again = DEVICES.meet(tx, account.account_id, first.secret, "Firefox, Linux", 2)
            other = DEVICES.meet(tx, uuid4(), first.secret, "Firefox, Linux", 3)
            assert [first.is_new, again.is_new, other.is_new] == [True, False, True]
            assert first.secret == other.secret and first.name != other.name
            (shown,) = DEVICES.all(tx, account.account_id)
            assert (shown.label, shown.first_at, shown.last_at) == ("Firefox, Linux", 1, 2)
            DEVICES.forget_all(tx, account.account_id)
            assert DEVICES.known(tx, account.account_id, first.secret) is None

    def test_one_that_is_expected_is_known_and_still_new(
        self, store: SqlVaultStore, account: Account
    ) -> None:
        with store.writing() as tx:
            secret = DEVICES.expect(tx, account.account_id, None, "Firefox, Linux", 1)
            assert DEVICES.expect(tx, account.account_id, secret, "Firefox, Linux", 2) == secret
            assert DEVICES.known(tx, account.account_id, secret) is not None
            assert DEVICES.all(tx, account.account_id) == [], "nobody has signed in with it"
            met = [DEVICES.meet(tx, account.account_id, secret, "Firefox, Linux", at) for at in (3, 4)]
            assert [each.is_new for each in met] == [True, False]
            assert DEVICES.expect(tx, account.account_id, secret, "Firefox, Linux", 5) == secret
            (shown,) = DEVICES.all(tx, account.account_id)
            assert (shown.first_at, shown.last_at) == (3, 4)
