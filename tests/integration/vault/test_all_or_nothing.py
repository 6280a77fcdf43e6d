"""Decision, change and event are one transaction: a failure anywhere in it leaves neither."""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest

from audit.canonical import parse
from keyvault.grants.grant import new_recipient
from keyvault.verbs.attempt import Denied
from keyvault.verbs.reader.changing import CardChange
from records.consent import Emergency
from records.errors import NotFound
from records.vocabulary.codes import Action, RecordState
from tests.integration.vault.bench import (
    ATTENDING,
    DOCTOR,
    STRANGER,
    TRAITS,
    Deposited,
    Person,
    VaultBench,
    new_ins,
)
from tests.integration.vault.watched_store import Killed, Statement

Act = Callable[[], object]
Verbs = dict[str, Act]


@pytest.fixture
def verbs(vault: VaultBench, person: Person) -> Verbs:
    """Each verb in its permitted and its refused form, on a record with an attending doctor."""
    deposited = vault.deposit(person)
    vault.authorise(person)
    vault.change(person, Action.NAME_ATTENDING, ATTENDING)
    received = vault.receive(ins=person.ins)
    vault.take(received)
    adopt = vault.request(received, person.ins, b"%PDF-1.7 compte rendu")
    closed = vault.person()
    refused = vault.receive(ins=closed.ins)
    vault.take(refused)
    refuse_adopt = vault.request(refused, closed.ins, b"%PDF-1.7 compte rendu")
    vault.put_in_state(closed, RecordState.CLOSED)
    waiting = vault.receive(ins=person.ins)
    recipient = new_recipient()[1]
    record, document = person.record_id, deposited.document_id
    opposition = CardChange(action=Action.SET_EMERGENCY, emergency=Emergency(False, False))
    grant, _ = vault.release(vault.doctor(), person, [deposited])
    grant_id, blob = UUID(grant.grant["id"]), grant.objects[0][0]  # type: ignore[union-attr]

    def release(call: object, asked: list[list[UUID]] | None = None) -> object:
        return vault.reader.release(
            call,
            record,
            [deposited.row],
            documents=asked,
            recipient=recipient,  # type: ignore[arg-type]
        )

    def absent() -> None:
        with pytest.raises(NotFound):
            release(vault.doctor(), [[UUID(int=1)]])

    def ended() -> None:
        assert not vault.reader.recheck(grant_id, blob, 2) and vault.reader.recheck(grant_id, blob, 1)

    return {
        "resolve": lambda: vault.reader.resolve(vault.doctor(), person.ins),
        "resolve, refused": lambda: vault.reader.resolve(vault.doctor(STRANGER), person.ins),
        "list": lambda: vault.reader.list(vault.doctor(), record, [deposited.row]),
        "list, refused": lambda: vault.reader.list(vault.doctor(STRANGER), record, []),
        "list, emergency": lambda: vault.reader.list(vault.emergency(), record, [deposited.row]),
        "release": lambda: release(vault.doctor()),
        "release, refused": lambda: release(vault.doctor(STRANGER)),
        "release, absent": absent,
        "events": lambda: vault.reader.events(person.call, record),
        "change_card": lambda: vault.reader.change_card(person.call, record, opposition),
        "change_card, refused": lambda: vault.reader.change_card(vault.doctor(), record, opposition),
        "label": lambda: vault.reader.label(person.call, record, document, ["MASQUE_PS"]),
        "acknowledge": lambda: vault.reader.acknowledge(person.call, record, [uuid4()]),
        "adopt": lambda: vault.worker.adopt(adopt),
        "adopt, refused": lambda: vault.worker.adopt(refuse_adopt),
        "release_ingest": lambda: vault.take(waiting),
        "settle": lambda: vault.worker.settle(received.submission_id),
        "open_record": lambda: vault.guard.operator.open_record(
            vault.operator(), new_ins(), TRAITS, consent_by="x", consent_how="spoken"
        ),
        "issue_identity": lambda: vault.guard.operator.issue_identity(vault.operator(), "patient"),
        "recheck": ended,
    }


NAMES = [
    "resolve",
    "resolve, refused",
    "list",
    "list, refused",
    "list, emergency",
    "release",
    "release, refused",
    "release, absent",
    "events",
    "change_card",
    "change_card, refused",
    "label",
    "acknowledge",
    "adopt",
    "adopt, refused",
    "release_ingest",
    "settle",
    "open_record",
    "issue_identity",
    "recheck",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_failure_at_any_statement_leaves_nothing_and_a_repeat_succeeds(
    vault: VaultBench, verbs: Verbs, name: str
) -> None:
    act, before, at = verbs[name], vault.dump(), 0
    while True:
        vault.store.forget()
        vault.store.fail = lambda number, _statement, at=at: number == at
        try:
            act()
            break
        except Killed:
            if vault.store.statements[-1].verb in {"insert", "insert_new", "update", "delete", "commit"}:
                assert vault.dump() == before, vault.store.statements[-1]
        at += 1
    vault.store.fail = None
    vault.guard.inspector.verify_log()
    if name not in {"resolve", "recheck", "release_ingest", "settle"}:  # these permit without an event
        assert len(vault.dump()["event"]) == len(before["event"]) + 1


@pytest.mark.parametrize("name", ["list, refused", "resolve, refused", "release, absent", "adopt, refused"])
def test_a_refusal_and_its_count_stay(vault: VaultBench, verbs: Verbs, name: str) -> None:
    before = vault.dump()
    answer = verbs[name]()
    after = vault.dump()
    assert answer is None or isinstance(answer, Denied)
    assert len(after["event"]) == len(before["event"]) + 1
    if name in {"list, refused", "resolve, refused"}:  # the others were counted before
        assert after["quota_count"] != before["quota_count"]


def test_no_key_leaves_before_its_event_is_durable(vault: VaultBench, person: Person) -> None:
    """Killed at the very commit: the caller has nothing in its hands."""
    deposited = vault.deposit(person)
    got: list[object] = []
    vault.store.fail = lambda _number, statement: statement == Statement("commit", "")
    for act in (
        lambda: vault.release(person.call, person, [deposited]),
        lambda: vault.reader.list(person.call, person.record_id, [deposited.row]),
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
        lambda: vault.reader.list(vault.doctor(), person.record_id, [deposited.row]),
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
    vault.reader.list(person.call, person.record_id, [deposited.row])  # changes no key: no replay row
    rows = vault.sql("SELECT leaf_hash, kind, payload FROM replay ORDER BY replay_id")
    assert [kind for _, kind, _ in rows] == [
        "record+record_key+wrapped_key",
        "record+record_key",
        "blob+blob_document+document+document_row+wrapped_key",
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
