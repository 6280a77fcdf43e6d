"""Older valid bytes put back, rows exchanged, rows left out: in the vault's file and in the index."""

from dataclasses import replace
from uuid import uuid4

import pytest

from audit.view import LogFault
from keyvault.keys.cards import open_facts, seal_facts
from keyvault.verbs.call import Denied
from keyvault.verbs.reader.grants.reading import Disclosed
from keyvault.verbs.reader.grants.releasing import Released
from keyvault.verbs.rows import SealedRow
from records.errors import CoffreError, NotFound
from records.vocabulary.codes import Action, DocumentState, ReasonCode
from tests.integration.vault.bench import DOCTOR, STRANGER, Deposited, Person, VaultBench


def saved(vault: VaultBench, table: str, columns: str, key: str, value: bytes) -> tuple[object, ...]:
    (row,) = vault.sql(f"SELECT {columns} FROM {table} WHERE {key}=?", value)  # noqa: S608
    return row


def put_back(
    vault: VaultBench, table: str, columns: str, row: tuple[object, ...], key: str, value: bytes
) -> None:
    assignments = ", ".join(f"{name.strip()}=?" for name in columns.split(","))
    vault.sql(f"UPDATE {table} SET {assignments} WHERE {key}=?", *row, value)  # noqa: S608


@pytest.mark.parametrize("columns", ["card", "card, card_version"])
def test_an_older_card_without_its_digest_opens_for_nobody(
    vault: VaultBench, person: Person, columns: str
) -> None:
    vault.change(person, Action.BLOCK, STRANGER)
    old = saved(vault, "record", columns, "record_id", person.record_id.bytes)
    vault.change(person, Action.BLOCK, DOCTOR)
    put_back(vault, "record", columns, old, "record_id", person.record_id.bytes)
    for call in (vault.doctor(), person.call):
        with pytest.raises(CoffreError) as refusal:
            vault.reader.resolve(call, person.ins)
        assert refusal.value.code == "card_altered"


def test_an_older_card_put_back_with_its_digest_and_another_version_does_not_open(
    vault: VaultBench, person: Person
) -> None:
    vault.change(person, Action.BLOCK, STRANGER)
    old = saved(vault, "record", "card, card_digest", "record_id", person.record_id.bytes)
    vault.change(person, Action.BLOCK, DOCTOR)
    put_back(vault, "record", "card, card_digest", old, "record_id", person.record_id.bytes)
    with pytest.raises(CoffreError) as refusal:
        vault.reader.resolve(vault.doctor(), person.ins)
    assert refusal.value.code == "unseal_failed"


def test_an_older_card_put_back_whole_is_named_by_the_log(vault: VaultBench, person: Person) -> None:
    """Who may write the vault's own tables can do this; that it happened cannot be hidden."""
    columns = "card, card_version, card_digest"
    vault.change(person, Action.BLOCK, STRANGER)
    old = saved(vault, "record", columns, "record_id", person.record_id.bytes)
    vault.change(person, Action.BLOCK, DOCTOR)
    vault.guard.inspector.verify_log()
    put_back(vault, "record", columns, old, "record_id", person.record_id.bytes)
    with pytest.raises(LogFault) as fault:
        vault.guard.inspector.verify_log()
    assert fault.value.code == "card_rolled_back"


def test_cards_of_two_records_cannot_be_exchanged(vault: VaultBench, person: Person) -> None:
    columns = "card, card_version, card_digest"
    other = vault.person()
    vault.change(other, Action.BLOCK, STRANGER)
    vault.change(person, Action.BLOCK, DOCTOR)
    theirs = saved(vault, "record", columns, "record_id", other.record_id.bytes)
    put_back(vault, "record", columns, theirs, "record_id", person.record_id.bytes)
    with pytest.raises(CoffreError) as refusal:
        vault.reader.resolve(vault.doctor(), person.ins)
    assert refusal.value.code == "unseal_failed"


WHOLE_CHOICE = "version, state, ends_on, sealed, digest"


