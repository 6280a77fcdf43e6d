"""The root is called at the start and at a rotation, in batches; no request calls it (baselines, 8)."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from keyvault.keys.keyring import Keyring
from keyvault.process.guard import Guard
from keyvault.roots.file import FileRoot
from keyvault.roots.ports import Root, unreachable
from keyvault.verbs.worker.deposits.ingest_request import ForIngest
from records.errors import CoffreError
from storage.engines.opening import engine_for
from storage.migrations.migrate import upgrade
from storage.vault_store.store import SqlVaultStore
from tests.integration.vault.bench import DAY, HOUR, VaultBench


class CountingRoot(Root):
    """The vault's root, counting its calls and the keys in them."""

    def __init__(self, inner: Root) -> None:
        self.inner = inner
        self.calls: list[tuple[str, int]] = []
        self.away = False

    @property
    def name(self) -> str:
        return self.inner.name

    def wrap_many(self, items: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        self.calls.append(("wrap", len(items)))
        return self.inner.wrap_many(items)

    def unwrap_many(self, items: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        if self.away:
            raise unreachable(self.name)
        self.calls.append(("unwrap", len(items)))
        return self.inner.unwrap_many(items)

    def taken(self) -> list[tuple[str, int]]:
        """The calls since the last time."""
        calls, self.calls = self.calls, []
        return calls


@pytest.fixture
def root(vault: VaultBench) -> CountingRoot:
    """Under the bench's vault, which starts again with it."""
    root = CountingRoot(FileRoot.open(vault.folder / "root.json", None))
    vault.guard = started(vault, root)
    vault.reader, vault.worker = vault.guard.reader, vault.guard.worker
    return root


def started(vault: VaultBench, root: Root) -> Guard:
    return Guard(
        store=vault.store, day_keys=vault.days, root=root, settings=vault.settings, clock=vault.clock
    )


def test_the_start_is_one_batch_of_keys_and_one_of_days(root: CountingRoot) -> None:
    assert root.taken() == [("unwrap", 7 + 4), ("unwrap", 2)]


def test_requests_make_no_call_after_the_start(vault: VaultBench, root: CountingRoot) -> None:
    root.taken()
    for _ in range(3):
        person = vault.person()
        vault.authorise(person)
        vault.allow(person, bris_de_glace=False)
        deposited = vault.deposit(person)
        vault.granted(vault.doctor(), person, deposited)
        vault.reader.documents(vault.doctor(), person.record_id, [deposited.row])
        vault.reader.events(person.call, person.record_id)
        vault.worker.settle(deposited.received.submission_id)
    vault.publish_day_keys()
    vault.sequence()
    vault.guard.housekeeper.expire()
    assert root.taken() == []


def test_a_day_costs_one_wrap_and_one_unwrap(vault: VaultBench, root: CountingRoot) -> None:
    root.taken()
    vault.clock.advance(DAY)
    vault.publish_day_keys()
    assert root.taken() == [("wrap", 1), ("unwrap", 1)]
    for _ in range(3):
        vault.deposit(vault.person())
    assert root.taken() == []


def publish_from_another_process(vault: VaultBench) -> None:
    for day, document in vault.another_process().housekeeper.day_keys().items():
        vault.index.put_reception_key(day, document)


def test_day_keys_of_another_process_are_opened_once(vault: VaultBench, root: CountingRoot) -> None:
    root.taken()
    vault.clock.advance(2 * DAY)
    publish_from_another_process(vault)
    for _ in range(3):
        vault.deposit(vault.person())
    assert root.taken() == [("unwrap", 2)]


def test_a_root_that_is_away_stops_no_submission_of_a_day_already_open(
    vault: VaultBench, root: CountingRoot
) -> None:
    vault.clock.advance(DAY)
    publish_from_another_process(vault)
    root.away = True
    vault.deposit(vault.person())
    vault.clock.advance(DAY)
    received = vault.receive(ins=vault.person().ins)
    with pytest.raises(CoffreError) as caught:
        vault.take(received)
    assert caught.value.code == "root_unreachable"
    root.away = False
    assert isinstance(vault.take(received), ForIngest)


def test_a_destroyed_day_key_leaves_the_memory(vault: VaultBench, root: CountingRoot) -> None:
    keyring = vault.guard._vault.keyring
    other = vault.another_process()
    vault.clock.advance(4 * DAY + 2 * HOUR)
    assert vault.guard.housekeeper.destroy_day_keys(None) == ["2026-03-10"]
    assert set(keyring._days) == {"2026-03-11"}
    assert set(other._vault.keyring._days) == {"2026-03-10", "2026-03-11"}
    other.housekeeper.day_keys()
    assert "2026-03-10" not in other._vault.keyring._days


def test_thousands_of_shards_are_one_call(tmp_path: Path) -> None:
    database = engine_for(f"sqlite:///{tmp_path}/vault.db")
    upgrade(database, "vault")
    store = SqlVaultStore(database)
    root = CountingRoot(FileRoot.create(tmp_path / "root", None))
    Guard.initialise(store, root, shards=4096)
    Keyring(store, root)
    assert root.taken() == [("wrap", 7 + 4096), ("unwrap", 7 + 4096)]
    database.close()


def test_a_shard_that_is_gone_costs_no_call(vault: VaultBench, root: CountingRoot) -> None:
    root.taken()
    with pytest.raises(CoffreError) as caught:
        vault.guard._vault.keyring.shard(0, 9)
    assert caught.value.code == "shard_missing"
    assert root.taken() == []


def test_nothing_in_the_keyring_shows_a_key(vault: VaultBench, root: CountingRoot) -> None:
    keyring = vault.guard._vault.keyring
    assert repr(keyring) == "Keyring(4 shards)"
    assert keyring.index_key.hex() not in repr(keyring.__dict__["_signing"])
