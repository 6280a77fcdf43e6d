"""A document after its deposit: refused by its holder, archived, deleted by its author's side (R31, R32)."""

from uuid import UUID, uuid4

import pytest

from keyvault.verbs.call import Call, Denied
from keyvault.verbs.reader.document.following import DocumentStanding, FollowedDeposits
from keyvault.verbs.reader.grants.reading import Disclosed
from keyvault.verbs.reader.holder.changing import Changed
from keyvault.verbs.worker.adoption.adopt_request import Adopted
from keyvault.verbs.worker.deposits.ingest_request import ForIngest
from records.errors import NotFound
from records.vocabulary.codes import Action, DocumentState, PurposeOfUse, ReasonCode, RecordState
from tests.integration.vault.bench import (
    ATTENDING,
    DOCTOR,
    LABORATORY,
    PRACTICE,
    REASON,
    REPORT,
    STRANGER,
    Deposited,
    Person,
    VaultBench,
    rows_of,
)
from tests.integration.vault.test_jobs import imaged, leaving, taken

WHY = "Ce compte rendu n'est pas le mien"
ABSENT = Denied(ReasonCode.NO_SUCH_DOCUMENT)


def sees(vault: VaultBench, call: Call, person: Person, *sent: Deposited) -> int:
    found = vault.reader.documents(call, person.record_id, rows_of(*sent))
    assert isinstance(found, Disclosed), found
    return len(found.documents)


def laboratory(vault: VaultBench, structure: str = LABORATORY) -> Call:
    return Call(token=vault.depositor(structure))


def refuse(vault: VaultBench, person: Person, sent: Deposited, reason: str | None = WHY) -> object:
    return vault.reader.refuse_document(person.call, person.record_id, sent.document_id, reason)


def delete(vault: VaultBench, call: Call, sent: Deposited) -> object:
    return vault.reader.change_document(call, sent.document_id, Action.DELETE)


def deleted(sent: Deposited) -> DocumentStanding:
    return DocumentStanding(sent.document_id, DocumentState.DELETED)


@pytest.mark.requirement("R31")
def test_r31_a_refused_document_is_hidden_from_everybody_but_its_holder(
    vault: VaultBench, person: Person
) -> None:
    sent = vault.deposit(person)
    vault.authorise(person)
    vault.change(person, Action.NAME_ATTENDING, ATTENDING)
    readers = [
        vault.doctor(),
        vault.doctor(ATTENDING),
        vault.doctor(DOCTOR, structure=LABORATORY),
        vault.emergency(),
    ]
    assert [sees(vault, each, person, sent) for each in readers] == [1, 1, 1, 1]
    refused = DocumentStanding(sent.document_id, DocumentState.APPROVED, int(vault.clock()))
    assert refuse(vault, person, sent) == refused
    assert refuse(vault, person, sent) == refused
    assert [sees(vault, each, person, sent) for each in readers] == [0, 0, 0, 0]
    found = vault.reader.documents(person.call, person.record_id, rows_of(sent))
    assert isinstance(found, Disclosed)
    assert found.documents[0].facts.refused is not None
    assert found.documents[0].facts.refused.reason == WHY
    assert refuse(vault, person, sent, None) == DocumentStanding(sent.document_id, DocumentState.APPROVED)
    assert [sees(vault, each, person, sent) for each in readers] == [1, 1, 1, 1]
    vault.guard.inspector.verify_log()


@pytest.mark.requirement("R31")
def test_r31_copies_of_other_structures_are_refused_too_and_later_ones(
    vault: VaultBench, person: Person
) -> None:
    vault.authorise(person)
    first, copy = vault.deposit(person), vault.deposit(person, structure="1750000003")
    refuse(vault, person, first)
    later = vault.deposit(person, structure="1750000009")
    assert sees(vault, vault.doctor(), person, first, copy, later) == 0
    refuse(vault, person, first, None)
    assert sees(vault, vault.doctor(), person, first, copy, later) == 3


@pytest.mark.requirement("R31")
def test_r31_who_deposited_hears_of_the_refusal_and_nobody_else(vault: VaultBench, person: Person) -> None:
    sent = vault.deposit(person)
    standing = DocumentStanding(sent.document_id, DocumentState.APPROVED)
    follow = vault.reader.follow_deposits
    with vault.logging() as log:
        assert follow(laboratory(vault), [sent.document_id, uuid4()]) == FollowedDeposits((standing,))
    assert log == []  # nothing that was not told on the day of the deposit
    refuse(vault, person, sent)
    told = DocumentStanding(sent.document_id, DocumentState.APPROVED, int(vault.clock()))
    with vault.logging() as log:
        assert follow(laboratory(vault), [sent.document_id]) == FollowedDeposits((told,))
        colleague = vault.doctor(STRANGER, structure=LABORATORY)
        assert follow(colleague, [sent.document_id]) == FollowedDeposits((told,))
        assert follow(laboratory(vault, PRACTICE), [sent.document_id]) == FollowedDeposits(())
        assert follow(vault.doctor(), [sent.document_id]) == FollowedDeposits(())
    assert [event.told for event in log] == [("follow_deposits", "permit", "author")] * 2
    assert follow(person.call, [sent.document_id]) == Denied(ReasonCode.ROLE_NOT_ENTITLED)