def test_an_older_authorisation_without_its_digest_opens_for_nobody(
    vault: VaultBench, person: Person
) -> None:
    vault.authorise(person)
    old = saved(vault, "authorisation", WHOLE_CHOICE, "record_id", person.record_id.bytes)
    vault.change(person, Action.REVOKE, DOCTOR)
    new = saved(vault, "authorisation", WHOLE_CHOICE, "record_id", person.record_id.bytes)
    for columns, row, code in (
        ("sealed", old[3:4], "card_altered"),
        ("version", old[0:1], "unseal_failed"),
        ("state", old[1:2], "card_altered"),
        ("ends_on", old[2:3], "card_altered"),
        ("sealed, digest", old[3:5], "unseal_failed"),
    ):
        put_back(vault, "authorisation", WHOLE_CHOICE, new, "record_id", person.record_id.bytes)
        put_back(vault, "authorisation", columns, row, "record_id", person.record_id.bytes)
        with pytest.raises(CoffreError) as refusal:
            vault.reader.resolve(vault.doctor(), person.ins)
        assert refusal.value.code == code
        with pytest.raises(LogFault):
            vault.guard.inspector.verify_log()


def test_an_older_authorisation_put_back_whole_or_one_taken_away_is_named_by_the_log(
    vault: VaultBench, person: Person
) -> None:
    vault.authorise(person)
    old = saved(vault, "authorisation", WHOLE_CHOICE, "record_id", person.record_id.bytes)
    vault.change(person, Action.REVOKE, DOCTOR)
    vault.guard.inspector.verify_log()
    put_back(vault, "authorisation", WHOLE_CHOICE, old, "record_id", person.record_id.bytes)
    with pytest.raises(LogFault) as fault:
        vault.guard.inspector.verify_log()
    assert fault.value.code == "authorisation_rolled_back"
    vault.sql("DELETE FROM authorisation")
    assert vault.reader.resolve(vault.doctor(), person.ins) == Denied(ReasonCode.NOT_AUTHORISED)
    with pytest.raises(LogFault) as fault:
        vault.guard.inspector.verify_log()
    assert fault.value.code == "authorisation_rolled_back"


def test_authorisations_of_two_professionals_or_records_cannot_be_exchanged(
    vault: VaultBench, person: Person
) -> None:
    other = vault.person()
    vault.authorise(other)
    theirs = saved(vault, "authorisation", WHOLE_CHOICE, "record_id", other.record_id.bytes)
    vault.authorise(person)
    vault.change(person, Action.REVOKE, DOCTOR)
    put_back(vault, "authorisation", WHOLE_CHOICE, theirs, "record_id", person.record_id.bytes)
    with pytest.raises(CoffreError) as refusal:
        vault.reader.resolve(vault.doctor(), person.ins)
    assert refusal.value.code == "unseal_failed"
    vault.authorise(other, STRANGER)
    vault.change(other, Action.REVOKE, DOCTOR)
    vault.sql(
        "UPDATE authorisation SET person=zeroblob(32) WHERE record_id=? AND version=2", other.record_id.bytes
    )
    ((revoked,),) = vault.sql(
        "SELECT person FROM authorisation WHERE record_id=? AND version=1", other.record_id.bytes
    )
    assert revoked != bytes(32)
    with pytest.raises(LogFault):
        vault.guard.inspector.verify_log()


def test_older_facts_are_refused_or_named_by_the_log(vault: VaultBench, person: Person) -> None:
    deposited = vault.deposit(person)
    vault.authorise(person)
    key = deposited.document_id.bytes
    whole = "facts, facts_version, facts_digest"
    old = saved(vault, "document", whole, "document_id", key)
    vault.label(person, deposited.document_id, "MASQUE_PS")
    new = saved(vault, "document", whole, "document_id", key)
    vault.guard.inspector.verify_log()
    for columns, row, code in (
        ("facts", old[:1], "card_altered"),
        ("facts, facts_version", old[:2], "card_altered"),
        ("facts, facts_digest", (old[0], old[2]), "unseal_failed"),
    ):
        put_back(vault, "document", whole, new, "document_id", key)
        put_back(vault, "document", columns, row, "document_id", key)
        with pytest.raises(CoffreError) as refusal:
            vault.reader.documents(vault.doctor(), person.record_id, [deposited.row])
        assert refusal.value.code == code
    put_back(vault, "document", whole, old, "document_id", key)
    with pytest.raises(LogFault) as fault:
        vault.guard.inspector.verify_log()
    assert fault.value.code == "facts_rolled_back"


