"""Rotations killed half-way, mixed versions, a version that is gone (formats 6.10)."""

import itertools
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest

from keyvault.keys import rekeying
from keyvault.keys.keyring import Keyring
from keyvault.keys.rekeying import Moved, begin_shards, move_records, rotate_record_key
from keyvault.keys.root_rotation import EitherRoot, Rewrapped, rewrapped, rotate_root
from keyvault.process.guard import Guard
from keyvault.roots.file import FileRoot
from keyvault.roots.opening import create_root, open_root
from keyvault.roots.ports import BATCH, Root
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.operator.rotating import RecordRotated, ShardsBegun
from records.errors import CoffreError, NotFound, Refused
from records.vocabulary.codes import PurposeOfUse, Role
from tests.integration.vault.bench import DAY, HOUR, Deposited, Person, VaultBench
from tests.integration.vault.watched_store import Killed, WatchedStore
from tests.services.openbao import OpenBao

Filled = list[tuple[Person, Deposited]]
UNDER_THE_ROOT = {"secret", "shard", "meta"}


@pytest.fixture
def filled(vault: VaultBench) -> Filled:
    """Seven people with a document each; the first opposed both emergencies, the second one of them."""
    people = [vault.person() for _ in range(7)]
    vault.allow(people[0], bris_de_glace=False, centre_15=False)
    vault.allow(people[1], centre_15=False)
    for person in people:
        vault.authorise(person)
    return [(person, vault.deposit(person)) for person in people]


@pytest.fixture
def old(vault: VaultBench) -> Root:
    return FileRoot.open(vault.folder / "root.json", None)


@pytest.fixture
def new(vault: VaultBench) -> Root:
    return FileRoot.create(vault.folder / "new-root.json", None)


def start(vault: VaultBench, root: Root) -> Guard:
    """Starts the vault anew, and has the bench use it."""
    vault.guard = Guard(
        store=vault.store, day_keys=vault.days, root=root, settings=vault.settings, clock=vault.clock
    )
    vault.reader, vault.worker = vault.guard.reader, vault.guard.worker
    return vault.guard


def serves(vault: VaultBench, filled: Filled) -> bool:
    """Every document is still granted, and opens to what was deposited."""
    for person, deposited in filled:
        body = vault.granted(vault.doctor(), person, deposited)
        (blob,) = body.blobs
        assert blob.sealed.commitment == deposited.request.blobs[0].commitment
    return True


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(CoffreError) as caught:
        call()
    return caught.value.code


def branches(vault: VaultBench, person: Person) -> set[int]:
    rows = vault.sql("SELECT branch FROM record_key WHERE record_id=?", person.record_id.bytes)
    return {branch for (branch,) in rows}


def two_operators(vault: VaultBench) -> list[Call]:
    tokens = [vault.token(Role.OPERATOR, name) for name in ("first", "second")]
    return [Call(token=token, purpose=PurposeOfUse.MAINTENANCE) for token in tokens]


def rotate_shards(vault: VaultBench, keyring: Keyring, *shard_ids: int) -> None:
    begin_shards(vault.store, keyring, shard_ids)
    while move_records(vault.store, keyring).shards_left:
        pass


def finish(vault: VaultBench) -> int:
    """Move records until no shard is left; how many moved."""
    records, after, left = 0, None, 1
    while left:
        moved = vault.guard.operator.move_records(after)
        records, after, left = records + moved.records, moved.after, moved.shards_left
    return records


def rotated(vault: VaultBench, record_id: UUID) -> int:
    with vault.store.writing() as tx:
        return rotate_record_key(tx, vault.guard._vault.keyring, record_id)


class Kills:
    """Runs something again and again on equal databases, killed one statement later each time."""

    def __init__(self, vault: VaultBench, days: WatchedStore) -> None:
        self._vault, self._days = vault, days
        self._copy = vault.folder.with_name("before")
        self.points = 0

    def each(self, work: Callable[[], object]) -> Iterator[None]:
        self._vault.sql("PRAGMA wal_checkpoint(TRUNCATE)")
        with self._vault.sqlite("day_keys") as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copytree(self._vault.folder, self._copy)
        for store in (self._vault.store, self._days):
            for at in itertools.count():
                self._restore()
                if not self._killed(store, at, work):
                    break
                self.points += 1
                yield

    def _restore(self) -> None:
        for name in ("vault", "day_keys"):
            with self._vault.sqlite(name) as here, self._source(name) as there:
                there.backup(here)

    def _source(self, name: str) -> "closing[sqlite3.Connection]":
        return closing(sqlite3.connect(self._copy / f"{name}.db"))

    def _killed(self, store: WatchedStore, at: int, work: Callable[[], object]) -> bool:
        store.forget()
        store.fail = lambda number, _: number == at
        try:
            work()
        except Killed:
            return True
        finally:
            store.fail = None
        return False


