"""The second place: what a restored vault needs is there before a checkpoint is shown, and brings it back."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from audit.checkpoint import parse_text
from audit.view import LogFault
from keyvault.restore import shipping
from keyvault.restore.frozen import freeze
from keyvault.restore.second_place import Checkpoints, checkpoint_name, segment_name
from keyvault.verbs.call import Call
from keyvault.verbs.reader.holder.changing import Changed
from records.errors import CoffreError, NotFound
from records.vocabulary.codes import PurposeOfUse, Role
from storage.objects.kept_files import KeptFiles
from tests.integration.vault.bench import DAY, Deposited, Person, VaultBench
from tests.integration.vault.watched_store import Killed


@pytest.fixture
def place(tmp_path: Path) -> KeptFiles:
    return KeptFiles(tmp_path / "second")


@pytest.fixture
def shipping_vault(vault: VaultBench, place: KeptFiles) -> VaultBench:
    return restarted(vault, place)


def restarted(vault: VaultBench, place: KeptFiles) -> VaultBench:
    vault.second_place = place
    vault.guard = vault.another_process()
    vault.reader, vault.worker = vault.guard.reader, vault.guard.worker
    return vault


def shipped(vault: VaultBench) -> int:
    """Sequence, sign and ship; how many entries the second place has."""
    vault.sequence()
    vault.guard.housekeeper.checkpoint()
    vault.clock.advance(11)  # another process may hold the lease
    size = vault.guard.housekeeper.ship()
    assert size is not None
    return size


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(CoffreError) as caught:
        call()
    return caught.value.code


def parts(place: KeptFiles, number: int) -> int:
    part = 0
    while place.read(segment_name(number, part)) is not None:
        part += 1
    return part


class TestShipping:
    def test_a_checkpoint_is_shown_once_it_is_shipped(
        self, shipping_vault: VaultBench, person: Person
    ) -> None:
        vault = shipping_vault
        vault.sequence()
        note = vault.guard.housekeeper.checkpoint()
        with pytest.raises(NotFound):
            vault.guard.public.last_checkpoint()
        assert vault.guard.housekeeper.ship() == 1
        assert vault.guard.public.last_checkpoint() == note
        assert vault.guard.inspector.status()["log_shipped"] == 1

    def test_without_a_second_place_nothing_waits(self, vault: VaultBench, person: Person) -> None:
        vault.sequence()
        note = vault.guard.housekeeper.checkpoint()
        assert vault.guard.housekeeper.ship() is None
        assert vault.guard.public.last_checkpoint() == note

    def test_each_step_has_one_checkpoint_and_what_led_to_it(
        self, shipping_vault: VaultBench, place: KeptFiles
    ) -> None:
        vault, sizes = shipping_vault, []
        for _ in range(3):
            vault.person()
            sizes.append(shipped(vault))
        assert shipped(vault) == sizes[-1]  # nothing new, nothing written
        public = vault.public_key("checkpoint")
        kept = [Checkpoints(place, vault.settings.origin, public).at(number) for number in range(4)]
        assert [each and each.checkpoint.size for each in kept] == [*sizes, None]
        assert [parts(place, number) for number in range(4)] == [1, 1, 1, 0]

    def test_a_long_way_is_many_parts(
        self, shipping_vault: VaultBench, place: KeptFiles, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(shipping, "ROWS", 2)
        for _ in range(5):
            shipping_vault.person()
        assert shipped(shipping_vault) == 5
        assert parts(place, 0) == 3

    def test_nothing_of_it_is_readable(
        self, shipping_vault: VaultBench, place: KeptFiles, person: Person
    ) -> None:
        shipped(shipping_vault)
        segment = place.read(segment_name(0, 0)) or b""
        for word in (b"open_record", str(person.public_id).encode(), person.ins.encode(), b"leaf"):
            assert word not in segment

    def test_cut_off_anywhere_the_next_process_goes_on(
        self, shipping_vault: VaultBench, place: KeptFiles, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(shipping, "ROWS", 2)
        vault, put = shipping_vault, place.put_locked
        for puts in range(6):
            for _ in range(3):
                vault.person()
            left = [puts]

            def cut(name: str, note: bytes, until: float, left: list[int] = left) -> None:
                if not left[0]:
                    raise OSError("cut off")
                left[0] -= 1
                put(name, note, until)

            vault.sequence()
            vault.guard.housekeeper.checkpoint()
            vault.clock.advance(11)
            monkeypatch.setattr(place, "put_locked", cut)
            with suppress(OSError):
                vault.guard.housekeeper.ship()
            monkeypatch.setattr(place, "put_locked", put)
            vault.person()  # the log has grown since: what stands there already decides
            restarted(vault, place)
            shipped(vault)
            assert shipped(vault) == vault.guard.inspector.status()["log_size"]
        last = Checkpoints(place, vault.settings.origin, vault.public_key("checkpoint")).last()
        assert last is not None and vault.guard.inspector.verify_log([last.note]).size == last.checkpoint.size

    def test_two_processes_ship_one_history(self, shipping_vault: VaultBench, place: KeptFiles) -> None:
        vault, other = shipping_vault, shipping_vault.another_process()
        for guard in (vault.guard, other, vault.guard, other):
            vault.person()
            vault.sequence()
            guard.housekeeper.checkpoint()
            vault.clock.advance(11)
            guard.housekeeper.ship()
        last = Checkpoints(place, vault.settings.origin, vault.public_key("checkpoint")).last()
        assert last is not None and (last.number, last.checkpoint.size) == (3, 4)

    def test_segments_go_after_seven_days_and_checkpoints_stay(
        self, shipping_vault: VaultBench, place: KeptFiles
    ) -> None:
        """Shredding must not be undone by a wrap that was shipped."""
        vault = shipping_vault
        vault.person()
        shipped(vault)
        assert vault.guard.housekeeper.forget_shipped() == 0
        vault.clock.advance(7 * DAY + 60)
        vault.person()
        shipped(vault)
        assert vault.guard.housekeeper.forget_shipped() == 1
        assert (parts(place, 0), parts(place, 1)) == (0, 1)
        assert place.read(checkpoint_name(0)) is not None

    def test_another_history_is_not_shipped_over_this_one(
        self, shipping_vault: VaultBench, place: KeptFiles, tmp_path: Path
    ) -> None:
        vault = shipping_vault
        vault.person()
        shipped(vault)
        fork = vault.copied(tmp_path / "fork")
        vault.person()
        shipped(vault)
        restarted(fork, place)
        fork.person()
        fork.person()
        assert code_of(lambda: shipped(fork)) == "second_place_forked"
        fork.close()


class TestVerifying:
    def test_a_vault_rolled_back_is_found_out(
        self, shipping_vault: VaultBench, place: KeptFiles, tmp_path: Path
    ) -> None:
        """A whole older database is sound in itself; what stands elsewhere tells."""
        vault = shipping_vault
        vault.person()
        shipped(vault)
        older = vault.copied(tmp_path / "older")
        vault.person()
        shipped(vault)
        last = Checkpoints(place, vault.settings.origin, vault.public_key("checkpoint")).last()
        assert last is not None
        assert vault.guard.inspector.verify_log([last.note]).size == 2
        restarted(older, place)
        assert older.guard.inspector.verify_log().size == 1
        with pytest.raises(LogFault) as found:
            older.guard.inspector.verify_log([last.note])
        assert found.value.code == "rolled_back"
        older.close()


class Loss(NamedTuple):
    """A vault that is lost, and its backup; since then choices were made."""

    vault: VaultBench
    person: Person
    deposited: Deposited
    backup: VaultBench


class TestBroughtBack:
    @pytest.fixture
    def loss(self, shipping_vault: VaultBench, tmp_path: Path) -> Iterator[Loss]:
        """Since the backup an emergency was opposed, a label set, keys rotated."""
        vault = shipping_vault
        person, other = vault.person(), vault.person()
        vault.authorise(person)
        deposited = vault.deposit(person)
        shipped(vault)
        backup = vault.copied(tmp_path / "backup")
        vault.allow(person, bris_de_glace=False)
        vault.label(person, deposited.document_id, "MASQUE_PS")
        shipped(vault)
        calls = [
            Call(token=vault.token(Role.OPERATOR, name), purpose=PurposeOfUse.MAINTENANCE)
            for name in ("first", "second")
        ]
        vault.guard.operator.begin_shards(calls)
        while vault.guard.operator.move_records().shards_left:
            pass
        vault.guard.operator.rotate_record(calls, other.ins)
        vault.deposit(vault.person())
        shipped(vault)
        yield Loss(vault, person, deposited, backup)
        backup.close()

    @pytest.fixture
    def restored(self, loss: Loss, place: KeptFiles) -> VaultBench:
        lost, found = loss.vault, loss.backup
        last = Checkpoints(place, lost.settings.origin, lost.public_key("checkpoint")).last()
        assert last is not None
        freeze(found.store, found.guard._vault.now_ms(), (last.checkpoint.size, last.note))
        return restarted(found, place)

    def test_choices_deletions_and_keys_come_back(self, loss: Loss, restored: VaultBench) -> None:
        lost, person, deposited, _ = loss
        brought = restored.guard.restoring.replay_shipped()
        assert brought.after == lost.guard.inspector.status()["log_size"] and brought.replayed > 4
        assert restored.guard.restoring.end(brought) == 0
        before, after = lost.dump(), restored.dump()
        for table in (
            "document",
            "blob",
            "wrapped_key",
            "entry",
            "event",
            "leaf",
            "tile",
            "chain",
            "checkpoint",
        ):
            assert set(after[table]) >= set(before[table]), table
        branches = restored.sql("SELECT branch FROM record_key WHERE record_id=?", person.record_id.bytes)
        assert {branch for (branch,) in branches} == {1, 3}
        restarted(restored, restored.second_place)  # type: ignore[arg-type]
        assert isinstance(
            restored.reader.label(person.call, person.record_id, deposited.document_id, []), Changed
        )

    def test_it_ships_on_where_the_lost_one_ended(
        self, loss: Loss, restored: VaultBench, place: KeptFiles
    ) -> None:
        restored.guard.restoring.end(restored.guard.restoring.replay_shipped())
        restarted(restored, place)
        restored.person()
        size = shipped(restored)
        assert size == restored.guard.inspector.status()["log_size"]
        assert parse_text(restored.guard.public.last_checkpoint().rpartition("\n\n")[0] + "\n").size == size

    def test_killed_in_the_middle_nothing_happened(self, restored: VaultBench) -> None:
        before = restored.dump()
        restored.store.forget()
        restored.store.fail = lambda number, statement: number > 40
        with pytest.raises(Killed):
            restored.guard.restoring.replay_shipped()
        restored.store.fail = None
        assert restored.dump() == before
        assert restored.guard.restoring.end(restored.guard.restoring.replay_shipped()) == 0

    def test_a_segment_put_there_by_somebody_else_is_refused(
        self, restored: VaultBench, place: KeptFiles, tmp_path: Path
    ) -> None:
        name = segment_name(1, 0)
        path = tmp_path / "second" / name
        path.chmod(0o600)
        path.write_bytes((place.read(name) or b"")[:-1] + b"x")
        assert code_of(restored.guard.restoring.replay_shipped) == "unseal_failed"

    def test_what_is_no_longer_there_is_told(
        self, loss: Loss, restored: VaultBench, place: KeptFiles
    ) -> None:
        place.forget(segment_name(1, 0))
        assert code_of(restored.guard.restoring.replay_shipped) == "segments_gone"

    def test_without_a_second_place_it_says_so(self, restored: VaultBench) -> None:
        restored.second_place = None
        assert code_of(restored.another_process().restoring.replay_shipped) == "no_second_place"
