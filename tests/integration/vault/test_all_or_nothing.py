"""Decision, change and event are one transaction: a failure anywhere in it leaves neither."""

from collections.abc import Iterator

import pytest

from audit.canonical import parse
from keyvault.process.service import DOORS
from keyvault.process.wire import verbs_of
from keyvault.verbs.call import Denied
from tests.integration.vault.bench import DOCTOR, STRANGER, Deposited, Person, VaultBench
from tests.integration.vault.verb_rows.every_verb import ROWS
from tests.integration.vault.verb_rows.row import NO_EVENT, NO_ROW, Act, Row, is_the_readers
from tests.integration.vault.watched_store import Killed, Statement

VERBS = {
    f"{door}.{verb}"
    for door, kind in DOORS.items()
    for verb in verbs_of(kind)
    if not is_the_readers(door, verb)
}
REFUSED = [row for row in ROWS if row.case in ("refused", "absent") and row.events]
CHANGES = {"insert", "insert_new", "update", "delete", "commit"}


def test_every_verb_of_every_door_has_a_row() -> None:
    rows = {row.verb for row in ROWS}
    assert rows | NO_ROW.keys() == VERBS
    assert not rows & NO_ROW.keys()
    assert len({str(row) for row in ROWS}) == len(ROWS)


def test_every_verb_logs_or_says_why_not() -> None:
    logging = {row.verb for row in ROWS if row.events}
    assert logging | NO_EVENT.keys() == VERBS
    assert not logging & NO_EVENT.keys()


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_what_a_verb_logs_is_what_it_names(vault: VaultBench, row: Row) -> None:
    act = row.arrange(vault)
    with vault.logging() as lines:
        act()
    assert tuple(" ".join(line.told[:2]) for line in lines) == row.events


@pytest.mark.usefixtures("unmeasured")
@pytest.mark.parametrize("row", [row for row in ROWS if row.whole], ids=str)
def test_a_failure_at_any_statement_leaves_nothing_and_a_repeat_succeeds(vault: VaultBench, row: Row) -> None:
    act = row.arrange(vault)
    before = vault.dump()
    written = len(before["event"])
    for statement in killed_at_each(vault, act):
        if statement.verb in CHANGES:
            assert vault.dump() == before, statement
        written = events_in(vault)  # killed at a read that follows, its own line stays
    vault.guard.inspector.verify_log()
    assert events_in(vault) == written + len(row.events)


@pytest.mark.usefixtures("unmeasured")
@pytest.mark.parametrize("row", [row for row in ROWS if not row.whole], ids=str)
def test_of_several_transactions_each_is_whole_and_a_repeat_goes_on(vault: VaultBench, row: Row) -> None:
    act = row.arrange(vault)
    written = events_in(vault)
    for _ in killed_at_each(vault, act):
        vault.another_process().inspector.verify_log()
    assert events_in(vault) == written + len(row.events), "each line is written once, whoever is killed"
    done = vault.dump()
    act()
    assert vault.dump() == done, "there is nothing left to do"


def events_in(vault: VaultBench) -> int:
    ((events,),) = vault.sql("SELECT count(*) FROM event")
    return int(events)


def killed_at_each(vault: VaultBench, act: Act) -> Iterator[Statement]:
    """Act again and again: killed at the first statement, then at a later one, and at last not at all.

    At each that changes something, and at the first after a commit: at a read before a change there is what
    there is at the change.
    """
    at = 0
    while True:
        vault.store.forget()
        vault.store.fail = lambda number, statement, at=at: (
            number >= at and (statement.verb in CHANGES or begins(vault.store.statements))
        )
        try:
            act()
        except Killed:
            vault.store.fail = None
            at = len(vault.store.statements)
            yield vault.store.statements[-1]
        else:
            vault.store.fail = None
            return


def begins(statements: list[Statement]) -> bool:
    """Whether the last is the first of all, or the first after a commit."""
    return len(statements) < 2 or statements[-2].verb == "commit"


@pytest.mark.parametrize("row", REFUSED, ids=str)
def test_a_refusal_and_its_count_stay(vault: VaultBench, row: Row) -> None:
    act = row.arrange(vault)
    before = vault.dump()
    answer = act()
    after = vault.dump()
    assert not answer or isinstance(answer, Denied)
    assert len(after["event"]) == len(before["event"]) + 1
    assert after["refusal"] != before["refusal"]


def test_no_key_leaves_before_its_event_is_durable(vault: VaultBench, person: Person) -> None:
    """Killed at the very commit: the caller has nothing in its hands."""
    deposited = vault.deposit(person)
    got: list[object] = []
    vault.store.fail = lambda _number, statement: statement == Statement("commit", "")
    for act in (
        lambda: vault.release(person.call, person, [deposited]),
        lambda: vault.reader.documents(person.call, person.record_id, [deposited.row]),
        lambda: vault.take(vault.receive(ins=person.ins)),
    ):
        with pytest.raises(Killed):
            got.append(act())
    assert got == []


@pytest.mark.parametrize("table", ["entry", "event", "accountability", "pending", "chain"])
def test_a_log_that_cannot_be_written_stops_every_answer(
    vault: VaultBench, person: Person, table: str
) -> None:
    """A full disk at the log is no way around it."""
    deposited: Deposited = vault.deposit(person)
    vault.authorise(person)
    vault.store.fail = lambda _number, each: each.table == table and each.verb in {"insert", "update"}
    before = vault.dump()
    for act in (
        lambda: vault.release(vault.doctor(), person, [deposited]),
        lambda: vault.reader.documents(vault.doctor(), person.record_id, [deposited.row]),
        lambda: vault.reader.events(person.call, person.record_id),
        lambda: vault.reader.resolve(vault.doctor(STRANGER), person.ins),
        lambda: vault.authorise(person, STRANGER),
    ):
        with pytest.raises(Killed):
            act()
        assert vault.dump() == before


def test_what_a_restored_vault_would_need_is_kept_with_the_change(vault: VaultBench, person: Person) -> None:
    """One replay row per changing transaction, bound to its event, naming every change of a key table."""
    vault.allow(person, bris_de_glace=False)
    deposited = vault.deposit(person)
    vault.reader.documents(person.call, person.record_id, [deposited.row])  # changes no key: no replay row
    rows = vault.sql("SELECT leaf_hash, kind, payload FROM replay ORDER BY replay_id")
    assert [kind for _, kind, _ in rows] == [
        "record+record_key+wrapped_key",
        "notice+record+record_key",
        "blob+blob_document+document+document_row+notice+record+wrapped_key",
    ]
    leaves = [event.leaf for event in vault.log()]
    assert [leaves.index(leaf) for leaf, _, _ in rows] == [0, 1, 2]
    deleted = [change for change in parse(rows[1][2]) if change["do"] == "delete"]
    assert deleted == [
        {
            "do": "delete",
            "table": "record_key",
            "values": {},
            "where": {"record_id": {"uuid": str(person.record_id)}, "branch": 2},
        }
    ]
    assert DOCTOR not in repr(rows)