@pytest.fixture
def days(vault: VaultBench) -> WatchedStore:
    return WatchedStore(vault.days)


@pytest.fixture
def kills(vault: VaultBench, days: WatchedStore) -> Kills:
    return Kills(vault, days)


class TestRoot:
    def test_it_moves_what_hangs_under_the_root_and_nothing_else(
        self, vault: VaultBench, filled: Filled, old: Root, new: Root
    ) -> None:
        before = vault.dump()
        assert rotate_root(vault.store, vault.days, old, new) == Rewrapped(7 + 4 + 2, 0)
        after = vault.dump()
        assert {name for name in before if before[name] != after[name]} == UNDER_THE_ROOT
        assert code_of(lambda: Keyring(vault.store, old)) == "root_unwrap_failed"
        start(vault, new)
        assert serves(vault, filled)
        vault.deposit(vault.person())

    def test_a_submission_of_before_is_taken_after(
        self, vault: VaultBench, person: Person, old: Root, new: Root
    ) -> None:
        received = vault.receive(ins=person.ins)
        rotate_root(vault.store, vault.days, old, new)
        start(vault, new)
        assert not isinstance(vault.take(received), Denied)

    def test_killed_anywhere_it_goes_on_to_the_end(
        self, vault: VaultBench, filled: Filled, days: WatchedStore, kills: Kills, old: Root, new: Root
    ) -> None:
        running = vault.guard
        for _ in kills.each(lambda: rotate_root(vault.store, days, old, new)):
            for root in (old, new):
                try:
                    start(vault, root)
                except CoffreError as error:
                    assert error.code in {"root_rotation_unfinished", "root_unwrap_failed"}
            vault.guard, vault.reader = running, running.reader
            assert serves(vault, filled[:1])
            done = rotate_root(vault.store, vault.days, old, new)
            assert done.moved + done.before == 7 + 4 + 2
            start(vault, new)
            assert serves(vault, filled[:2])
        assert kills.points > 25

    def test_a_start_half_way_says_what_to_do(
        self, vault: VaultBench, days: WatchedStore, old: Root, new: Root
    ) -> None:
        vault.store.fail = lambda _, statement: (statement.verb, statement.table) == ("update", "shard")
        vault.store.forget()
        with pytest.raises(Killed):
            rotate_root(vault.store, days, old, new)
        vault.store.fail = None
        for root in (old, new):
            assert code_of(lambda root=root: start(vault, root)) == "root_rotation_unfinished"
        rotate_root(vault.store, vault.days, old, new)
        start(vault, new)

    def test_either_root_starts_a_vault_at_any_point(
        self, vault: VaultBench, filled: Filled, days: WatchedStore, kills: Kills, old: Root, new: Root
    ) -> None:
        """So that the operators of a second try are on the log, too."""
        either = EitherRoot(old, new)
        for _ in kills.each(lambda: rotate_root(vault.store, days, old, new)):
            assert start(vault, either).operator.announce_root(two_operators(vault), "a", "b") is None
        assert serves(vault, filled)

    def test_progress_is_told(self, vault: VaultBench, old: Root, new: Root) -> None:
        heard: list[tuple[int, int]] = []
        rotate_root(vault.store, vault.days, old, new, told=lambda done, of: heard.append((done, of)))
        assert heard == [(7, 13), (11, 13), (13, 13)]

    def test_done_again_it_finds_everything_done(self, vault: VaultBench, old: Root, new: Root) -> None:
        rotate_root(vault.store, vault.days, old, new)
        assert rotate_root(vault.store, vault.days, old, new) == Rewrapped(0, 13)

    def test_a_vault_that_runs_on_makes_no_day_key_by_the_old_root(
        self, vault: VaultBench, old: Root, new: Root
    ) -> None:
        vault.publish_day_keys()
        rotate_root(vault.store, vault.days, old, new)
        vault.clock.advance(DAY)
        assert code_of(vault.guard.housekeeper.day_keys) == "root_rotated"
        start(vault, new)
        vault.publish_day_keys()
        vault.deposit(vault.person())

    def test_a_third_root_is_refused_and_changes_nothing(
        self, vault: VaultBench, tmp_path: Path, new: Root
    ) -> None:
        third = FileRoot.create(tmp_path / "third.json", None)
        before = vault.dump()
        assert code_of(lambda: rotate_root(vault.store, vault.days, third, new)) == "root_rotation_neither"
        after = vault.dump()
        assert {name for name in before if before[name] != after[name]} == {"meta"}

    def test_a_root_that_stops_answering_leaves_it_to_be_run_again(
        self, vault: VaultBench, filled: Filled, old: Root, tmp_path: Path
    ) -> None:
        from tests.services import openbao

        with openbao.running(tmp_path / "bao") as bao:
            new = create_root(bao.url(), environ=bao.environ).root
        assert code_of(lambda: rotate_root(vault.store, vault.days, old, new)) == "root_unreachable"
        file = FileRoot.create(tmp_path / "another.json", None)
        rotate_root(vault.store, vault.days, old, file)
        start(vault, file)
        assert serves(vault, filled)

    def test_a_few_moved_keys_in_a_batch_are_found(self, old: Root, new: Root) -> None:
        keys = [number.to_bytes(32, "big") for number in range(BATCH)]
        contexts = [b"%d" % number for number in range(BATCH)]
        items = list(zip(keys, contexts, strict=True))
        wraps = old.wrap_many(items)
        for moved in (0, 17, BATCH - 1):
            wraps[moved] = new.wrap(*items[moved])
        found = rewrapped(list(zip(wraps, contexts, strict=True)), old, new)
        assert [number for number, wrap in enumerate(found) if wrap is None] == [0, 17, BATCH - 1]
        opened = [w or wraps[at] for at, w in enumerate(found)]
        assert new.unwrap_many(list(zip(opened, contexts, strict=True))) == keys

    def test_the_engine_took_a_new_version_and_trimmed_the_old(
        self, vault: VaultBench, filled: Filled, old: Root, open_bao: OpenBao
    ) -> None:
        address, key = open_bao.url("vault-root"), "transit/keys/vault-root"
        transit = create_root(address, environ=open_bao.environ).root
        rotate_root(vault.store, vault.days, old, transit)
        open_bao.ask("POST", f"{key}/rotate")
        trimmed = {"min_decryption_version": 2}
        open_bao.ask("POST", f"{key}/config", trimmed)
        assert code_of(lambda: start(vault, transit)) == "root_unwrap_failed"
        open_bao.ask("POST", f"{key}/config", {"min_decryption_version": 1})
        rotate_root(vault.store, vault.days, transit, transit)
        open_bao.ask("POST", f"{key}/config", trimmed)
        start(vault, open_root(address, environ=open_bao.environ))
        assert serves(vault, filled)


