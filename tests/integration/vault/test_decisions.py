"""Every verb: a permit or a deny, and the one event that says so."""

import hashlib
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from keyvault.credentials.refusing import CredentialError
from keyvault.crypto.search_tokens import TokenField
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.reader.grants.reading import Disclosed, EventPage, ResolvedRecord
from keyvault.verbs.reader.grants.releasing import Released
from keyvault.verbs.reader.holder.changing import CardChange, Changed
from keyvault.verbs.worker.adoption.adopt_request import Adopted
from keyvault.verbs.worker.deposits.ingest_request import ForIngest
from records.card.card import Emergency
from records.errors import Conflict, Invalid, NotFound, Refused
from records.vocabulary.codes import Action, Environment, PurposeOfUse, ReasonCode, RecordState
from tests.integration.hiding import hide_from_patient
from tests.integration.vault.bench import (
    ATTENDING,
    DOCTOR,
    HOSPITAL,
    HOUR,
    LABORATORY,
    PRACTICE,
    STRANGER,
    TRAITS,
    Person,
    VaultBench,
    new_ins,
    rows_of,
)


@pytest.mark.requirement("R17")
def test_an_operator_opens_a_record_with_its_consent(vault: VaultBench) -> None:
    with vault.logging() as seen:
        person = vault.person()
    (event,) = seen
    assert event.told == ("open_record", "permit", "operator")
    assert event.chain_id == person.record_id and event.chain == 1
    assert event.line["consent"] == "spoken" and event.line["card_version"] == "1"
    ((digest,),) = vault.sql("SELECT card_digest FROM record WHERE record_id=?", person.record_id.bytes)
    assert event.line["card_digest"] == digest.hex()


def test_a_person_has_one_record(vault: VaultBench, person: Person) -> None:
    with vault.logging() as seen, pytest.raises(Conflict) as refusal:
        vault.person(person.ins)
    assert refusal.value.code == "record_exists"
    (event,) = seen  # which the holder sees: somebody tried to open a second one
    assert event.told == ("open_record", "deny", "record_exists")
    assert event.chain_id == person.record_id and event.chain == 1


@pytest.mark.parametrize("who", ["patient", "doctor", "depositor"])
def test_nobody_else_opens_a_record(vault: VaultBench, person: Person, who: str) -> None:
    calls = {"patient": person.call, "doctor": vault.doctor(), "depositor": Call(token=vault.depositor())}
    with vault.logging() as seen:
        answer = vault.guard.operator.open_record(
            calls[who], new_ins(), TRAITS, consent_by="x", consent_how="spoken"
        )
    assert answer == Denied(ReasonCode.ROLE_NOT_ENTITLED)
    (event,) = seen
    assert event.told == ("open_record", "deny", "role_not_entitled") and event.chain == 0
    assert vault.actor_of(event, calls[who].token)


def test_an_issued_identity_is_on_the_log(vault: VaultBench) -> None:
    with vault.logging() as seen:
        assert vault.guard.operator.issue_identity(vault.operator(), "professional") is None
        assert isinstance(vault.guard.operator.issue_identity(vault.doctor(), "professional"), Denied)
    assert [event.told for event in seen] == [
        ("issue_identity", "permit", "operator"),
        ("issue_identity", "deny", "role_not_entitled"),
    ]
    assert seen[0].line["role"] == "professional"


def test_production_issues_no_identity(vault: VaultBench) -> None:
    production = vault.another_process(environment=Environment.PRODUCTION)
    with pytest.raises(Refused) as refusal:
        production.operator.issue_identity(vault.operator(), "professional")
    assert refusal.value.code == "demo_only"


