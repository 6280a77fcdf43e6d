"""Whoever owns the vault's file cannot change what the log says without `verify_log` naming it."""

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from audit.tree import TreeError
from audit.view import LogFault
from records.errors import CoffreError, NotFound
from records.vocabulary.codes import Action
from storage.vault_store.tables import VAULT
from tests.integration.vault.bench import DOCTOR, Deposited, Person, VaultBench


@pytest.fixture
def story(vault: VaultBench, person: Person) -> Deposited:
    """A record with a few events, sequenced and signed, and one entry still waiting."""
    deposited = vault.deposit(person)
    vault.authorise(person)
    vault.label(person, deposited.document_id, "MASQUE_PS")
    vault.sequence()
    vault.change(person, Action.BLOCK, DOCTOR)
    vault.sequence()
    vault.reader.documents(person.call, person.record_id, [deposited.row])
    return deposited


def test_an_untouched_log_is_sound_and_reports_its_tail(vault: VaultBench, story: Deposited) -> None:
    report = vault.guard.inspector.verify_log()
    assert (report.size, report.signed, report.pending, report.checkpoints) == (5, 5, 1, 2)
    assert report.events == report.lines == 6 and report.chains == 1
    assert vault.guard.inspector.status() == {
        "shards": 4,
        "log_size": 5,
        "log_pending": 1,
        "log_signed": 5,
        "log_shipped": None,
        "frozen": False,
        "issuers": 1,
        "issuers_new": [],
        "issuers_ending": [],
        "doors": {},
        "doors_past_threshold": [],
        "notices": {"queued": 4},
        "notices_oldest_waiting_s": 0,
        "root": "file",
        "root_rotations": 0,
        "root_rotation_running": False,
        "shards_retiring": 0,
    }


def entry_changed(vault: VaultBench) -> None:
    vault.sql(
        "UPDATE entry SET entry=CAST(replace(entry, 'permit', 'denied') AS BLOB) "
        "WHERE leaf_hash=(SELECT leaf_hash FROM leaf WHERE position=1)"
    )


def entry_removed(vault: VaultBench) -> None:
    vault.sql("DELETE FROM entry WHERE leaf_hash=(SELECT leaf_hash FROM leaf WHERE position=1)")


def waiting_entry_changed(vault: VaultBench) -> None:
    vault.sql(
        "UPDATE entry SET entry=CAST(replace(entry, 'permit', 'denied') AS BLOB) "
        "WHERE leaf_hash=(SELECT leaf_hash FROM pending)"
    )


def waiting_entry_removed(vault: VaultBench) -> None:
    vault.sql("DELETE FROM entry WHERE leaf_hash=(SELECT leaf_hash FROM pending)")


def leaves_swapped(vault: VaultBench) -> None:
    for old, new in ((1, 99), (2, 1), (99, 2)):
        vault.sql("UPDATE leaf SET position=? WHERE position=?", new, old)


def leaf_dropped(vault: VaultBench) -> None:
    vault.sql("DELETE FROM leaf WHERE position=2")


def last_leaf_dropped(vault: VaultBench) -> None:
    vault.sql("DELETE FROM leaf WHERE position=4")


def tile_changed(vault: VaultBench) -> None:
    ((hashes,),) = vault.sql("SELECT hashes FROM tile")
    vault.sql("UPDATE tile SET hashes=?", bytes(32) + hashes[32:])


def tile_removed(vault: VaultBench) -> None:
    vault.sql("DELETE FROM tile")


def tile_grown(vault: VaultBench) -> None:
    vault.sql("UPDATE tile SET hashes=CAST(hashes || ? AS BLOB)", bytes(32))


def checkpoint_replaced(vault: VaultBench) -> None:
    vault.sql("UPDATE checkpoint SET note=(SELECT note FROM checkpoint WHERE size=4) WHERE size=5")