@pytest.mark.requirement("R31")
@pytest.mark.parametrize(
    ("refusal", "other"),
    [
        ({"kind": REPORT}, {"type_code": "11502-2"}),
        ({"kind": "31"}, {"type_code": "11502-2"}),
        ({"structure": LABORATORY}, {"structure": "1750000003"}),
    ],
)
def test_r31_deposits_of_a_kind_or_from_a_structure_are_refused_until_they_are_taken_again(
    vault: VaultBench, person: Person, refusal: dict[str, str], other: dict[str, str]
) -> None:
    def deposited() -> Adopted | Denied:
        content = f"%PDF-1.7 {uuid4()}".encode()
        received = vault.receive(content, token=vault.depositor(), ins=person.ins)
        taken = vault.take(received)
        assert isinstance(taken, ForIngest | Denied)
        if isinstance(taken, Denied):
            return taken
        return vault.worker.adopt(vault.request(received, person.ins, content, type_code=REPORT))

    before = vault.deposit(person, b"%PDF-1.7 before", type_code=REPORT)
    vault.authorise(person)
    for _ in range(2):
        changed = vault.change(person, Action.REFUSE_DEPOSITS, **refusal)
    expected = {"kinds": [*refusal.values()] if "kind" in refusal else [], "structures": []}
    expected["structures"] = [refusal["structure"]] if "structure" in refusal else []
    assert changed.choices["refusals"] == expected
    assert deposited() == Denied(ReasonCode.REFUSED_BY_HOLDER)
    vault.deposit(person, b"%PDF-1.7 of another kind", **other)  # type: ignore[arg-type]
    assert sees(vault, vault.doctor(), person, before) == 1  # what came earlier is refused one by one
    vault.change(person, Action.ADMIT_DEPOSITS, **refusal)
    assert isinstance(deposited(), Adopted)
    vault.guard.inspector.verify_log()


def test_while_a_record_is_suspended_its_holder_refuses_and_admits_nothing(
    vault: VaultBench, person: Person
) -> None:
    sent = vault.deposit(person)
    vault.change(person, Action.REFUSE_DEPOSITS, kind="10")
    vault.put_in_state(person, RecordState.SUSPENDED)
    assert isinstance(refuse(vault, person, sent), DocumentStanding)
    assert isinstance(vault.change(person, Action.REFUSE_DEPOSITS, kind="11"), Changed)
    suspended = Denied(ReasonCode.RECORD_SUSPENDED)
    assert refuse(vault, person, sent, None) == suspended


@pytest.mark.requirement("R32")
def test_r32_an_author_deletes_logically_and_for_good(vault: VaultBench, person: Person) -> None:
    sent = vault.deposit(person)
    vault.authorise(person)
    blobs = vault.sql("SELECT count(*) FROM blob")
    assert delete(vault, laboratory(vault), sent) == deleted(sent)
    assert delete(vault, laboratory(vault), sent) == deleted(sent)  # a repeat is answered alike
    assert sees(vault, vault.doctor(), person, sent) == sees(vault, person.call, person, sent) == 0
    assert vault.sql("SELECT count(*) FROM blob") == blobs  # it is kept until retention ends
    archive = vault.reader.change_document(laboratory(vault), sent.document_id, Action.ARCHIVE)
    assert archive == ABSENT
    with pytest.raises(NotFound):
        refuse(vault, person, sent)
    vault.guard.inspector.verify_log()


@pytest.mark.requirement("R32")
def test_r32_the_structure_s_people_of_today_delete_what_somebody_left_behind(
    vault: VaultBench, person: Person
) -> None:
    theirs = vault.doctor(DOCTOR, structure=LABORATORY).token
    sent = vault.deposit(person, token=theirs)
    assert delete(vault, laboratory(vault), sent) == ABSENT  # a person's, which no machine takes back
    assert delete(vault, vault.doctor(STRANGER, structure=PRACTICE), sent) == ABSENT
    vault.change(person, Action.BLOCK, STRANGER)
    assert delete(vault, vault.doctor(STRANGER, structure=LABORATORY), sent) == ABSENT
    vault.change(person, Action.UNBLOCK, STRANGER)
    assert delete(vault, vault.doctor(STRANGER, structure=LABORATORY), sent) == deleted(sent)
    again = vault.deposit(person, b"%PDF-1.7 again", token=theirs)
    moved = vault.doctor(DOCTOR, structure=PRACTICE)  # the author, who works elsewhere now
    assert delete(vault, moved, again) == deleted(again)