def test_resolving_permits_without_an_event_and_denies_with_one(vault: VaultBench, person: Person) -> None:
    with vault.logging() as seen:
        own = vault.reader.resolve(person.call, person.ins)
        by_public_id = vault.reader.resolve(person.call, str(person.public_id))
    assert own == by_public_id == ResolvedRecord(person.record_id, person.public_id, "active")
    assert seen == []
    stranger = vault.doctor(STRANGER)
    with vault.logging() as seen:
        assert vault.reader.resolve(stranger, person.ins) == Denied(ReasonCode.NOT_AUTHORISED)
    (event,) = seen
    assert event.told == ("search", "deny", "not_authorised")
    assert event.chain_id == person.record_id
    assert event.line["actor"]["rpps"] == STRANGER
    assert vault.actor_of(event, stranger.token)


def test_an_absent_record_is_denied_on_the_chain_of_the_process(vault: VaultBench) -> None:
    with vault.logging() as seen:
        assert vault.reader.resolve(vault.doctor(), new_ins()) == Denied(ReasonCode.NO_SUCH_RECORD)
    (event,) = seen
    assert event.told == ("search", "deny", "no_such_record")
    assert (event.chain_id, event.chain) == (vault.guard.chain_id, 0)
    assert event.entry.record is None


@pytest.mark.parametrize(
    "action", [Action.DEPOSIT, Action.OPEN_RECORD, Action.CLOSE_RECORD, Action.ISSUE_IDENTITY, Action.ROOT]
)
def test_the_reader_resolves_for_nothing_but_its_own_verbs(
    vault: VaultBench, person: Person, action: Action
) -> None:
    """Anybody may deposit into any record: resolving for that would tell strangers which ones exist."""
    for call in (vault.doctor(STRANGER), vault.operator(), person.call):
        with pytest.raises(ValueError, match="reader"):
            vault.reader.resolve(call, person.ins, action)


def test_listing_shows_the_holder_everything_with_one_event(vault: VaultBench, person: Person) -> None:
    first, second = vault.deposit(person), vault.deposit(person, b"second", title="Ordonnance")
    with vault.logging() as seen:
        listing = vault.reader.documents(person.call, person.record_id, rows_of(first, second))
    assert isinstance(listing, Disclosed)
    assert {d.document_id for d in listing.documents} == {first.document_id, second.document_id}
    assert listing.choices is not None and listing.choices["emergency"]["centre_15"] is True
    (event,) = seen
    assert event.told == ("search", "permit", "own_record") and event.line["documents"] == "2"


@pytest.mark.requirement("R22")
def test_a_list_warns_of_each_document_that_the_patient_may_not_see_until_its_date(
    vault: VaultBench, person: Person
) -> None:
    """EX_3.2-1025; R22: the date ends it by itself, for the reader and for the patient at once."""
    plain, hidden = vault.deposit(person), vault.deposit(person, b"hidden")
    vault.authorise(person)
    hide_from_patient(vault.reader._vault, hidden.document_id, int(vault.clock()) + HOUR)

    def listed(call: Call) -> tuple[dict[UUID, set[str]], set[str]]:
        listing = vault.reader.documents(call, person.record_id, rows_of(plain, hidden))
        assert isinstance(listing, Disclosed)
        return (
            {each.document_id: set(each.obligations) for each in listing.documents},
            set(listing.obligations),
        )

    warning = {"warn_hidden_from_patient"}
    assert listed(vault.doctor()) == (
        {plain.document_id: set(), hidden.document_id: warning},
        warning,
    )
    assert warning < listed(vault.emergency())[1]
    assert listed(person.call) == ({plain.document_id: set()}, set())
    vault.clock.advance(HOUR)
    for call in (vault.doctor(), vault.patient(person.ins)):
        assert listed(call) == ({plain.document_id: set(), hidden.document_id: set()}, set())