class TestShard:
    @pytest.fixture(autouse=True)
    def small_batches(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(rekeying, "RECORDS", 1)

    @staticmethod
    def all_shards(vault: VaultBench) -> None:
        keyring = vault.guard._vault.keyring
        rotate_shards(vault, keyring, *range(keyring.shard_count))

    def test_every_record_moves_and_the_old_keys_are_gone(self, vault: VaultBench, filled: Filled) -> None:
        before = {person.ins: branches(vault, person) for person, _ in filled}
        self.all_shards(vault)
        assert vault.sql("SELECT DISTINCT shard_version FROM record") == [(2,)]
        assert vault.sql("SELECT DISTINCT shard_version FROM record_key") == [(2,)]
        assert vault.sql("SELECT state, wrap FROM shard WHERE version=1") == [("destroyed", b"")] * 4
        assert {person.ins: branches(vault, person) for person, _ in filled} == before
        assert serves(vault, filled)
        vault.guard = vault.another_process()
        assert serves(vault, filled)

    def test_it_touches_keys_alone(self, vault: VaultBench, filled: Filled) -> None:
        before = vault.dump()
        self.all_shards(vault)
        after = vault.dump()
        changed = {name for name in before if before[name] != after[name]}
        assert changed == {"shard", "record", "record_key"}

    def test_killed_anywhere_both_versions_open_and_it_goes_on(
        self, vault: VaultBench, filled: Filled, kills: Kills
    ) -> None:
        shard = filled[0][0].record_id.int % 4
        before = {person.ins: branches(vault, person) for person, _ in filled}
        for _ in kills.each(lambda: rotate_shards(vault, vault.another_process()._vault.keyring, shard)):
            guard = vault.guard = vault.another_process()
            vault.reader, vault.worker = guard.reader, guard.worker
            assert serves(vault, filled)
            rotate_shards(vault, guard._vault.keyring, shard)
            assert vault.sql("SELECT count(*) FROM shard WHERE state='retiring'") == [(0,)]
            assert serves(vault, filled)
            assert {person.ins: branches(vault, person) for person, _ in filled} == before
        assert kills.points > 15

    def test_a_new_record_never_hangs_under_a_retiring_version(
        self, vault: VaultBench, filled: Filled
    ) -> None:
        stale = vault.another_process()
        self.all_shards(vault)
        vault.guard, vault.reader, vault.worker = stale, stale.reader, stale.worker
        people = [vault.person() for _ in range(8)]
        assert vault.sql("SELECT DISTINCT shard_version FROM record") == [(2,)]
        vault.allow(people[0], bris_de_glace=False)
        vault.allow(people[0], bris_de_glace=True)
        assert serves(vault, filled)

    def test_a_version_that_is_gone_is_a_clear_error(self, vault: VaultBench, filled: Filled) -> None:
        vault.sql("UPDATE shard SET state='destroyed', wrap=x''")
        vault.sql("INSERT INTO shard SELECT shard_id, 2, x'00', 'destroyed' FROM shard WHERE shard_id=0")
        keyring = vault.guard._vault.keyring
        keyring.refresh()
        with pytest.raises(CoffreError) as caught:
            serves(vault, filled)
        assert caught.value.code == "shard_missing"

    def test_there_must_be_such_a_shard(self, vault: VaultBench) -> None:
        with pytest.raises(NotFound):
            rotate_shards(vault, vault.guard._vault.keyring, 99)

    @pytest.mark.requirement("R48")
    def test_two_operators_ask_for_it_and_the_log_says_so(self, vault: VaultBench, filled: Filled) -> None:
        with vault.logging() as seen:
            assert vault.guard.operator.begin_shards(two_operators(vault)) == ShardsBegun(shards=4, begun=4)
        assert [event.told for event in seen] == [("root", "permit", "operator")] * 2
        assert vault.sql("SELECT kind FROM replay ORDER BY replay_id DESC LIMIT 1") == [("shard",)]
        assert serves(vault, filled)
        assert finish(vault) == len(filled) + 1  # and the record of nobody
        assert vault.sql("SELECT DISTINCT shard_version FROM record") == [(2,)]
        assert serves(vault, filled)

    def test_the_token_of_a_moment_serves_a_rotation_of_hours(
        self, vault: VaultBench, filled: Filled
    ) -> None:
        vault.guard.operator.begin_shards(two_operators(vault))
        vault.clock.advance(5 * HOUR)
        assert finish(vault) == len(filled) + 1

    def test_cut_off_it_is_asked_for_again_and_begins_nothing_anew(
        self, vault: VaultBench, filled: Filled
    ) -> None:
        vault.guard.operator.begin_shards(two_operators(vault))
        vault.guard.operator.move_records()
        vault.guard = vault.another_process()
        assert vault.guard.operator.begin_shards(two_operators(vault)).begun == 0  # type: ignore[union-attr]
        finish(vault)
        assert vault.sql("SELECT max(version) FROM shard") == [(2,)]
        vault.reader, vault.worker = vault.guard.reader, vault.guard.worker
        assert serves(vault, filled)

    def test_who_is_wrong_about_where_it_was_destroys_nothing(
        self, vault: VaultBench, filled: Filled
    ) -> None:
        vault.guard.operator.begin_shards(two_operators(vault))
        left = 4
        while left:
            left = vault.guard.operator.move_records(UUID(int=2**128 - 1)).shards_left
        assert vault.sql("SELECT DISTINCT shard_version FROM record") == [(2,)]
        assert serves(vault, filled)

    def test_nothing_moves_unless_it_was_begun(self, vault: VaultBench, filled: Filled) -> None:
        before = vault.dump()
        assert vault.guard.operator.move_records() == Moved(0, None, 0)
        assert vault.dump() == before

    def test_a_vault_under_the_former_root_begins_none(self, vault: VaultBench, old: Root, new: Root) -> None:
        rotate_root(vault.store, vault.days, old, new)
        calls = two_operators(vault)
        assert code_of(lambda: vault.guard.operator.begin_shards(calls)) == "root_rotated"
        start(vault, new)
        assert vault.guard.operator.begin_shards(calls) == ShardsBegun(shards=4, begun=4)

    def test_one_operator_alone_is_refused_and_has_a_line(self, vault: VaultBench) -> None:
        before = vault.dump()["shard"]
        one, renewed = vault.operator(), [Call(token=vault.token(Role.OPERATOR, "first")) for _ in range(2)]
        with vault.logging() as seen:
            # two tokens of one person are one operator
            for calls in ([one], [one] * 2, renewed, [], [*two_operators(vault)] * 2):
                with pytest.raises(Refused) as caught:
                    vault.guard.operator.begin_shards(calls)
                assert caught.value.code == "two_operators"
        assert vault.dump()["shard"] == before
        assert {event.told for event in seen} == {("root", "deny", "not_authorised")}
        assert sum(vault.actor_of(event, one.token) for event in seen) == 1, "once an hour"
        assert [event.line["rotation"] for event in seen] == ["shards"] * len(seen)

    def test_a_forged_operator_has_a_line_on_the_log(self, vault: VaultBench) -> None:
        calls = [two_operators(vault)[0], Call(token="forged")]
        with vault.logging() as seen:
            assert code_of(lambda: vault.guard.operator.begin_shards(calls)) == "token_invalid"
        assert [event.told[:2] for event in seen] == [("authenticate", "deny")]

    def test_nobody_else_rotates(self, vault: VaultBench, person: Person) -> None:
        calls = [vault.doctor(), person.call]
        with vault.logging() as seen:
            assert isinstance(vault.guard.operator.begin_shards(calls), Denied)
            assert isinstance(vault.guard.operator.announce_root(calls, "a", "b"), Denied)
            assert isinstance(vault.guard.operator.rotate_record(calls, person.ins), Denied)
        assert [event.told[:2] for event in seen] == [("root", "deny")]  # the others are counted (ADR 13)


class TestRecord:
    def test_everything_under_the_record_moves(self, vault: VaultBench, filled: Filled) -> None:
        before = {person.ins: branches(vault, person) for person, _ in filled}
        events = [vault.reader.events(person.call, person.record_id) for person, _ in filled]
        for person, _ in filled:
            assert rotated(vault, person.record_id) == 2
        for table in ("record_key", "wrapped_key", "blob"):
            rows = vault.sql(
                f"SELECT DISTINCT key_version FROM {table} WHERE record_id IN "  # noqa: S608
                "(SELECT record_id FROM record WHERE kind='person')"
            )
            assert rows == [(2,)]
        assert {person.ins: branches(vault, person) for person, _ in filled} == before
        assert serves(vault, filled)
        assert len(events) == len(filled)
        person = filled[0][0]
        vault.allow(person)
        assert branches(vault, person) == {1, 2, 3}
        vault.deposit(person, b"%PDF-1.7 another")

    def test_the_old_key_opens_nothing_any_more(self, vault: VaultBench, filled: Filled) -> None:
        person, _ = filled[0]
        old_row = vault.dump()["record_key"]
        rotated(vault, person.record_id)
        columns = "record_id, branch, key_version, shard_version, wrap"
        old = next(row for row in old_row if row[:2] == (person.record_id.bytes, 1))
        vault.sql("DELETE FROM record_key WHERE record_id=? AND branch=1", person.record_id.bytes)
        vault.sql(f"INSERT INTO record_key ({columns}) VALUES (?,?,?,?,?)", *old)  # noqa: S608
        assert code_of(lambda: serves(vault, filled[:1])) == "key_unwrap_failed"

    def test_killed_anywhere_nothing_changed(self, vault: VaultBench, filled: Filled, kills: Kills) -> None:
        person, _ = filled[1]
        before = None
        for _ in kills.each(lambda: rotated(vault, person.record_id)):
            before = before or vault.dump()
            assert vault.dump() == before
        assert kills.points > 10
        assert serves(vault, filled)

    def test_it_is_on_the_log_with_its_replay(self, vault: VaultBench, filled: Filled) -> None:
        person, _ = filled[2]
        with vault.logging() as seen:
            found = vault.guard.operator.rotate_record(two_operators(vault), person.ins)
        assert found == RecordRotated(person.public_id, 2)
        assert [event.told for event in seen] == [("root", "permit", "operator")] * 2
        assert all(event.entry.record is not None for event in seen)
        assert vault.sql("SELECT kind FROM replay ORDER BY replay_id DESC LIMIT 1") == [
            ("blob+record+record_key+wrapped_key",)
        ]
        assert serves(vault, filled)

    def test_there_must_be_such_a_record(self, vault: VaultBench, person: Person) -> None:
        with pytest.raises(NotFound):
            rotated(vault, UUID(int=7))
        with vault.logging() as seen, pytest.raises(NotFound):
            vault.guard.operator.rotate_record(two_operators(vault), str(UUID(int=7)))
        assert [event.told for event in seen] == [("root", "deny", "no_such_record")] * 2