@pytest.mark.requirement("R32")
def test_r32_hidden_and_absent_are_told_alike_and_who_reads_a_document_that_it_is_another_s(
    vault: VaultBench, person: Person
) -> None:
    sent = vault.deposit(person)
    other = laboratory(vault, PRACTICE)
    assert delete(vault, other, sent) == ABSENT
    assert vault.reader.change_document(other, uuid4(), Action.DELETE) == ABSENT
    assert delete(vault, vault.doctor(), sent) == ABSENT
    vault.authorise(person)
    assert delete(vault, vault.doctor(), sent) == Denied(ReasonCode.NOT_AUTHORISED)
    assert delete(vault, person.call, sent) == Denied(ReasonCode.ROLE_NOT_ENTITLED)
    vault.label(person, sent.document_id, "MASQUE_PS")
    assert delete(vault, vault.doctor(), sent) == ABSENT
    glass = vault.doctor(STRANGER, purpose=PurposeOfUse.BRIS_DE_GLACE, reason=REASON)
    assert delete(vault, glass, sent) == ABSENT  # and no emergency begins by asking
    assert vault.sql("SELECT count(*) FROM emergency_window") == [(0,)]


@pytest.mark.requirement("R37")
def test_r37_holder_and_author_archive_a_document_that_stays_readable(
    vault: VaultBench, person: Person
) -> None:
    sent = vault.deposit(person)
    vault.authorise(person)
    change = vault.reader.change_document
    archived = DocumentStanding(sent.document_id, DocumentState.ARCHIVED)
    for call in (person.call, laboratory(vault)):
        for _ in range(2):
            assert change(call, sent.document_id, Action.ARCHIVE) == archived
        assert sees(vault, vault.doctor(), person, sent) == 1
        assert change(call, sent.document_id, Action.UNARCHIVE) == DocumentStanding(
            sent.document_id, DocumentState.APPROVED
        )
    assert change(vault.doctor(), sent.document_id, Action.ARCHIVE) == Denied(ReasonCode.NOT_AUTHORISED)
    delete(vault, laboratory(vault), sent)
    with pytest.raises(ValueError, match="id alone"):
        change(person.call, sent.document_id, Action.REFUSE)
    vault.guard.inspector.verify_log()


def test_a_hidden_document_s_clock_ends_with_its_deletion_and_nobody_is_told(
    vault: VaultBench, person: Person
) -> None:
    sent = vault.deposit(person, labels=["INVISIBLE_PATIENT"])
    before = vault.sql("SELECT count(*) FROM notice")
    assert delete(vault, laboratory(vault), sent) == deleted(sent)
    assert vault.sql("SELECT count(*) FROM clock") == [(0,)]
    assert vault.sql("SELECT count(*) FROM notice") == before


def test_the_holder_is_told_of_a_deletion_and_of_her_own_refusals(vault: VaultBench, person: Person) -> None:
    sent, other = vault.deposit(person), vault.deposit(person, b"%PDF-1.7 other")
    delete(vault, laboratory(vault), sent)
    refuse(vault, person, other)
    found = vault.reader.notices(person.call, person.record_id)
    assert not isinstance(found, Denied)
    assert {each.kind for each in found.notices} == {"deposit", "taken_back", "refusals_changed"}


def test_a_withdrawal_that_comes_after_a_deletion_ends_all_the_same(
    vault: VaultBench, person: Person
) -> None:
    sent = imaged(vault, person, "1.2.7")
    named = (person.record_id, sent.document_id, rows_of(sent), [], "113037")
    job = vault.guard.operator.withdraw(vault.operator(), *named)
    assert isinstance(job, UUID)
    assert delete(vault, laboratory(vault), sent) == deleted(sent)
    opened = taken(vault, job, rows_of(sent))
    assert isinstance(vault.worker.adopt_job(leaving(job, opened)), Adopted)
    vault.guard.inspector.verify_log()


def test_images_that_join_a_refused_study_are_as_hidden(vault: VaultBench, person: Person) -> None:
    first = imaged(vault, person, "1.2.7")
    vault.authorise(person)
    refuse(vault, person, first)
    second = imaged(vault, person, "1.2.8")
    assert second.document_id == first.document_id
    assert sees(vault, vault.doctor(), person, first, second) == 0