def test_a_list_says_whose_record_it_is_and_hides_it_from_logs(vault: VaultBench, person: Person) -> None:
    """Part of the one decided and logged look; a stranger gets none of it."""
    vault.authorise(person)
    for call in (vault.doctor(), vault.emergency(), person.call):
        with vault.logging() as seen:
            listing = vault.reader.documents(call, person.record_id, [])
        assert isinstance(listing, Disclosed) and len(seen) == 1
        assert (listing.whose.ins.matricule, listing.whose.traits) == (person.ins, TRAITS)
        assert person.ins not in repr(listing) and TRAITS.family_name not in repr(listing)
    assert vault.reader.documents(vault.doctor(STRANGER), person.record_id, []) == Denied(
        ReasonCode.NOT_AUTHORISED
    )


def test_listing_is_denied_to_a_stranger(vault: VaultBench, person: Person) -> None:
    deposited = vault.deposit(person)
    with vault.logging() as seen:
        answer = vault.reader.documents(vault.doctor(STRANGER), person.record_id, rows_of(deposited))
    assert answer == Denied(ReasonCode.NOT_AUTHORISED)
    assert [event.told for event in seen] == [("search", "deny", "not_authorised")]


def test_a_doctor_lists_what_the_labels_leave_and_no_choices(vault: VaultBench, person: Person) -> None:
    open_one, masked = vault.deposit(person), vault.deposit(person, b"masked")
    vault.authorise(person)
    vault.label(person, masked.document_id, "MASQUE_PS")
    listing = vault.reader.documents(vault.doctor(), person.record_id, rows_of(open_one, masked))
    assert isinstance(listing, Disclosed)
    assert [each.document_id for each in listing.documents] == [open_one.document_id]
    assert listing.choices is None


def test_release_names_purpose_actor_document_grant_and_commitment(vault: VaultBench, person: Person) -> None:
    deposited = vault.deposit(person)
    vault.authorise(person)
    call = vault.doctor()
    with vault.logging() as seen:
        released, _ = vault.release(call, person, [deposited], documents=[[deposited.document_id]])
    assert isinstance(released, Released)
    (event,) = seen
    assert event.told == ("retrieve", "permit", "authorised")
    assert event.entry.purpose is PurposeOfUse.NORMAL
    assert event.entry.object == str(deposited.document_id)
    assert str(event.entry.grant) == released.grant["id"]
    assert event.entry.commitment == hashlib.sha256(deposited.request.blobs[0].commitment).digest()
    assert vault.actor_of(event, call.token)
    assert event.line["actor"] == {
        "role": "professional",
        "rpps": DOCTOR,
        "profession": "10",
        "structure": PRACTICE,
        "sector": "SA07",
    }


def test_release_is_denied_with_its_event(vault: VaultBench, person: Person) -> None:
    deposited = vault.deposit(person)
    with vault.logging() as seen:
        answer, _ = vault.release(vault.doctor(), person, [deposited])
    assert answer == Denied(ReasonCode.NOT_AUTHORISED)
    (event,) = seen
    assert event.told == ("retrieve", "deny", "not_authorised")
    assert event.entry.grant is None and event.entry.commitment is None


CHANGES = [
    (Action.BLOCK, {"professional": DOCTOR}),
    (Action.BLOCK, {"structure": "1750000002"}),
    (Action.UNBLOCK, {"structure": "1750000002"}),
    (Action.UNBLOCK, {"professional": DOCTOR}),
    (Action.NAME_ATTENDING, {"professional": ATTENDING}),
    (Action.REMOVE_ATTENDING, {"professional": ATTENDING}),
    (Action.SET_EMERGENCY, {"emergency": Emergency(False, True)}),
]


@pytest.mark.parametrize(("action", "members"), CHANGES)
def test_each_change_of_the_card_is_one_event_with_its_digest(
    vault: VaultBench, person: Person, action: Action, members: dict[str, Any]
) -> None:
    wanted = CardChange(action=action, **members)
    with vault.logging() as seen:
        changed = vault.reader.change_card(person.call, person.record_id, wanted)
    assert isinstance(changed, Changed)
    (event,) = seen
    assert event.told == (action.value, "permit", "own_record")
    ((version, digest),) = vault.sql(
        "SELECT card_version, card_digest FROM record WHERE record_id=?", person.record_id.bytes
    )
    assert (event.line["card_version"], event.line["card_digest"]) == (str(version), digest.hex())
    assert version == 2
    for named in ("professional", "structure"):
        if named in members:
            assert event.line[named] == members[named]
    if action is Action.SET_EMERGENCY:
        assert (event.line["bris_de_glace"], event.line["centre_15"]) == ("False", "True")