def checkpoint_forged(vault: VaultBench) -> None:
    ((note,),) = vault.sql("SELECT note FROM checkpoint WHERE size=5")
    origin, size, _, *rest = note.split("\n")
    vault.sql("UPDATE checkpoint SET note=? WHERE size=5", "\n".join([origin, size, "A" * 43 + "=", *rest]))


def event_deleted_in_the_middle(vault: VaultBench) -> None:
    vault.sql("DELETE FROM event WHERE seq=3")


def event_deleted_at_the_end(vault: VaultBench) -> None:
    vault.sql("DELETE FROM event WHERE seq=6")


def end_of_a_chain_forgotten(vault: VaultBench) -> None:
    """The chain's own memory is set back too."""
    event_deleted_at_the_end(vault)
    vault.sql("UPDATE chain SET seq=5, head=(SELECT leaf_hash FROM event WHERE seq=5)")


def chain_forgotten(vault: VaultBench) -> None:
    vault.sql("DELETE FROM event")
    vault.sql("DELETE FROM chain")


def waiting_entry_forgotten(vault: VaultBench) -> None:
    vault.sql("DELETE FROM pending")


def access_forgotten(vault: VaultBench) -> None:
    """Every row of the last access, before it has its position: only the chain remembers."""
    ((leaf,),) = vault.sql("SELECT leaf_hash FROM pending")
    for table in ("pending", "entry", "event", "accountability"):
        vault.sql(f"DELETE FROM {table} WHERE leaf_hash=?", leaf)  # noqa: S608


def event_changed(vault: VaultBench) -> None:
    ((sealed,),) = vault.sql("SELECT sealed FROM event WHERE seq=2")
    vault.sql("UPDATE event SET sealed=? WHERE seq=2", sealed[:-1] + bytes([sealed[-1] ^ 1]))


def events_exchanged(vault: VaultBench) -> None:
    ((second,), (third,)) = vault.sql("SELECT sealed FROM event WHERE seq IN (2, 3) ORDER BY seq")
    vault.sql("UPDATE event SET sealed=? WHERE seq=2", third)
    vault.sql("UPDATE event SET sealed=? WHERE seq=3", second)


def event_moved_to_another_entry(vault: VaultBench) -> None:
    (second, third) = (
        leaf for (leaf,) in vault.sql("SELECT leaf_hash FROM event WHERE seq IN (2,3) ORDER BY seq")
    )
    vault.sql("UPDATE event SET leaf_hash=? WHERE seq=2", bytes(32))
    vault.sql("UPDATE event SET leaf_hash=? WHERE seq=3", second)
    vault.sql("UPDATE event SET leaf_hash=? WHERE seq=2", third)


def own_line_changed(vault: VaultBench) -> None:
    vault.sql("UPDATE accountability SET own=zeroblob(80) WHERE at=(SELECT max(at) FROM accountability)")


def officer_line_changed(vault: VaultBench) -> None:
    vault.sql("UPDATE accountability SET officer=zeroblob(80)")


def line_removed(vault: VaultBench) -> None:
    vault.sql("DELETE FROM accountability WHERE leaf_hash=(SELECT leaf_hash FROM leaf WHERE position=1)")


MANIPULATIONS: list[tuple[Callable[[VaultBench], None], str]] = [
    (entry_changed, "entry_changed"),
    (entry_removed, "entry_missing"),
    (waiting_entry_changed, "entry_changed"),
    (waiting_entry_removed, "entry_missing"),
    (leaves_swapped, "tile_changed"),
    (leaf_dropped, "position_gap"),
    (last_leaf_dropped, "tile_surplus"),
    (tile_changed, "tile_changed"),
    (tile_removed, "tile_missing"),
    (tile_grown, "tile_surplus"),
    (checkpoint_replaced, "checkpoint_changed"),
    (checkpoint_forged, "checkpoint_signature"),
    (event_deleted_in_the_middle, "chain_gap"),
    (event_deleted_at_the_end, "chain_cut"),
    (end_of_a_chain_forgotten, "event_missing"),
    (chain_forgotten, "event_missing"),
    (waiting_entry_forgotten, "event_missing"),
    (access_forgotten, "chain_cut"),
    (event_changed, "event_changed"),
    (events_exchanged, "event_changed"),
    (event_moved_to_another_entry, "chain_link|event_changed"),
    (own_line_changed, "line_changed"),
    (officer_line_changed, "line_changed"),
    (line_removed, "line_missing"),
]


