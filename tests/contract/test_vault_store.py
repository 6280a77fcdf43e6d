"""What every store of the vault keeps its word on (the `VaultStore` that `keyvault.store` declares)."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest

from keyvault.store import VaultStore
from storage.vault_store.store import SqlVaultStore
from storage.vault_store.tables import DAY_KEYS
from tests.contract.storage_adapters import Spawn, open_database, open_vault_store
from tests.services.fixtures_postgres import NewDatabase


def names(store: VaultStore, **where: Any) -> list[str]:
    with store.reading() as tx:
        return [row["name"] for row in tx.find("meta", order="name", **where)]


def a_record(**changes: Any) -> dict[str, Any]:
    values = {
        "record_id": uuid4(),
        "public_id": uuid4(),
        "kind": "patient",
        "ins_token": None,
        "state": "active",
        "shard_id": 1,
        "key_version": 1,
        "shard_version": 1,
        "card": b"\x00\xff",
        "card_version": 1,
        "card_digest": b"d" * 32,
        "created_at": 2**52,
        "epoch": 7,
    }
    return values | changes


@pytest.fixture
def store(vault_store: VaultStore) -> VaultStore:
    """Four rows: a=1, b=2, c=2, d=3."""
    with vault_store.writing() as tx:
        tx.insert(
            "meta", *({"name": name, "value": value} for name, value in zip("abcd", "1223", strict=True))
        )
    return vault_store


class TestReading:
    def test_a_row_reads_back_as_it_was_written(self, store: VaultStore) -> None:
        row = a_record()
        with store.writing() as tx:
            tx.insert("record", row)
        with store.reading() as tx:
            found = tx.get("record", record_id=row["record_id"])
        assert found == row
        assert found and isinstance(found["record_id"], UUID) and isinstance(found["card"], bytes)

    def test_a_row_of_before_a_column_has_its_default(self, store: VaultStore) -> None:
        """As a replay row of an older version brings it."""
        row, other = a_record(), a_record()
        del row["epoch"], other["epoch"]
        with store.writing() as tx:
            tx.insert("record", row)
            assert tx.insert_new("record", other)
            found = tx.find("record", record_id__in=[row["record_id"], other["record_id"]])
        assert [each["epoch"] for each in found] == [0, 0]

    def test_optional_columns_may_be_left_out(self, store: VaultStore) -> None:
        row = a_record()
        del row["ins_token"], row["card"]
        with store.writing() as tx:
            tx.insert("record", row)
            found = tx.get("record", record_id=row["record_id"], card=None)
        assert found and (found["card"], found["ins_token"]) == (None, None)

    def test_get_answers_none_or_the_one_row_and_refuses_several(self, store: VaultStore) -> None:
        with store.reading() as tx:
            assert tx.get("meta", name="z") is None
            assert tx.get("meta", value="3") == {"name": "d", "value": "3"}
            with pytest.raises(LookupError, match="several"):
                tx.get("meta", value="2")

    @pytest.mark.parametrize(
        ("where", "expected"),
        [
            ({}, "abcd"),
            ({"value": "2"}, "bc"),
            ({"value": "2", "name": "b"}, "b"),
            ({"name__lt": "b"}, "a"),
            ({"name__le": "b"}, "ab"),
            ({"name__gt": "b"}, "cd"),
            ({"name__ge": "b", "name__lt": "d"}, "bc"),
            ({"name__in": ("a", "d", "z")}, "ad"),
            ({"name__in": ()}, ""),
        ],
    )
    def test_conditions(self, store: VaultStore, where: dict[str, Any], expected: str) -> None:
        assert names(store, **where) == list(expected)

    def test_none_means_null(self, store: VaultStore) -> None:
        with store.writing() as tx:
            tx.insert("record", a_record(ins_token=b"t"), a_record(), a_record())
            assert len(tx.find("record", ins_token=None)) == 2

    def test_order_and_limit(self, store: VaultStore) -> None:
        with store.reading() as tx:
            rows = tx.find("meta", order=("-value", "name"), limit=3)
        assert [row["name"] for row in rows] == ["d", "b", "c"]


class TestWriting:
    def test_many_rows_at_once_or_none(self, store: VaultStore) -> None:
        with pytest.raises(Exception, match=r"(?i)unique"), store.writing() as tx:
            tx.insert("meta", {"name": "e", "value": "5"}, {"name": "a", "value": "again"})
        assert names(store) == list("abcd")

    def test_insert_new_tells_whether_primary_and_unique_keys_were_free(self, store: VaultStore) -> None:
        row = a_record()
        with store.writing() as tx:
            assert tx.insert_new("record", row) is True
            assert tx.insert_new("record", row) is False
            assert tx.insert_new("record", a_record(public_id=row["public_id"])) is False
            assert tx.insert_new("record", a_record()) is True

    def test_update_and_delete_count_what_they_touched(self, store: VaultStore) -> None:
        with store.writing() as tx:
            assert tx.update("meta", {"value": "9"}, value="2") == 2
            assert tx.update("meta", {"value": "9"}, name="z") == 0
            assert tx.delete("meta", name__in=["a", "b"]) == 2
            assert tx.delete("meta", name__in=[]) == 0
        assert names(store, value="9") == ["c"]

    def test_a_column_may_be_changed_where_it_is_a_condition(self, store: VaultStore) -> None:
        with store.writing() as tx:
            assert tx.update("meta", {"value": "8"}, name="a", value="1") == 1
            assert tx.update("meta", {"value": "7"}, name="a", value="1") == 0

    def test_a_change_without_condition_is_refused(self, store: VaultStore) -> None:
        with store.writing() as tx:
            with pytest.raises(TypeError, match="condition"):
                tx.update("meta", {"value": "9"})
            with pytest.raises(TypeError, match="condition"):
                tx.delete("meta")

    def test_numbers_given_to_rows_are_never_given_again(self, store: VaultStore) -> None:
        with store.writing() as tx:
            tx.insert("pending", {"leaf_hash": b"1" * 32}, {"leaf_hash": b"2" * 32})
            last = tx.find("pending", order="-ordinal", limit=1)[0]["ordinal"]
            tx.delete("pending", ordinal__le=last)
            tx.insert("pending", {"leaf_hash": b"3" * 32})
            assert tx.find("pending")[0]["ordinal"] > last

    def test_numbers_that_rows_bring_are_not_given_to_others(self, store: VaultStore) -> None:
        """As after the replay of a newer copy, whose rows keep their numbers."""
        row = {"leaf_hash": b"1" * 32, "kind": "record", "payload": b"[]", "at": 1}
        with store.writing() as tx:
            tx.insert("replay", *({**row, "replay_id": number} for number in (1, 2, 7)))
        with store.writing() as tx:
            tx.insert("replay", row)
            assert tx.find("replay", order="-replay_id", limit=1)[0]["replay_id"] > 7

    @pytest.mark.parametrize(
        "call",
        [
            lambda tx: tx.get("nowhere", name="a"),
            lambda tx: tx.get("meta", nothing="a"),
            lambda tx: tx.find("meta", name__near="a"),
            lambda tx: tx.find("meta", order="nothing"),
            lambda tx: tx.insert("meta", {"name": "e"}),
            lambda tx: tx.insert("meta", {"name": "e", "value": "5", "more": "6"}),
            lambda tx: tx.insert_new("meta", {"name": "e", "valve": "5"}),
            lambda tx: tx.update("meta", {"nothing": "5"}, name="a"),
        ],
    )
    def test_unknown_and_missing_names_are_refused_at_once(self, store: VaultStore, call: Any) -> None:
        with store.writing() as tx, pytest.raises(KeyError):
            call(tx)

    def test_an_id_is_a_uuid(self, store: VaultStore) -> None:
        with pytest.raises(Exception, match=r"uuid\.UUID"), store.reading() as tx:
            tx.get("record", record_id="01890000-0000-7000-8000-000000000001")


class TestTransactions:
    def test_an_exception_undoes_all_of_it(self, store: VaultStore) -> None:
        with pytest.raises(ZeroDivisionError), store.writing() as tx:
            tx.insert("meta", {"name": "e", "value": "5"})
            tx.delete("meta", name="a")
            1 / 0  # noqa: B018
        assert names(store) == list("abcd")

    def test_a_reader_keeps_its_snapshot_while_others_write(self, store: VaultStore) -> None:
        with store.reading() as reader:
            assert reader.get("meta", name="e") is None
            with ThreadPoolExecutor(1) as other:
                other.submit(self._insert, store, "e").result()
            assert reader.get("meta", name="e") is None
        assert names(store) == list("abcde")

    def test_nothing_is_seen_of_a_transaction_that_is_not_over(self, store: VaultStore) -> None:
        with store.writing() as tx, ThreadPoolExecutor(1) as other:
            tx.insert("meta", {"name": "e", "value": "5"})
            assert other.submit(names, store).result() == list("abcd")

    def test_a_reading_transaction_refuses_to_write(self, store: VaultStore) -> None:
        with store.reading() as tx:
            for call in (
                lambda: tx.insert("meta", {"name": "e", "value": "5"}),
                lambda: tx.insert_new("meta", {"name": "e", "value": "5"}),
                lambda: tx.update("meta", {"value": "5"}, name="a"),
                lambda: tx.delete("meta", name="a"),
                lambda: tx.get("meta", lock=True, name="a"),
            ):
                with pytest.raises(RuntimeError, match="only reads"):
                    call()

    def test_a_write_inside_a_write_of_one_thread_is_an_error_and_no_deadlock(
        self, store: VaultStore
    ) -> None:
        with store.writing(), pytest.raises(RuntimeError, match="already open"), store.writing():
            pass

    def test_threads_lose_no_update(self, store: VaultStore) -> None:
        def add(_: int) -> None:
            for _ in range(25):
                with store.writing() as tx:
                    row = tx.get("meta", lock=True, name="a")
                    assert row
                    tx.update("meta", {"value": str(int(row["value"]) + 1)}, name="a")

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(add, range(8)))
        with store.reading() as tx:
            assert tx.get("meta", name="a") == {"name": "a", "value": "201"}

    def test_processes_lose_no_update(self, store: VaultStore, vault_address: str, spawn: Spawn) -> None:
        with store.writing() as tx:
            tx.insert("shard", {"shard_id": 1, "version": 1, "wrap": b"", "state": "0"})
        children = [spawn("count_up", vault_address, 50) for _ in range(2)]
        for child in children:
            assert child.stdout and child.stdout.readline() == "inside\n"
        for child in children:
            assert child.stdin
            child.stdin.write("\n")
            child.stdin.flush()
        assert [child.wait() for child in children] == [0, 0]
        with store.reading() as tx:
            assert tx.find("shard")[0]["state"] == "100"

    @staticmethod
    def _insert(store: VaultStore, name: str) -> None:
        with store.writing() as tx:
            tx.insert("meta", {"name": name, "value": "5"})


class TestCrash:
    def test_killed_inside_a_transaction_nothing_of_it_remains(
        self, store: VaultStore, vault_address: str, spawn: Spawn
    ) -> None:
        child = spawn("insert_unfinished", vault_address, "lost")
        assert child.stdout and child.stdout.readline() == "inside\n"
        child.kill()
        child.wait()
        with store.writing() as tx:  # its write lock died with it
            assert tx.get("meta", name="lost") is None

    def test_killed_after_it_all_of_it_remains(
        self, store: VaultStore, vault_address: str, spawn: Spawn
    ) -> None:
        child = spawn("insert_finished", vault_address, "kept")
        assert child.stdout and child.stdout.readline() == "inside\n"
        child.kill()
        child.wait()
        assert "kept" in names(open_vault_store(vault_address))


def test_day_keys_have_a_database_of_their_own(new_database: NewDatabase) -> None:
    store: VaultStore = SqlVaultStore(open_database(new_database("day_keys")), DAY_KEYS)
    row = {
        "day": "2026-01-01",
        "public": b"p",
        "wrap": b"w",
        "not_after": 1,
        "document": "{}",
        "destroyed_at": None,
    }
    with store.writing() as tx:
        tx.insert("day_key", row)
        tx.update("day_key", {"wrap": None, "destroyed_at": 2}, day="2026-01-01")
        assert tx.get("day_key", day="2026-01-01") == row | {"wrap": None, "destroyed_at": 2}
        with pytest.raises(KeyError):
            tx.get("record", record_id=uuid4())


class TestCounting:
    def test_what_is_counted_comes_back_with_the_hours_before(self, store: VaultStore) -> None:
        counted = {76: 100, 77: 7, 98: 20, 99: 3, 100: 1, 101: 50}
        with store.writing() as tx:
            tx.insert("quota_count", *({"subject": b"s", "hour": h, "n": n} for h, n in counted.items()))
            tx.insert("quota_count", {"subject": b"other", "hour": 99, "n": 1000})
            assert tx.count(b"s", 100, 4) == {"n": 5, "before": 3, "others": 7 + 20 + 3 + 50}
            assert tx.count(b"new", 100, 2) == {"n": 2, "before": 0, "others": 0}
            assert tx.count(b"s", 100, -4)["n"] == 1

    def test_whoever_counts_at_once_counts_exactly(self, store: VaultStore) -> None:
        def count(_: int) -> int:
            with store.writing() as tx:
                return int(tx.count(b"s", 100, 1)["n"])

        with ThreadPoolExecutor(8) as pool:
            assert sorted(pool.map(count, range(40))) == [*range(1, 41)]

    def test_what_is_undone_was_not_counted(self, store: VaultStore) -> None:
        with pytest.raises(ZeroDivisionError), store.writing() as tx:
            tx.count(b"s", 100, 1)
            raise ZeroDivisionError
        with store.writing() as tx:
            assert tx.count(b"s", 100, 1)["n"] == 1

    def test_a_snapshot_counts_nothing(self, store: VaultStore) -> None:
        with store.reading() as tx, pytest.raises(RuntimeError):
            tx.count(b"s", 100, 1)


class TestStanding:
    def test_a_grant_comes_with_its_record_s_epoch_and_withdrawals(self, store: VaultStore) -> None:
        record, grant = a_record(), a_grant()
        grant["record_id"] = record["record_id"]
        nothing = {"credential_since": None, "holder_since": None}
        with store.writing() as tx:
            tx.insert("grant", grant)
            assert tx.standing(grant["grant_id"]) == {**grant, **nothing, "epoch": None}
            tx.insert("record", record)
            assert tx.standing(grant["grant_id"]) == {**grant, **nothing, "epoch": 7}
            for name, since in ((b"c" * 32, 5), (b"h" * 32, 6), (b"o" * 32, 7)):
                tx.insert("withdrawn", {"credential": name, "since": since, "expires": 9})
        with store.reading() as tx:
            found = tx.standing(grant["grant_id"])
            assert found == {**grant, "epoch": 7, "credential_since": 5, "holder_since": 6}
            assert tx.standing(uuid4()) is None

    def test_one_of_before_the_columns_has_neither(self, store: VaultStore) -> None:
        names = ("record_epoch", "valid_from", "valid_until", "credential", "holder")
        grant = a_grant(**dict.fromkeys(names))
        with store.writing() as tx:
            tx.insert("grant", grant)
            tx.insert("withdrawn", {"credential": b"c" * 32, "since": 5, "expires": 9})
            found = tx.standing(grant["grant_id"])
        assert found == {**grant, "epoch": None, "credential_since": None, "holder_since": None}


def a_grant(**changes: Any) -> dict[str, Any]:
    values = {
        "grant_id": uuid4(),
        "record_id": uuid4(),
        "purpose": "normal",
        "expires": 900,
        "sealed": b"\x00sealed",
        "record_epoch": 7,
        "valid_from": 2**52,
        "valid_until": 2**52 + 1,
        "credential": b"c" * 32,
        "holder": b"h" * 32,
    }
    return values | changes
