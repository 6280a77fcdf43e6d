"""What the law says, through the vault's verbs: traces, emergencies, copies, suspension, depositors."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest

from audit.view import LogFault
from keyvault.crypto.sealed_json import card_aad, seal_json
from keyvault.keys.cards import OpenedCard
from keyvault.log.appending import Event
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.reader.grants.reading import Disclosed, ResolvedRecord
from keyvault.verbs.reader.holder.changing import CardChange, Changed
from keyvault.verbs.worker.adoption.adopt_request import Adopted
from keyvault.verbs.worker.deposits.ingest_request import ForIngest
from records.card.card import CardAuthorisation, Emergency
from records.documents.details import SetAside
from records.errors import CoffreError, Invalid, NotFound, Refused
from records.vocabulary.codes import Action, Outcome, PurposeOfUse, ReasonCode, RecordState
from tests.integration.hiding import hide_from_patient
from tests.integration.vault.bench import (
    ATTENDING,
    DOCTOR,
    HOSPITAL,
    HOUR,
    LABORATORY,
    REASON,
    STRANGER,
    Deposited,
    Person,
    VaultBench,
    new_ins,
    rows_of,
)
from tests.unit.records.earlier_cards import earlier_json

DAY = 24 * HOUR


def told(vault: VaultBench) -> list[tuple[str, str]]:
    """The notices of emergencies."""
    return vault.told("bris_de_glace", "centre_15")


def counted(vault: VaultBench, table: str) -> int:
    ((count,),) = vault.sql(f"SELECT count(*) FROM {table}")  # noqa: S608
    return int(count)


def optician(vault: VaultBench) -> Call:
    return vault.doctor(STRANGER, profession="28", purpose=PurposeOfUse.BRIS_DE_GLACE, reason=REASON)


# That a record exists is an answer.


def test_finding_a_record_leaves_a_line_whoever_finds_it(vault: VaultBench, person: Person) -> None:
    vault.authorise(person)
    for call, ground in (
        (person.call, "own_record"),
        (vault.doctor(), "authorised"),
        (vault.emergency(), "emergency"),
        (vault.regulation(), "regulation_centre"),
    ):
        with vault.logging() as seen:
            found = vault.reader.find(call, person.ins)
        assert found == ResolvedRecord(person.record_id, person.public_id, "active")
        (event,) = seen
        assert event.told == ("identify", "permit", ground) and event.chain_id == person.record_id
        assert event.entry.purpose is call.purpose and vault.actor_of(event, call.token)


def test_finding_a_record_in_an_emergency_opens_its_window_and_queues_its_notices(
    vault: VaultBench, person: Person
) -> None:
    vault.change(person, Action.NAME_ATTENDING, ATTENDING)
    for _ in range(3):
        vault.reader.find(vault.emergency(), person.ins)
    assert (counted(vault, "emergency_window"), len(told(vault))) == (1, 2)
    vault.reader.find(vault.regulation(), person.ins)
    assert (counted(vault, "emergency_window"), len(told(vault))) == (2, 4)


def test_whom_the_table_does_not_admit_to_emergencies_finds_nothing(
    vault: VaultBench, person: Person
) -> None:
    """An optician with a reason of ten characters learns as much of a record as of none."""
    with vault.logging() as seen:
        assert vault.reader.find(optician(vault), person.ins) == Denied(ReasonCode.PROFESSION_NOT_ENTITLED)
        assert isinstance(vault.reader.find(optician(vault), new_ins()), Denied)
    assert [event.told[:2] for event in seen] == [("search", "deny")] * 2
    assert counted(vault, "emergency_window") == len(told(vault)) == 0


@pytest.mark.requirement("R20")
def test_an_unknown_study_is_refused_like_a_masked_one(vault: VaultBench, person: Person) -> None:
    images = vault.deposit_study(person, "1.2.3")
    vault.label(person, images.document_id, "MASQUE_PS")
    refusals = []
    for rows, study in (([images], [images.document_id]), ([], list[UUID]())):
        with vault.logging() as seen, pytest.raises(NotFound):
            vault.release(vault.emergency(), person, rows, documents=[study])
        refusals.append([event.told for event in seen])
    assert refusals == [[("retrieve", "deny", "no_such_document")]] * 2
    assert told(vault) == [("bris_de_glace", "patient")]


# Emergencies.


def test_the_regulation_centre_without_a_reason_is_answered_all_day(
    vault: VaultBench, person: Person
) -> None:
    for hour in range(25):
        with vault.logging() as seen:
            listing = vault.reader.documents(vault.regulation(), person.record_id, [])
        assert isinstance(listing, Disclosed), hour
        assert [event.told for event in seen] == [("search", "permit", "regulation_centre")]
        assert len(told(vault)) == hour // 4 + 1  # each window has its own
        vault.clock.advance(HOUR)


def test_the_regulation_centre_with_a_reason_is_bound_by_it(vault: VaultBench, person: Person) -> None:
    def listed(reason: str | None) -> object:
        call = vault.doctor(
            STRANGER, purpose=PurposeOfUse.CENTRE_15, setting="SAMU_SMUR", reason=reason
        )  # fmt: skip
        return vault.reader.documents(call, person.record_id, [])

    for reason in (None, "  ", "appel 1", "appel 2", "appel 3"):
        assert isinstance(listed(reason), Disclosed)
    assert listed("appel 4") == Denied(ReasonCode.EMERGENCY_TOO_OFTEN)
    vault.clock.advance(4 * HOUR)
    assert listed("appel 1") == Denied(ReasonCode.EMERGENCY_EXPIRED)
    assert isinstance(listed(None), Disclosed)


def test_a_blocked_attending_doctor_is_told_nothing(vault: VaultBench, person: Person) -> None:
    vault.change(person, Action.NAME_ATTENDING, ATTENDING)
    vault.change(person, Action.NAME_ATTENDING, DOCTOR)
    vault.change(person, Action.BLOCK, ATTENDING)
    vault.reader.documents(vault.emergency(), person.record_id, [])
    assert {recipient for _, recipient in told(vault)} == {"patient", f"professional:{DOCTOR}"}


def test_windows_go_when_no_decision_looks_at_them_any_more(vault: VaultBench, person: Person) -> None:
    vault.reader.documents(vault.emergency(), person.record_id, [])
    vault.clock.advance(DAY - 1)
    vault.guard.housekeeper.expire()
    assert counted(vault, "emergency_window") == 1
    assert vault.reader.documents(vault.emergency(), person.record_id, []) == Denied(
        ReasonCode.EMERGENCY_EXPIRED
    )
    vault.clock.advance(1)
    vault.guard.housekeeper.expire()
    assert counted(vault, "emergency_window") == 0
    assert isinstance(vault.reader.documents(vault.emergency(), person.record_id, []), Disclosed)


# Copies of one content from several structures.


def study_twice(vault: VaultBench, person: Person) -> tuple[Deposited, Deposited]:
    ours = vault.deposit_study(person, "1.2.3", structure=LABORATORY)
    return ours, vault.deposit_study(person, "1.2.3", structure=HOSPITAL)


def report_twice(vault: VaultBench, person: Person) -> tuple[Deposited, Deposited]:
    ours = vault.deposit(person, b"%PDF-1.7 frottis", structure=LABORATORY)
    return ours, vault.deposit(person, b"%PDF-1.7 frottis", structure=HOSPITAL)


@pytest.mark.parametrize("twice", [study_twice, report_twice])
@pytest.mark.parametrize("labelled", [0, 1], ids=["first", "second"])
@pytest.mark.requirement("R20")
def test_r20_a_content_is_masked_whoever_deposits_it(
    vault: VaultBench,
    person: Person,
    twice: Callable[[VaultBench, Person], tuple[Deposited, Deposited]],
    labelled: int,
) -> None:
    vault.authorise(person)
    copies = twice(vault, person)
    other = vault.deposit(person, b"%PDF-1.7 other")
    vault.label(person, copies[labelled].document_id, "MASQUE_PS")
    everything = rows_of(*copies, other)

    listing = vault.reader.documents(vault.doctor(), person.record_id, everything)
    assert isinstance(listing, Disclosed)
    assert [each.document_id for each in listing.documents] == [other.document_id]
    for copy in copies:
        with pytest.raises(NotFound):
            vault.release(vault.doctor(), person, [copy], documents=[[copy.document_id]])

    own = vault.reader.documents(person.call, person.record_id, everything)
    assert isinstance(own, Disclosed)
    assert [len(each.facts.labels) for each in own.documents if each.document_id != other.document_id] == [
        1,
        1,
    ]
    assert vault.guard.inspector.verify_log()


@pytest.mark.parametrize("twice", [study_twice, report_twice])
def test_what_is_deposited_again_after_the_holder_masked_it_is_masked(
    vault: VaultBench, person: Person, twice: Callable[[VaultBench, Person], tuple[Deposited, Deposited]]
) -> None:
    vault.authorise(person)
    first, _ = twice(vault, person)
    vault.label(person, first.document_id, "MASQUE_PS")
    again = (
        vault.deposit_study(person, "1.2.3", structure="1750000007")
        if twice is study_twice
        else vault.deposit(person, b"%PDF-1.7 frottis", structure="1750000007")
    )
    listing = vault.reader.documents(vault.doctor(), person.record_id, rows_of(again))
    assert isinstance(listing, Disclosed) and listing.documents == ()


def test_unmasking_one_copy_unmasks_all_and_each_has_its_line(vault: VaultBench, person: Person) -> None:
    vault.authorise(person)
    copies = study_twice(vault, person)
    vault.label(person, copies[0].document_id, "MASQUE_PS")
    with vault.logging() as seen:
        vault.label(person, copies[1].document_id)
    assert {event.entry.object for event in seen} == {str(copy.document_id) for copy in copies}
    listing = vault.reader.documents(vault.doctor(), person.record_id, rows_of(*copies))
    assert isinstance(listing, Disclosed) and len(listing.documents) == 2
    assert vault.guard.inspector.verify_log()


def test_a_grant_on_one_copy_ends_when_the_other_is_masked(vault: VaultBench, person: Person) -> None:
    vault.authorise(person)
    ours, theirs = study_twice(vault, person)
    answer, _ = vault.release(vault.doctor(), person, [theirs])
    grant, (blob, version) = UUID(answer.grant["id"]), answer.objects[0]  # type: ignore[union-attr]
    assert vault.reader.recheck(grant, blob, version)
    vault.label(person, ours.document_id, "MASQUE_PS")
    assert not vault.reader.recheck(grant, blob, version)


def test_the_same_content_in_another_record_is_that_record_s_affair(
    vault: VaultBench, person: Person
) -> None:
    other = vault.person()
    mine, theirs = vault.deposit(person), vault.deposit(other)
    vault.label(person, mine.document_id, "MASQUE_PS")
    vault.authorise(other)
    listing = vault.reader.documents(vault.doctor(), other.record_id, rows_of(theirs))
    assert isinstance(listing, Disclosed) and len(listing.documents) == 1
    tokens = [token for (token,) in vault.sql("SELECT content_token FROM document")]
    assert len(set(tokens)) == 2 and None not in tokens


def test_a_carer_of_the_depositing_structure_sees_nothing_masked_in_an_emergency(
    vault: VaultBench, person: Person
) -> None:
    masked = vault.deposit(person, structure=HOSPITAL)
    vault.label(person, masked.document_id, "MASQUE_PS")
    call = vault.doctor(
        STRANGER, profession="35", structure=HOSPITAL, purpose=PurposeOfUse.BRIS_DE_GLACE, reason=REASON
    )
    listing = vault.reader.documents(call, person.record_id, rows_of(masked))
    assert isinstance(listing, Disclosed) and listing.documents == ()
    vault.authorise(person, STRANGER)
    colleague = vault.doctor(STRANGER, profession="35", structure=HOSPITAL)
    listing = vault.reader.documents(colleague, person.record_id, rows_of(masked))
    assert isinstance(listing, Disclosed) and len(listing.documents) == 1


# Labels.


def test_the_holder_never_hides_a_document_from_herself(vault: VaultBench, person: Person) -> None:
    deposited = vault.deposit(person)
    with pytest.raises(Refused) as refusal:
        vault.reader.label(person.call, person.record_id, deposited.document_id, ["INVISIBLE_PATIENT"])
    assert refusal.value.code == "label_not_entitled"
    own = vault.reader.documents(person.call, person.record_id, rows_of(deposited))
    assert isinstance(own, Disclosed) and own.documents[0].facts.labels == frozenset()


def test_what_was_hidden_until_a_date_can_be_masked_after_it(vault: VaultBench, person: Person) -> None:
    deposited = vault.deposit(person)
    hide_from_patient(vault.guard.reader._vault, deposited.document_id, int(vault.clock()) - 1)
    answer = vault.reader.label(
        person.call, person.record_id, deposited.document_id, ["INVISIBLE_PATIENT", "MASQUE_PS"]
    )
    assert answer == Changed({"labels": ["MASQUE_PS"]})


# The record's state.


@pytest.mark.parametrize("state", [each for each in RecordState if each is not RecordState.ACTIVE])
def test_a_state_flipped_in_the_database_opens_nothing_and_is_named(
    vault: VaultBench, person: Person, state: RecordState
) -> None:
    vault.authorise(person)
    vault.guard.inspector.verify_log()
    vault.sql("UPDATE record SET state=? WHERE record_id=?", state.value, person.record_id.bytes)
    for call in (person.call, vault.doctor(), vault.emergency()):
        with pytest.raises(CoffreError) as refusal:
            vault.reader.documents(call, person.record_id, [])
        assert refusal.value.code == "card_altered"
    with pytest.raises(LogFault) as fault:
        vault.guard.inspector.verify_log()
    assert fault.value.code == "card_altered"


def test_a_suspension_lifted_in_the_database_is_named(vault: VaultBench, person: Person) -> None:
    vault.authorise(person)
    vault.put_in_state(person, RecordState.SUSPENDED)
    assert vault.reader.documents(vault.doctor(), person.record_id, []) == Denied(ReasonCode.RECORD_SUSPENDED)
    vault.guard.inspector.verify_log()
    vault.sql("UPDATE record SET state='active' WHERE record_id=?", person.record_id.bytes)
    with pytest.raises(CoffreError):
        vault.reader.documents(vault.doctor(), person.record_id, [])
    with pytest.raises(LogFault):
        vault.guard.inspector.verify_log()


def reseal_as_first_format(
    vault: VaultBench, person: Person, authorisations: tuple[CardAuthorisation, ...] = ()
) -> None:
    """The card as 0.1.0 would have left it."""
    inner = vault.guard.reader._vault
    with inner.transaction() as transaction:
        record = inner.open(
            transaction.rows, transaction.rows.get("record", record_id=person.record_id), lock=True
        )
        opened: OpenedCard = record.card
        assert opened.card is not None
        version = opened.version + 1
        aad = card_aad(person.record_id, person.record_id, version)
        earlier = earlier_json(replace(opened.card, authorisations=authorisations))
        sealed = seal_json(opened.key, earlier, aad)
        digest = hashlib.sha256(sealed).digest()
        columns = {"card": sealed, "card_version": version, "card_digest": digest}
        transaction.rows.update("record", columns, record_id=person.record_id)
        event = Event(
            action=Action.AUTHORISE,
            outcome=Outcome.PERMIT,
            reason=ReasonCode.OWN_RECORD,
            purpose=PurposeOfUse.NORMAL,
            actor=None,
            record=person.public_id,
            details={"card_version": version, "card_digest": digest.hex()},
        )
        transaction.append(record.chain, event)


def test_a_card_of_the_first_format_stays_readable_and_is_sealed_anew_at_the_next_change(
    vault: VaultBench, person: Person
) -> None:
    reseal_as_first_format(vault, person)
    assert vault.reader.resolve(person.call, person.ins) == ResolvedRecord(
        person.record_id, person.public_id, "active"
    )
    vault.guard.inspector.verify_log()
    # no record had another state when that format was written
    vault.sql("UPDATE record SET state='closed' WHERE record_id=?", person.record_id.bytes)
    with pytest.raises(LogFault) as fault:
        vault.guard.inspector.verify_log()
    assert fault.value.code == "card_altered"
    vault.sql("UPDATE record SET state='active' WHERE record_id=?", person.record_id.bytes)
    vault.authorise(person)
    vault.put_in_state(person, RecordState.SUSPENDED)
    assert vault.reader.documents(vault.doctor(), person.record_id, []) == Denied(ReasonCode.RECORD_SUSPENDED)
    vault.guard.inspector.verify_log()


@pytest.mark.requirement("R14")
def test_in_a_suspended_record_the_holder_takes_rights_away_and_gives_none(
    vault: VaultBench, person: Person
) -> None:
    deposited, masked = vault.deposit(person), vault.deposit(person, b"masked")
    vault.authorise(person)
    vault.change(person, Action.NAME_ATTENDING, ATTENDING)
    vault.change(person, Action.BLOCK, "899700077770")
    vault.label(person, masked.document_id, "MASQUE_PS")
    vault.allow(person, centre_15=False)
    vault.put_in_state(person, RecordState.SUSPENDED)

    def changed(
        action: Action, professional: str | None = None, emergency: Emergency | None = None
    ) -> object:
        wanted = CardChange(action=action, professional=professional, emergency=emergency)
        return vault.reader.change_card(person.call, person.record_id, wanted)

    suspended = Denied(ReasonCode.RECORD_SUSPENDED)
    assert changed(Action.AUTHORISE, STRANGER) == suspended
    assert changed(Action.NAME_ATTENDING, STRANGER) == suspended
    assert changed(Action.UNBLOCK, "899700077770") == suspended
    assert changed(Action.SET_EMERGENCY, emergency=Emergency(True, True)) == suspended
    assert vault.reader.label(person.call, person.record_id, masked.document_id, []) == suspended
    assert vault.reader.documents(person.call, person.record_id, rows_of(deposited)) == suspended

    with vault.logging() as seen:
        for answer in (
            changed(Action.REVOKE, DOCTOR),
            changed(Action.BLOCK, DOCTOR),
            changed(Action.REMOVE_ATTENDING, ATTENDING),
            changed(Action.SET_EMERGENCY, emergency=Emergency(False, False)),
            vault.reader.label(person.call, person.record_id, deposited.document_id, ["MASQUE_PS"]),
        ):
            assert isinstance(answer, Changed)
    assert [event.told[1:] for event in seen] == [("permit", "own_record")] * 5
    vault.guard.inspector.verify_log()


# Who may deposit what.


@pytest.mark.parametrize(
    ("type_code", "setting", "reason"),
    [
        ("18748-4", None, None),
        ("EXPPAT_3", None, ReasonCode.DEPOSITOR_NOT_ENTITLED),
        ("DOCPAT03", None, ReasonCode.DEPOSITOR_NOT_ENTITLED),
        ("REMB", None, ReasonCode.DEPOSITOR_NOT_ENTITLED),
        ("REMB", "AMO", None),
        ("18748-4", "AMO", ReasonCode.DEPOSITOR_NOT_ENTITLED),
    ],
)
@pytest.mark.requirement("R34")
def test_r34_a_type_is_deposited_by_its_kind_of_depositor(
    vault: VaultBench, person: Person, type_code: str, setting: str | None, reason: ReasonCode | None
) -> None:
    claims = {"setting": setting} if setting else {}
    received = vault.receive(token=vault.depositor(LABORATORY, **claims), ins=person.ins)
    assert isinstance(vault.take(received), ForIngest)
    request = vault.request(received, person.ins, b"%PDF-1.7 compte rendu", type_code=type_code)
    with vault.logging() as seen:
        answer = vault.worker.adopt(request)
    assert answer == Denied(reason) if reason else not isinstance(answer, Denied)
    assert [event.told[1:] for event in seen] == [("deny", str(reason)) if reason else ("permit", "deposit")]
    assert counted(vault, "document") == (0 if reason else 1)


@pytest.mark.parametrize(("setting", "kept"), [(None, False), ("AMO", True)])
def test_what_a_depositor_may_not_deposit_is_not_set_aside_either(
    vault: VaultBench, setting: str | None, kept: bool
) -> None:
    """From quarantine two operators could release it."""
    records = counted(vault, "record")
    received = vault.receive(token=vault.depositor(LABORATORY, **({"setting": setting} if setting else {})))
    assert isinstance(vault.take(received), ForIngest)
    request = vault.request(received, None, b"%PDF-1.7 compte rendu", type_code="")
    (document,) = request.documents
    declared = SetAside(kind="fhir", document={"type": "REMB"})
    details = replace(document.details, set_aside=declared)
    aside = replace(request, documents=(replace(document, details=details),))
    answer = vault.worker.adopt(aside)
    assert isinstance(answer, Adopted) if kept else answer == Denied(ReasonCode.DEPOSITOR_NOT_ENTITLED)
    assert counted(vault, "record") == records + kept


def test_a_professional_without_a_sector_opens_nothing(vault: VaultBench, person: Person) -> None:
    vault.authorise(person)
    for sector in ("SA24", "SA26", "SA99", "SA23"):
        answer = vault.reader.documents(vault.doctor(sector=sector), person.record_id, [])
        assert answer == Denied(ReasonCode.FORBIDDEN_SECTOR)
    with pytest.raises(Invalid):
        vault.doctor(sector=None)


@pytest.mark.requirement("R30")
def test_r30_express_consent_opens_to_occupational_medicine(vault: VaultBench, person: Person) -> None:
    call = vault.doctor(sector="SA66")
    assert vault.reader.documents(call, person.record_id, []) == Denied(ReasonCode.CONSENT_MISSING)
    vault.authorise(person)
    assert isinstance(vault.reader.documents(call, person.record_id, []), Disclosed)