OF_ONE = [(Action.AUTHORISE, {"professional": DOCTOR}), (Action.REVOKE, {"professional": DOCTOR})]


@pytest.mark.parametrize(("action", "members"), OF_ONE)
def test_each_change_about_one_professional_is_one_event_with_its_row_s_digest(
    vault: VaultBench, person: Person, action: Action, members: dict[str, Any]
) -> None:
    vault.authorise(person)
    with vault.logging() as seen:
        changed = vault.reader.change_card(
            person.call, person.record_id, CardChange(action=action, **members)
        )
    assert isinstance(changed, Changed)
    (event,) = seen
    assert event.told == (action.value, "permit", "own_record")
    ((pseudonym, version, digest, state),) = vault.sql(
        "SELECT person, version, digest, state FROM authorisation WHERE record_id=?", person.record_id.bytes
    )
    assert event.line["professional"] == DOCTOR and event.line["authorisation"] == pseudonym.hex()
    told = (event.line["authorisation_version"], event.line["authorisation_digest"])
    assert told == (str(version), digest.hex()) and version == 2
    assert state == ("archived" if action is Action.REVOKE else "live")
    assert vault.sql("SELECT card_version FROM record WHERE record_id=?", person.record_id.bytes) == [(1,)]


def test_who_was_never_authorised_is_revoked_without_a_row(vault: VaultBench, person: Person) -> None:
    with vault.logging() as seen:
        assert vault.change(person, Action.REVOKE, DOCTOR) == Changed({"authorisations": []})
    (event,) = seen
    assert event.told == ("revoke", "permit", "own_record")
    assert vault.sql("SELECT count(*) FROM authorisation") == [(0,)]


@pytest.mark.parametrize(("action", "members"), CHANGES + OF_ONE)
def test_nobody_changes_another_person_s_card(
    vault: VaultBench, person: Person, action: Action, members: dict[str, Any]
) -> None:
    wanted = CardChange(action=action, **members)
    vault.change(person, Action.NAME_ATTENDING, ATTENDING)
    other = vault.person()
    for call in (other.call, vault.doctor(ATTENDING), vault.operator()):
        with vault.logging() as seen:
            assert isinstance(vault.reader.change_card(call, person.record_id, wanted), Denied)
        (event,) = seen
        assert event.told[:2] == (action.value, "deny") and vault.actor_of(event, call.token)
    assert vault.sql("SELECT card_version FROM record WHERE record_id=?", person.record_id.bytes) == [(2,)]


def test_a_change_of_the_card_names_a_change(vault: VaultBench, person: Person) -> None:
    """A permitted reading action is not a change."""
    before = vault.dump()
    with pytest.raises(ValueError, match="card"):
        vault.reader.change_card(person.call, person.record_id, CardChange(action=Action.SEARCH))
    with pytest.raises(ValueError, match="card"):
        vault.reader.change_card(person.call, person.record_id, CardChange(action=Action.SET_EMERGENCY))
    assert vault.dump() == before


def test_labels_are_one_event_with_the_digest_of_the_facts(vault: VaultBench, person: Person) -> None:
    deposited = vault.deposit(person)
    with vault.logging() as seen:
        changed = vault.reader.label(person.call, person.record_id, deposited.document_id, ["MASQUE_PS"])
    assert changed == Changed({"labels": ["MASQUE_PS"]})
    (event,) = seen
    assert event.told == ("label", "permit", "own_record")
    assert event.entry.object == str(deposited.document_id)
    ((digest,),) = vault.sql("SELECT facts_digest FROM document")
    assert event.line["facts_digest"] == digest.hex() and event.line["labels"] == "MASQUE_PS"