def test_facts_of_two_documents_cannot_be_exchanged(vault: VaultBench, person: Person) -> None:
    masked, other = vault.deposit(person), vault.deposit(person, b"other")
    vault.authorise(person)
    vault.label(person, masked.document_id, "MASQUE_PS")
    vault.label(person, other.document_id)
    whole = "facts, facts_version, facts_digest"
    theirs = saved(vault, "document", whole, "document_id", other.document_id.bytes)
    put_back(vault, "document", whole, theirs, "document_id", masked.document_id.bytes)
    with pytest.raises(CoffreError) as refusal:
        vault.reader.documents(vault.doctor(), person.record_id, [masked.row])
    assert refusal.value.code == "unseal_failed"


def test_wraps_of_two_records_or_two_blobs_cannot_be_exchanged(vault: VaultBench, person: Person) -> None:
    first, second = vault.deposit(person), vault.deposit(person, b"second")
    whole = "wrap"
    theirs = saved(vault, "blob", whole, "blob_id", second.request.blobs[0].blob_id.bytes)
    put_back(vault, "blob", whole, theirs, "blob_id", first.request.blobs[0].blob_id.bytes)
    with pytest.raises(CoffreError) as refusal:
        vault.release(person.call, person, [first, second])
    assert refusal.value.code == "key_unwrap_failed"
    other = vault.person()
    for table in ("record_key", "wrapped_key"):
        ((theirs), *_) = vault.sql(
            f"SELECT wrap FROM {table} WHERE record_id=?",  # noqa: S608
            other.record_id.bytes,
        )
        put_back(vault, table, whole, theirs, "record_id", person.record_id.bytes)
        with pytest.raises(CoffreError) as refusal:
            vault.reader.resolve(person.call, person.ins)
        assert refusal.value.code == "key_unwrap_failed"


@pytest.fixture
def grown(vault: VaultBench, person: Person) -> tuple[Deposited, Deposited]:
    """A study of two submissions: one document, two rows."""
    first = vault.deposit_study(person, "1.2.3", "1.2.3.1")
    second = vault.deposit_study(person, "1.2.3", "1.2.3.2")
    assert first.document_id == second.document_id and second.row.row_version == 2
    return first, second


def shown(vault: VaultBench, person: Person, rows: list[SealedRow]) -> Disclosed:
    listing = vault.reader.documents(person.call, person.record_id, rows)
    assert isinstance(listing, Disclosed)
    return listing


def flipped(sealed: bytes, at: int) -> bytes:
    """One bit other than it was; a fixed byte would be the same one time in 256."""
    altered = bytearray(sealed)
    altered[at] ^= 1
    return bytes(altered)


def exchanges(vault: VaultBench, person: Person) -> dict[str, SealedRow]:
    first, second = vault.deposit(person), vault.deposit(person, b"second")
    study, more = vault.deposit_study(person, "1.2.3"), vault.deposit_study(person, "1.2.3")
    foreign = vault.deposit(vault.person())
    return {
        "another document's": replace(second.row, document_id=first.document_id),
        "another document's, its submission too": replace(first.row, sealed=second.row.sealed),
        "another record's": replace(foreign.row, document_id=first.document_id),
        "an older row as the newer": replace(study.row, row_version=2),
        "an older row as the newer, with its submission": replace(
            study.row, row_version=2, submission_id=more.row.submission_id
        ),
        "a version that never was": replace(study.row, row_version=3),
        "another submission's key": replace(first.row, submission_id=second.row.submission_id),
        "a submission nobody knows": replace(first.row, submission_id=uuid4()),
        "altered": replace(first.row, sealed=flipped(first.row.sealed, -1)),
        "cut": replace(first.row, sealed=first.row.sealed[:20]),
        "empty": replace(first.row, sealed=b""),
    }


def test_an_exchanged_row_is_left_out_of_lists_and_stops_a_grant(vault: VaultBench, person: Person) -> None:
    for name, row in exchanges(vault, person).items():
        listing = shown(vault, person, [row])
        assert listing.documents == (), name
        with vault.logging() as seen, pytest.raises(CoffreError) as refusal:
            vault.reader.release(
                person.call,
                person.record_id,
                [row],
                documents=[[row.document_id]],
                recipient=b"\x09" + bytes(31),
            )
        assert refusal.value.code == "index_altered", name
        assert [event.line["failed"] for event in seen] == ["index_altered"], name  # and nothing was given


