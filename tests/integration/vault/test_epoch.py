"""Every change that can alter a decision about a record raises its epoch, in its own transaction."""

from collections.abc import Callable
from uuid import UUID

import pytest

from keyvault.keys import rekeying
from keyvault.restore.replay import DECIDING, RecordingTransaction
from records.vocabulary.codes import Action, RecordState
from tests.integration.vault.bench import DOCTOR, Deposited, Person, VaultBench, rows_of
from tests.integration.vault.test_jobs import imaged, leaving, taken
from tests.integration.vault.verb_rows.every_verb import ROWS
from tests.integration.vault.verb_rows.row import Row

Change = Callable[[VaultBench, Person, Deposited], object]

SAME_KEYS_WRAPPED_ANEW = {"operator.move_records"}


def allow_no_emergency(vault: VaultBench, person: Person, _: Deposited) -> None:
    vault.allow(person, bris_de_glace=False, centre_15=False)


def rotate(vault: VaultBench, person: Person, _: Deposited) -> None:
    inner = vault.guard.reader._vault
    with inner.transaction() as transaction:
        rekeying.rotate_record_key(transaction.rows, inner.keyring, person.record_id)


# to shred a record (R11, R12) is not there yet: once it is, its row belongs here
CHANGES: dict[str, Change] = {
    "authorisation": lambda vault, person, _: vault.authorise(person),
    "revocation": lambda vault, person, _: (
        vault.authorise(person),
        vault.change(person, Action.REVOKE, DOCTOR),
    ),
    "block of a structure": lambda vault, person, _: vault.change(
        person, Action.BLOCK, structure="1750000002"
    ),
    "block": lambda vault, person, _: vault.change(person, Action.BLOCK, DOCTOR),
    "withdrawal of all consent": lambda vault, person, _: vault.change(person, Action.WITHDRAW_CONSENT),
    "attending": lambda vault, person, _: vault.change(person, Action.NAME_ATTENDING, DOCTOR),
    "opt-out of a branch": allow_no_emergency,
    "state": lambda vault, person, _: vault.put_in_state(person, RecordState.SUSPENDED),
    "label": lambda vault, person, each: vault.label(person, each.document_id, "MASQUE_PS"),
    "deposit": lambda vault, person, _: vault.deposit(person, b"%PDF-1.7 another"),
    "key of the record": rotate,
}


def epochs(vault: VaultBench) -> dict[UUID, int]:
    with vault.store.inner.reading() as tx:
        return {row["record_id"]: row["epoch"] for row in tx.find("record")}


@pytest.mark.parametrize("kind", CHANGES)
def test_each_kind_of_change_raises_it(vault: VaultBench, person: Person, kind: str) -> None:
    deposited, other = vault.deposit(person), vault.person()
    before = epochs(vault)
    CHANGES[kind](vault, person, deposited)
    raised = {record for record, epoch in epochs(vault).items() if epoch > before[record]}
    assert raised == {person.record_id}, f"and no other's, as {other.record_id}'s"


def test_a_withdrawal_of_images_raises_it_when_it_is_carried_out(vault: VaultBench, person: Person) -> None:
    parts = [imaged(vault, person, sop) for sop in ("1.1", "1.2")]
    job = vault.guard.operator.withdraw(
        vault.operator(), person.record_id, parts[0].document_id, rows_of(*parts), ["1.2"], "113037"
    )
    assert isinstance(job, UUID)
    opened = taken(vault, job, rows_of(*parts))
    left, _ = (row.series[0].instances[0] for row in opened.details)
    before = epochs(vault)
    vault.worker.adopt_job(leaving(job, opened, left))
    assert epochs(vault)[person.record_id] > before[person.record_id]


@pytest.mark.parametrize("row", [row for row in ROWS if row.verb not in SAME_KEYS_WRAPPED_ANEW], ids=str)
def test_whatever_verb_changes_a_deciding_table_raises_it(vault: VaultBench, row: Row) -> None:
    act = row.arrange(vault)
    before, known = epochs(vault), deciding(vault)
    act()
    after = epochs(vault)
    changed = {record for record, *_ in deciding(vault) ^ known} & before.keys()
    assert changed == {record for record in before if after[record] > before[record]}


def test_a_change_that_names_no_record_is_an_error(vault: VaultBench, person: Person) -> None:
    """So none can be forgotten: whoever writes one learns of it at the first call."""
    deposited = vault.deposit(person)
    with vault.guard.reader._vault.transaction() as transaction, pytest.raises(TypeError):
        transaction.rows.update("document", {"state": "deleted"}, document_id=deposited.document_id)


def test_it_is_raised_once_a_transaction_and_brought_forward(vault: VaultBench, person: Person) -> None:
    with vault.store.writing() as tx:
        recording = RecordingTransaction(tx)
        for state in ("suspended", "active"):
            recording.update("record", {"state": state}, record_id=person.record_id)
        row = tx.get("record", record_id=person.record_id)
    assert row is not None
    raised = [each for each in recording._changes if "epoch" in each["values"]]
    assert [each["values"] for each in raised] == [{"epoch": row["epoch"]}]


def deciding(vault: VaultBench) -> set[tuple[UUID, str, str]]:
    """Every row of the deciding tables but its epoch, under its record."""
    with vault.store.inner.reading() as tx:
        rows = [(table, {**row, "epoch": None}) for table in DECIDING for row in tx.find(table)]
    return {(row["record_id"], table, repr(row)) for table, row in rows}