def test_labelling_is_for_the_holder_and_the_author_s_side(vault: VaultBench, person: Person) -> None:
    """Whoever else reads a document is refused; what is masked is like what is not there."""
    read, masked = vault.deposit(person), vault.deposit(person, b"%PDF-1.7 other")
    vault.authorise(person)
    vault.label(person, masked.document_id, "MASQUE_PS")
    with vault.logging() as seen:
        answer = vault.reader.label(vault.doctor(), person.record_id, read.document_id, [])
    assert answer == Denied(ReasonCode.NOT_AUTHORISED)
    assert [event.told for event in seen] == [("label", "deny", "not_authorised")]
    vault.authorise(person, STRANGER)
    for doctor, named in ((DOCTOR, masked.document_id), (STRANGER, uuid4())):
        with vault.logging() as seen, pytest.raises(NotFound):
            vault.reader.label(vault.doctor(doctor), person.record_id, named, [])
        assert [event.told for event in seen] == [("label", "deny", "no_such_document")]


def test_an_absent_a_foreign_and_a_hidden_document_are_labelled_alike(
    vault: VaultBench, person: Person
) -> None:
    foreign = vault.deposit(vault.person())
    hidden = vault.deposit(person)
    hide_from_patient(vault.guard.reader._vault, hidden.document_id, None)
    for document in (uuid4(), foreign.document_id, hidden.document_id):
        with vault.logging() as seen, pytest.raises(NotFound) as refusal:
            vault.reader.label(person.call, person.record_id, document, [])
        assert refusal.value.code == "no_such_document"
        (event,) = seen
        assert event.told == ("label", "deny", "no_such_document")
        assert event.entry.object == str(document)
        vault.clock.advance(HOUR)  # within the hour the next would be counted (test_refusals)


def test_bad_labels_change_nothing_and_have_their_line(vault: VaultBench, person: Person) -> None:
    deposited = vault.deposit(person)
    before = vault.dump()
    for labels in (["SECRET"], ["MASQUE_PS", "INVISIBLE_PATIENT"]):
        with pytest.raises(Invalid):
            vault.reader.label(person.call, person.record_id, deposited.document_id, labels)
    after = vault.dump()
    assert (after["document"], after["record"]) == (before["document"], before["record"])
    assert len(after["entry"]) == len(before["entry"]) + 2


@pytest.mark.requirement("R56")
def test_the_holder_and_the_attending_doctor_read_the_log(vault: VaultBench, person: Person) -> None:
    vault.change(person, Action.NAME_ATTENDING, ATTENDING)
    vault.authorise(person)
    for call, reason in ((person.call, "own_record"), (vault.doctor(ATTENDING), "attending_doctor")):
        with vault.logging() as seen:
            page = vault.reader.events(call, person.record_id)
        assert isinstance(page, EventPage)
        assert page.events[-1]["action"] == "open_record"
        assert [event.told for event in seen] == [("read_log", "permit", reason)]
    with vault.logging() as seen:
        assert isinstance(vault.reader.events(vault.doctor(), person.record_id), Denied)
    assert [event.told for event in seen] == [("read_log", "deny", "not_authorised")]


def test_the_log_is_read_page_by_page_newest_first(vault: VaultBench, person: Person) -> None:
    for _ in range(4):
        vault.authorise(person)
    first = vault.reader.events(person.call, person.record_id, limit=2)
    assert isinstance(first, EventPage)
    assert [line["seq"] for line in first.events] == [5, 4] and first.next_before == 4
    second = vault.reader.events(person.call, person.record_id, before=first.next_before, limit=3)
    assert isinstance(second, EventPage)
    assert [line["seq"] for line in second.events] == [3, 2, 1] and second.next_before is None
    leaf = bytes.fromhex(second.events[-1]["leaf"])
    assert vault.sql("SELECT count(*) FROM entry WHERE leaf_hash=?", leaf) == [(1,)]