@pytest.mark.parametrize(
    ("manipulate", "code"), MANIPULATIONS, ids=[each.__name__ for each, _ in MANIPULATIONS]
)
@pytest.mark.requirement("R55")
def test_a_manipulation_is_named(
    vault: VaultBench, story: Deposited, manipulate: Callable[[VaultBench], None], code: str
) -> None:
    manipulate(vault)
    with pytest.raises(LogFault) as fault:
        vault.guard.inspector.verify_log()
    assert fault.value.code in code.split("|")


# the order in which waiting entries will be placed: nothing has been said of it yet
UNSAID = {("pending", "ordinal")}
LOG_TABLES = ("chain", "entry", "pending", "leaf", "tile", "checkpoint", "event", "accountability")
COLUMNS = [
    (table, column.name)
    for table in LOG_TABLES
    for column in VAULT.tables[table].columns
    if (table, column.name) not in UNSAID
]


@pytest.mark.parametrize(("table", "column"), COLUMNS, ids=lambda name: name)
@pytest.mark.requirement("R55")
def test_no_column_of_the_log_can_be_changed_unseen(
    vault: VaultBench, story: Deposited, table: str, column: str
) -> None:
    key = [part.name for part in VAULT.tables[table].primary_key.columns]
    names = ", ".join([*key, column])
    row = vault.sql(f"SELECT {names} FROM {table} ORDER BY {', '.join(key)} DESC LIMIT 1")[0]  # noqa: S608
    where = " AND ".join(f"{name}=?" for name in key)
    vault.sql(f"UPDATE {table} SET {column}=? WHERE {where}", other(row[-1]), *row[:-1])  # noqa: S608
    with pytest.raises(CoffreError):
        vault.guard.inspector.verify_log()


def other(value: object) -> object:
    """Another value of the same kind and length."""
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str):
        return value.replace("5", "6", 1) if "5" in value else value[:-2] + "x" + value[-1]
    assert isinstance(value, bytes)
    return bytes([value[0] ^ 1]) + value[1:]


def test_a_removed_checkpoint_leaves_fewer_signed_entries_and_the_entries_provable(
    vault: VaultBench, story: Deposited
) -> None:
    """The note lives on with whoever read it, and what it signed is still there."""
    kept = vault.guard.public.last_checkpoint()
    vault.sql("DELETE FROM checkpoint WHERE size=5")
    report = vault.guard.inspector.verify_log([kept])
    assert (report.signed, report.checkpoints) == (4, 1)
    vault.sequence()
    assert vault.guard.inspector.verify_log([kept]).signed == 6


def cut(vault: VaultBench, size: int) -> None:
    """Bring the tree and its chain back to `size` entries, without a seam inside the file."""
    gone = vault.sql("SELECT leaf_hash FROM leaf WHERE position>=?", size) + vault.sql(
        "SELECT leaf_hash FROM pending"
    )
    for table in ("leaf", "pending", "entry", "event", "accountability"):
        for (leaf,) in gone:
            vault.sql(f"DELETE FROM {table} WHERE leaf_hash=?", leaf)  # noqa: S608
    vault.sql("UPDATE tile SET hashes=substr(hashes, 1, ?)", 32 * size)
    vault.sql("UPDATE chain SET seq=?, head=(SELECT leaf_hash FROM event ORDER BY seq DESC LIMIT 1)", size)