def test_rows_of_another_record_add_nothing(vault: VaultBench, person: Person) -> None:
    other = vault.person()
    theirs, mine = vault.deposit(other), vault.deposit(person)
    listing = shown(vault, person, [theirs.row, mine.row])
    assert [each.document_id for each in listing.documents] == [mine.document_id]
    body = vault.granted(person.call, person, theirs, mine)
    assert [each.document_id for each in body.documents] == [mine.document_id]


def test_rows_left_out_can_only_shorten(
    vault: VaultBench, person: Person, grown: tuple[Deposited, Deposited]
) -> None:
    first, second = grown
    report = vault.deposit(person)
    assert len(shown(vault, person, []).documents) == 0
    (study,) = shown(vault, person, [second.row]).documents
    assert [row.series[0].uid for row in study.details] == ["1.2.3.2"]
    body = vault.granted(person.call, person, first, documents=[[first.document_id]])
    assert [series.series for series in body.series] == ["1.2.3.1"]
    with pytest.raises(NotFound):  # what the index doesn't show isn't published
        vault.release(person.call, person, [first, second], documents=[[report.document_id]])


def test_rows_given_twice_count_once(
    vault: VaultBench, person: Person, grown: tuple[Deposited, Deposited]
) -> None:
    """A study asked for by its UID and by its document brings its rows twice."""
    first, second = grown
    (study,) = shown(vault, person, [first.row, second.row, first.row]).documents
    assert len(study.details) == 2
    body = vault.granted(person.call, person, second, first, second, first)
    assert [len(series.blobs) for series in body.series] == [1, 1]


def test_the_state_of_the_index_means_nothing(vault: VaultBench, person: Person) -> None:
    """A document deleted in the vault is gone whatever row the index still shows."""
    deposited = vault.deposit(person)
    with vault.store.inner.writing() as tx:
        opened = vault.guard._vault.open(tx, tx.get("record", record_id=person.record_id)).card
        row = tx.get("document", document_id=deposited.document_id)
        assert row is not None
        facts = replace(open_facts(opened, [row])[deposited.document_id], state=DocumentState.DELETED)
        tx.update("document", seal_facts(opened, facts, 2), document_id=deposited.document_id)
    assert shown(vault, person, [deposited.row]).documents == ()
    answer, _ = vault.release(person.call, person, [deposited])
    assert isinstance(answer, Released) and answer.objects == ()
    assert not isinstance(answer, Denied)


# What stands beside a sealed row is what the row seals.

BESIDE = {
    "the document's kind": ("document", "kind", "document_id", "study"),
    "the document's state": ("document", "state", "document_id", "deleted"),
    "the document's facts": ("document", "facts", "document_id", bytes(80)),
    "its newest details row": ("document", "row_version", "document_id", 7),
    "the digest of that row": ("document", "row_digest", "document_id", bytes(32)),
    "the INS that finds the record": ("record", "ins_token", "record_id", bytes(32)),
    "the record's state": ("record", "state", "record_id", "suspended"),
}


@pytest.mark.parametrize("what", BESIDE)
def test_what_stands_beside_a_sealed_row_is_compared_with_it(
    vault: VaultBench, person: Person, what: str
) -> None:
    deposited = vault.deposit(person)
    vault.guard.inspector.verify_log()
    table, column, key, value = BESIDE[what]
    ids = {"document_id": deposited.document_id.bytes, "record_id": person.record_id.bytes}
    put_back(vault, table, column, (value,), key, ids[key])
    with pytest.raises(LogFault) as fault:
        vault.guard.inspector.verify_log()
    assert fault.value.code == ("card_altered" if table == "record" else "facts_altered")


def test_records_that_exchange_their_ins_open_nothing_and_are_named(
    vault: VaultBench, person: Person
) -> None:
    """Else a doctor who asks for one person would read, and feed, the other."""
    other = vault.person()
    vault.authorise(other)
    mine, theirs = (
        saved(vault, "record", "ins_token", "record_id", each.record_id.bytes) for each in (person, other)
    )
    put_back(vault, "record", "ins_token", (bytes(32),), "record_id", other.record_id.bytes)
    put_back(vault, "record", "ins_token", theirs, "record_id", person.record_id.bytes)
    put_back(vault, "record", "ins_token", mine, "record_id", other.record_id.bytes)
    with pytest.raises(CoffreError) as refusal:
        vault.reader.resolve(vault.doctor(), person.ins)
    assert refusal.value.code == "card_altered"
    with pytest.raises(LogFault) as fault:
        vault.guard.inspector.verify_log()
    assert fault.value.code == "card_altered"