def test_tokens_are_given_inside_a_permitted_record_only(vault: VaultBench, person: Person) -> None:
    asked = [(TokenField.STUDY, "1.2.3"), (TokenField.ACCESSION, "A1")]
    tokens = vault.reader.tokens(person.call, person.record_id, asked)
    assert tokens == vault.worker.tokens(asked)
    with vault.logging() as seen:
        assert vault.reader.tokens(vault.doctor(), person.record_id, asked) == Denied(
            ReasonCode.NOT_AUTHORISED
        )
    assert [event.told for event in seen] == [("search", "deny", "not_authorised")]


@pytest.mark.parametrize("name", [TokenField.INS, TokenField.PART])
def test_the_reader_gets_no_token_of_a_person_or_of_content(
    vault: VaultBench, person: Person, name: TokenField
) -> None:
    """Otherwise it could look for a person, or for bytes it holds, in all of the index."""
    with pytest.raises(ValueError, match="UIDs"):
        vault.reader.tokens(person.call, person.record_id, [(name, f"{person.ins}|1.2.250.1.213.1.4.10")])


def test_a_deposit_is_one_event_of_the_depositor(vault: VaultBench, person: Person) -> None:
    with vault.logging() as seen:
        deposited = vault.deposit(person)
    (event,) = seen
    assert event.told == ("deposit", "permit", "deposit")
    assert event.entry.purpose is PurposeOfUse.INGEST and event.chain_id == person.record_id
    assert event.entry.object == str(deposited.document_id)
    assert event.entry.commitment == hashlib.sha256(deposited.request.blobs[0].commitment).digest()
    assert event.line["actor"] == {"role": "depositor", "structure": LABORATORY}


def test_a_deposit_into_a_closed_record_is_refused_on_its_chain(vault: VaultBench, person: Person) -> None:
    received = vault.receive(ins=person.ins)
    taken = vault.take(received)
    assert isinstance(taken, ForIngest) and taken.record_state == "active"
    vault.put_in_state(person, RecordState.CLOSED)
    with vault.logging() as seen:
        answer = vault.worker.adopt(vault.request(received, person.ins, b"%PDF-1.7 compte rendu"))
    assert answer == Denied(ReasonCode.RECORD_CLOSED)
    (event,) = seen
    assert event.told == ("deposit", "deny", "record_closed") and event.chain_id == person.record_id
    assert vault.sql("SELECT count(*) FROM blob") == [(0,)]


def test_a_deposit_for_nobody_s_record_is_refused_on_the_process_s_chain(vault: VaultBench) -> None:
    ins = new_ins()
    received = vault.receive(ins=ins)
    taken = vault.take(received)
    assert isinstance(taken, ForIngest)
    assert (taken.record_state, taken.expected_ins) == ("unknown", None)
    with vault.logging() as seen:
        answer = vault.worker.adopt(vault.request(received, ins, b"x"))
    assert answer == Denied(ReasonCode.NO_SUCH_RECORD)
    assert [(event.told, event.chain) for event in seen] == [(("deposit", "deny", "no_such_record"), 0)]


def test_a_quarantined_part_lies_under_a_record_that_nobody_resolves(vault: VaultBench) -> None:
    received = vault.receive()
    taken = vault.take(received)
    assert isinstance(taken, ForIngest) and taken.record_state == "open"
    with vault.logging() as seen:
        adopted = vault.worker.adopt(vault.request(received, None, b"%PDF-1.7 compte rendu"))
    assert isinstance(adopted, Adopted)
    (event,) = seen
    assert event.told == ("quarantine", "permit", "deposit") and event.chain == 0
    ((kind, public_id),) = vault.sql(
        "SELECT kind, public_id FROM record WHERE record_id=?", adopted.record_id.bytes
    )
    assert kind == "quarantine"
    for call in (vault.doctor(), vault.operator(), vault.emergency()):
        assert isinstance(vault.reader.resolve(call, str(UUID(bytes=public_id))), Denied)
        assert isinstance(vault.reader.documents(call, adopted.record_id, []), Denied)
        assert isinstance(vault.release(call, Person("", adopted.record_id, uuid4(), call), [])[0], Denied)