def test_a_log_cut_behind_its_checkpoint_is_named_and_signed_no_more(
    vault: VaultBench, story: Deposited
) -> None:
    cut(vault, 4)
    with pytest.raises(LogFault) as fault:
        vault.guard.inspector.verify_log()
    assert fault.value.code == "log_cut"
    with pytest.raises(CoffreError) as refusal:
        vault.guard.housekeeper.checkpoint()
    assert refusal.value.code == "log_cut"


def test_an_older_backup_of_the_whole_file_is_named_by_a_checkpoint_kept_elsewhere(
    vault: VaultBench, person: Person, tmp_path: Path
) -> None:
    vault.sequence()
    vault.sql("PRAGMA wal_checkpoint(TRUNCATE)")
    backup = tmp_path / "backup.db"
    shutil.copy(vault.folder / "vault.db", backup)
    vault.authorise(person)
    vault.sequence()
    kept = vault.guard.public.last_checkpoint()
    vault.close()
    for end in ("-wal", "-shm"):
        (vault.folder / f"vault.db{end}").unlink(missing_ok=True)
    shutil.copy(backup, vault.folder / "vault.db")
    assert vault.guard.inspector.verify_log().size == 1  # in itself it is sound
    with pytest.raises(LogFault) as fault:
        vault.guard.inspector.verify_log([kept])
    assert fault.value.code == "rolled_back"


def test_what_stands_beside_a_note_decides_nothing(vault: VaultBench, story: Deposited) -> None:
    """The next tree is consistent with what was signed, whatever the columns say."""
    vault.sql("UPDATE checkpoint SET root=zeroblob(32) WHERE size=5")
    vault.sequence()
    assert vault.sql("SELECT max(size) FROM checkpoint") == [(6,)]


def test_a_fork_is_not_signed(vault: VaultBench, story: Deposited) -> None:
    """A second history of the entries that are signed already gets no checkpoint."""
    tile_changed(vault)
    vault.guard.housekeeper.sequence()
    for _ in range(2):
        with pytest.raises(TreeError) as refusal:
            vault.guard.housekeeper.checkpoint()
        assert refusal.value.code == "inconsistent"
    assert vault.sql("SELECT max(size) FROM checkpoint") == [(5,)]


def test_the_public_log_answers_with_proofs_and_tiles_or_not_at_all(
    vault: VaultBench, story: Deposited
) -> None:
    public = vault.guard.public
    assert public.last_checkpoint().startswith("audit.localhost/test\n5\n")
    leaf = vault.log()[0].leaf
    assert "\nindex 0\n" in public.proof(leaf)
    assert public.tile(0, 0)[:32] == leaf and len(public.tile(0, 0)) == 5 * 32
    waiting = vault.log()[-1].leaf
    for refused, code in (
        (lambda: public.proof(waiting), "not_sequenced"),
        (lambda: public.proof(hashlib.sha256(b"").digest()), "not_sequenced"),
        (lambda: public.tile(0, 1), "no_such_tile"),
    ):
        with pytest.raises(NotFound) as refusal:
            refused()
        assert refusal.value.code == code
    vault.guard.housekeeper.sequence()
    with pytest.raises(NotFound):
        public.proof(waiting)  # it has its place and no signature yet


def test_before_the_first_checkpoint_there_is_none(vault: VaultBench) -> None:
    assert vault.guard.housekeeper.checkpoint() is None
    with pytest.raises(NotFound) as refusal:
        vault.guard.public.last_checkpoint()
    assert refusal.value.code == "no_checkpoint"


def test_a_shredded_record_s_chain_is_checked_without_its_key(
    vault: VaultBench, story: Deposited, person: Person
) -> None:
    vault.sequence()
    for table in ("record", "record_key", "wrapped_key", "document"):
        vault.sql(f"DELETE FROM {table} WHERE record_id=?", person.record_id.bytes)  # noqa: S608
    report = vault.guard.inspector.verify_log()
    assert report.closed_events == report.events == 6
    vault.sql("DELETE FROM event WHERE seq=2")
    with pytest.raises(LogFault) as fault:
        vault.guard.inspector.verify_log()
    assert fault.value.code == "chain_gap"