def test_settling_ends_a_submission_and_may_be_repeated(vault: VaultBench, person: Person) -> None:
    deposited = vault.deposit(person)
    for _ in range(2):
        vault.worker.settle(deposited.received.submission_id)
    with pytest.raises(Conflict) as refusal:
        vault.take(deposited.received)
    assert refusal.value.code == "settled"
    with pytest.raises(Conflict) as refusal:
        vault.worker.adopt(deposited.request)
    assert refusal.value.code == "lease_lost"
    assert vault.sql("SELECT count(*) FROM ingest_answer") == [(0,)]


def test_tokens_of_parts_tell_structures_and_records_apart(vault: VaultBench, person: Person) -> None:
    digest = hashlib.sha256(b"x").digest()
    mine = vault.worker.part_tokens(person.ins, LABORATORY, [digest])
    assert mine == vault.worker.part_tokens(str(person.public_id), LABORATORY, [digest])
    assert mine != vault.worker.part_tokens(person.ins, HOSPITAL, [digest])
    assert mine != vault.worker.part_tokens(vault.person().ins, LABORATORY, [digest])
    assert vault.worker.part_tokens(new_ins(), LABORATORY, [digest]) is None


def test_a_bad_credential_has_its_line_whatever_the_verb(vault: VaultBench, person: Person) -> None:
    deposited = vault.deposit(person)
    expired = vault.doctor(lifetime=10)
    vault.clock.advance(11)
    forged = replace(expired, token=expired.token[:-4] + "AAAA")
    record = person.record_id
    verbs = [
        lambda call: vault.reader.resolve(call, person.ins),
        lambda call: vault.reader.documents(call, record, rows_of(deposited)),
        lambda call: vault.release(call, person, [deposited]),
        lambda call: vault.reader.renew(call, uuid4()),
        lambda call: vault.reader.events(call, record),
        lambda call: vault.reader.tokens(call, record, []),
        lambda call: vault.reader.change_card(call, record, CardChange(action=Action.REVOKE)),
        lambda call: vault.reader.label(call, record, deposited.document_id, []),
        lambda call: vault.guard.operator.open_record(
            call, new_ins(), TRAITS, consent_by="", consent_how="spoken"
        ),
        lambda call: vault.guard.operator.issue_identity(call, "patient"),
    ]
    for verb in verbs:
        for call, code in ((expired, "token_expired"), (forged, "token_invalid")):
            with vault.logging() as seen, pytest.raises(CredentialError) as refusal:
                verb(call)
            assert refusal.value.code == code
            (event,) = seen
            assert event.told == ("authenticate", "deny", "bad_credential")
            vault.clock.advance(HOUR)  # within the hour the next would be counted (test_refusals)
            assert event.chain == 0 and event.entry.actor is None and event.entry.record is None


def test_each_process_has_a_system_chain_of_its_own(vault: VaultBench) -> None:
    other = vault.another_process()
    with vault.logging() as seen:
        vault.reader.resolve(vault.doctor(DOCTOR), new_ins())
        other.reader.resolve(vault.doctor(STRANGER), new_ins())
        vault.reader.resolve(vault.doctor(ATTENDING), new_ins())
    assert [event.chain_id for event in seen] == [
        vault.guard.chain_id,
        other.chain_id,
        vault.guard.chain_id,
    ]
    chains = dict(vault.sql("SELECT chain_id, seq FROM chain WHERE chain=0"))
    assert chains == {vault.guard.chain_id.bytes: 2, other.chain_id.bytes: 1}
    vault.sequence()
    assert vault.guard.inspector.verify_log().chains == 2
