"""Grants: given whole or refused whole, to one recipient, for minutes, decided anew each time."""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest

from keyvault.grants.grant import GrantError, new_recipient, open_grant
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.reader.grants import granted
from keyvault.verbs.reader.grants.releasing import Released
from records.errors import CoffreError, NotFound
from records.text.base64url import b64
from records.vocabulary.codes import Action, ReasonCode, RecordState
from tests.integration.hiding import hide_from_patient
from tests.integration.vault.bench import (
    ATTENDING,
    DAY,
    DOCTOR,
    HOUR,
    LABORATORY,
    STRANGER,
    Deposited,
    Person,
    VaultBench,
)


@pytest.fixture
def deposited(vault: VaultBench, person: Person) -> Deposited:
    found = vault.deposit(person)
    vault.authorise(person)
    return found


def grant_of(vault: VaultBench, call: Call, person: Person, *deposited: Deposited) -> tuple[UUID, UUID]:
    """A grant's id and the first blob it opens."""
    released, _ = vault.release(call, person, deposited)
    assert isinstance(released, Released)
    return UUID(released.grant["id"]), released.objects[0][0]


@pytest.mark.parametrize("suite", [1, 2])
def test_a_grant_opens_for_its_recipient_alone(
    vault: VaultBench, person: Person, deposited: Deposited, suite: int
) -> None:
    released, private = vault.release(vault.doctor(), person, [deposited], suite=suite)
    assert isinstance(released, Released) and released.grant["suite"] == suite
    body = vault.open(released, private)
    (blob,) = body.blobs
    assert blob.sealed.commitment == deposited.request.blobs[0].commitment
    assert released.grant["record"] == str(person.public_id)
    assert released.objects == ((blob.sealed.ref.blob_id, 1),)
    with pytest.raises(GrantError) as refusal:
        vault.open(released, new_recipient()[0])
    assert refusal.value.code == "grant_other_recipient"


def test_a_grant_names_its_own_event(vault: VaultBench, person: Person, deposited: Deposited) -> None:
    with vault.logging() as seen:
        released, _ = vault.release(vault.doctor(), person, [deposited])
    assert isinstance(released, Released)
    assert released.grant["event"] == b64(seen[0].leaf)
    assert seen[0].entry.actor is not None and released.grant["actor"] == b64(seen[0].entry.actor)


@pytest.mark.parametrize(("suite", "code"), [(0, "grant_inconsistent"), (3, "grant_inconsistent")])
def test_an_unknown_suite_leaves_its_line_and_no_grant(
    vault: VaultBench, person: Person, deposited: Deposited, suite: int, code: str
) -> None:
    with vault.logging() as seen, pytest.raises(CoffreError) as refusal:
        vault.release(vault.doctor(), person, [deposited], suite=suite)
    assert refusal.value.code == code
    assert [event.line["failed"] for event in seen] == [code]
    assert vault.dump()["grant"] == []


@pytest.mark.parametrize("recipient", [bytes(32), b"\1" + bytes(31), b"short"])
def test_a_recipient_whose_secret_anyone_knows_is_refused_before_the_record_is_looked_at(
    vault: VaultBench, person: Person, recipient: bytes
) -> None:
    before = vault.dump()
    with pytest.raises(GrantError) as refusal:
        vault.reader.release(vault.doctor(), person.record_id, [], documents=None, recipient=recipient)
    assert refusal.value.code == "bad_recipient"
    assert vault.dump() == before


@pytest.mark.parametrize(("left", "expected"), [(HOUR, 900), (900, 900), (300, 300), (1, 1)])
def test_a_grant_ends_after_15_minutes_or_with_its_token(
    vault: VaultBench, person: Person, deposited: Deposited, left: int, expected: int
) -> None:
    call = vault.doctor(lifetime=HOUR)
    vault.clock.advance(HOUR - left)
    released, _ = vault.release(call, person, [deposited])
    assert isinstance(released, Released)
    assert released.grant["expires"] - int(vault.clock()) == expected


def test_an_expired_grant_opens_nothing(vault: VaultBench, person: Person, deposited: Deposited) -> None:
    released, private = vault.release(vault.doctor(), person, [deposited])
    assert isinstance(released, Released)
    grant, blob = UUID(released.grant["id"]), released.objects[0][0]
    vault.clock.advance(899)
    assert vault.reader.recheck(grant, blob, 1)
    vault.clock.advance(1)
    assert not vault.reader.recheck(grant, blob, 1)
    with pytest.raises(NotFound):
        vault.reader.renew(vault.doctor(), grant)
    vault.clock.advance(61)
    pinned = {key.key_id: key.public for key in vault.guard.public.public_keys()}
    with pytest.raises(GrantError) as refusal:
        open_grant(released.grant, private, pinned, int(vault.clock()))
    assert refusal.value.code == "grant_expired"


@pytest.mark.parametrize("which", ["hidden", "absent", "foreign", "foreign and absent", "nothing"])
def test_one_bad_document_refuses_the_whole(
    vault: VaultBench, person: Person, deposited: Deposited, which: str
) -> None:
    other = vault.deposit(person, b"other")
    foreign = vault.deposit(vault.person())
    vault.label(person, other.document_id, "MASQUE_PS")
    asked = {
        "hidden": [other.document_id],
        "foreign and absent": [foreign.document_id, uuid4()],
        "absent": [uuid4()],
        "foreign": [foreign.document_id],
        "nothing": [],
    }[which]
    with vault.logging() as seen, pytest.raises(NotFound) as refusal:
        vault.release(
            vault.doctor(),
            person,
            [deposited, other, foreign],
            documents=[[deposited.document_id], asked],
        )
    assert refusal.value.code == "no_such_document"
    (event,) = seen
    assert event.told == ("retrieve", "deny", "no_such_document")
    assert event.entry.object == (str(asked[0]) if asked else None)
    assert vault.sql("SELECT count(*) FROM grant") == [(0,)]


def test_of_a_study_what_may_be_seen_is_granted(vault: VaultBench, person: Person) -> None:
    """A study is asked for by its documents; a masked report of it stays out, the images are given."""
    images = vault.deposit_study(person, "1.2.3")
    report = vault.deposit(person)
    vault.authorise(person)
    vault.label(person, report.document_id, "MASQUE_PS")
    asked = [[images.document_id, report.document_id]]
    body = vault.granted(vault.doctor(), person, images, report, documents=asked)
    assert {blob.sealed.ref.blob_id for blob in body.blobs} == {
        b for b, _ in images.request.documents[0].blobs
    }
    assert body.documents == ()
    own = vault.granted(vault.doctor(structure=LABORATORY), person, images, report, documents=asked)
    assert len(own.blobs) == 3  # the author's structure is spared by the mask


def test_a_blob_that_mixes_documents_is_granted_to_nobody_who_may_not_see_both(
    vault: VaultBench, person: Person, deposited: Deposited
) -> None:
    """Adoption refuses it; if it were ever there, one key would open the hidden part too."""
    other = vault.deposit(person, b"other")
    vault.label(person, other.document_id, "MASQUE_PS")
    (mixed,) = deposited.request.documents[0].blobs
    vault.sql("INSERT INTO blob_document (blob_id, version, document_id) VALUES (?, 1, ?)",
              mixed[0].bytes, other.document_id.bytes)  # fmt: skip
    with vault.logging() as seen, pytest.raises(CoffreError) as refusal:
        vault.release(vault.doctor(), person, [deposited], documents=[[deposited.document_id]])
    assert refusal.value.code == "mixed_blob"
    assert [event.line["failed"] for event in seen] == ["mixed_blob"]
    assert vault.dump()["grant"] == []
    assert vault.granted(person.call, person, deposited, other)


def test_a_link_to_another_record_s_blob_opens_nothing(
    vault: VaultBench, person: Person, deposited: Deposited
) -> None:
    foreign = vault.deposit(vault.person())
    vault.sql("UPDATE blob_document SET blob_id=? WHERE document_id=?",
              foreign.request.blobs[0].blob_id.bytes, deposited.document_id.bytes)  # fmt: skip
    vault.sql("UPDATE blob SET submission_id=?", deposited.received.submission_id.bytes)
    with pytest.raises(CoffreError) as refusal:
        vault.release(person.call, person, [deposited])
    assert refusal.value.code == "mixed_blob"
    vault.sql("DELETE FROM blob_document WHERE document_id=?", foreign.document_id.bytes)
    with pytest.raises(CoffreError) as refusal:
        vault.release(person.call, person, [deposited])
    assert refusal.value.code == "key_unwrap_failed"


def test_a_grant_of_too_many_objects_is_refused(
    vault: VaultBench, person: Person, deposited: Deposited, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(granted, "MOST_BLOBS", 1)
    other = vault.deposit(person, b"other")
    with pytest.raises(CoffreError) as refusal:
        vault.release(person.call, person, [deposited, other])
    assert refusal.value.code == "grant_too_large"
    assert vault.granted(person.call, person, deposited, other, documents=[[other.document_id]])


# still: each range decides again


def block(vault: VaultBench, person: Person, deposited: Deposited) -> None:
    vault.change(person, Action.BLOCK, DOCTOR)


def revoke(vault: VaultBench, person: Person, deposited: Deposited) -> None:
    vault.change(person, Action.REVOKE, DOCTOR)


def mask(vault: VaultBench, person: Person, deposited: Deposited) -> None:
    vault.label(person, deposited.document_id, "MASQUE_PS")


def close(vault: VaultBench, person: Person, deposited: Deposited) -> None:
    vault.put_in_state(person, RecordState.CLOSED)


def suspend(vault: VaultBench, person: Person, deposited: Deposited) -> None:
    vault.put_in_state(person, RecordState.SUSPENDED)


def unlink(vault: VaultBench, person: Person, deposited: Deposited) -> None:
    vault.sql("DELETE FROM blob_document")
    vault.sql("UPDATE record SET epoch = epoch + 1")  # as every change that the vault makes itself


CHANGES: list[tuple[Callable[[VaultBench, Person, Deposited], None], str]] = [
    (block, "blocked"),
    (revoke, "not_authorised"),
    (mask, "masked"),
    (close, "record_closed"),
    (suspend, "record_suspended"),
    (unlink, "no_such_document"),
]


@pytest.mark.parametrize(("change", "reason"), CHANGES, ids=[each.__name__ for each, _ in CHANGES])
def test_each_change_ends_a_grant_at_once_with_an_event(
    vault: VaultBench,
    person: Person,
    deposited: Deposited,
    change: Callable[[VaultBench, Person, Deposited], None],
    reason: str,
) -> None:
    call = vault.doctor()
    grant, blob = grant_of(vault, call, person, deposited)
    with vault.logging() as seen:
        assert vault.reader.recheck(grant, blob, 1)
    assert seen == []  # the permit has its event since the release
    change(vault, person, deposited)
    with vault.logging() as seen:
        assert not vault.reader.recheck(grant, blob, 1)
    (event,) = seen
    assert event.told == ("still", "deny", reason)
    assert event.entry.object == str(blob) and vault.actor_of(event, call.token)
    assert vault.reader.renew(call, grant) == Denied(ReasonCode.NOT_AUTHORISED)


def test_whoever_holds_an_address_cannot_make_the_log_grow(
    vault: VaultBench, person: Person, deposited: Deposited
) -> None:
    grant, blob = grant_of(vault, vault.doctor(), person, deposited)
    mask(vault, person, deposited)
    with vault.logging() as seen:
        for _ in range(20):
            assert not vault.reader.recheck(grant, blob, 1)
        block(vault, person, deposited)
        for _ in range(20):
            assert not vault.reader.recheck(grant, blob, 1)
    assert [event.told for event in seen if event.told[0] == "still"] == [
        ("still", "deny", "masked"),
        ("still", "deny", "blocked"),
    ]


def test_an_authorisation_that_ends_meanwhile_ends_the_grant(vault: VaultBench, person: Person) -> None:
    deposited = vault.deposit(person)
    vault.change(person, Action.AUTHORISE, DOCTOR, until=int(vault.clock()) + 60)
    grant, blob = grant_of(vault, vault.doctor(), person, deposited)
    vault.clock.advance(60)
    assert not vault.reader.recheck(grant, blob, 1)


@pytest.mark.requirement("R21")
def test_an_attending_doctor_s_grant_ends_with_that_role(vault: VaultBench, person: Person) -> None:
    deposited = vault.deposit(person)
    vault.change(person, Action.NAME_ATTENDING, ATTENDING)
    vault.label(person, deposited.document_id, "MASQUE_PS")
    grant, blob = grant_of(vault, vault.doctor(ATTENDING), person, deposited)
    assert vault.reader.recheck(grant, blob, 1)
    vault.change(person, Action.REMOVE_ATTENDING, ATTENDING)
    assert not vault.reader.recheck(grant, blob, 1)


def test_an_opposition_ends_an_emergency_s_grant(vault: VaultBench, person: Person) -> None:
    deposited = vault.deposit(person)
    grant, blob = grant_of(vault, vault.emergency(), person, deposited)
    assert vault.reader.recheck(grant, blob, 1)
    vault.allow(person, bris_de_glace=False)
    with vault.logging() as seen:
        assert not vault.reader.recheck(grant, blob, 1)
    assert [event.told for event in seen] == [("still", "deny", "opted_out")]
    assert seen[0].line["purpose"] == "bris_de_glace"


def test_a_hidden_document_ends_the_holder_s_own_grant(vault: VaultBench, person: Person) -> None:
    deposited = vault.deposit(person)
    grant, blob = grant_of(vault, person.call, person, deposited)
    hide_from_patient(vault.guard.reader._vault, deposited.document_id, None)
    assert not vault.reader.recheck(grant, blob, 1)


def test_a_change_that_concerns_others_leaves_the_grant(
    vault: VaultBench, person: Person, deposited: Deposited
) -> None:
    grant, blob = grant_of(vault, vault.doctor(), person, deposited)
    vault.change(person, Action.BLOCK, STRANGER)
    vault.allow(person, bris_de_glace=False, centre_15=False)
    assert vault.reader.recheck(grant, blob, 1)


def test_a_grant_admits_its_own_objects_alone(
    vault: VaultBench, person: Person, deposited: Deposited
) -> None:
    other = vault.deposit(person, b"other")
    grant, blob = grant_of(vault, vault.doctor(), person, deposited)
    assert not vault.reader.recheck(grant, other.request.blobs[0].blob_id, 1)
    assert not vault.reader.recheck(grant, blob, 2)
    assert not vault.reader.recheck(uuid4(), blob, 1)


def test_a_shredded_record_ends_its_grants(vault: VaultBench, person: Person, deposited: Deposited) -> None:
    grant, blob = grant_of(vault, vault.doctor(), person, deposited)
    for table in ("record", "record_key", "wrapped_key", "document", "blob"):
        vault.sql(f"DELETE FROM {table} WHERE record_id=?", person.record_id.bytes)  # noqa: S608
    with vault.logging() as seen:
        assert not vault.reader.recheck(grant, blob, 1)
    assert [(event.told, event.chain) for event in seen[-1:]] == [(("still", "deny", "no_such_record"), 0)]


def test_a_grant_s_kept_row_cannot_be_written_by_others(
    vault: VaultBench, person: Person, deposited: Deposited
) -> None:
    """The row of one grant under another's id, or with a later end."""
    first, blob = grant_of(vault, vault.doctor(), person, deposited)
    second, _ = grant_of(vault, person.call, person, deposited)
    ((sealed,),) = vault.sql("SELECT sealed FROM grant WHERE grant_id=?", second.bytes)
    vault.sql("UPDATE grant SET sealed=? WHERE grant_id=?", sealed, first.bytes)
    with pytest.raises(CoffreError) as refusal:
        vault.reader.recheck(first, blob, 1)
    assert refusal.value.code == "unseal_failed"


# renew


def test_the_same_credential_renews_what_it_was_granted(
    vault: VaultBench, person: Person, deposited: Deposited
) -> None:
    call = vault.doctor()
    grant, blob = grant_of(vault, call, person, deposited)
    assert vault.reader.renew(call, grant) == ((blob, 1),)


def test_whoever_came_by_a_door_renews_as_well(
    vault: VaultBench, person: Person, deposited: Deposited
) -> None:
    """Whose credential says when they last proved who they are."""
    call = vault.doctor(auth_time=int(vault.clock()) - 60)
    grant, blob = grant_of(vault, call, person, deposited)
    assert vault.reader.renew(call, grant) == ((blob, 1),)


def test_nobody_renews_another_s_grant(vault: VaultBench, person: Person, deposited: Deposited) -> None:
    grant, _ = grant_of(vault, vault.doctor(), person, deposited)
    for call in (vault.doctor(STRANGER), person.call, vault.doctor(structure=LABORATORY), vault.operator()):
        with pytest.raises(NotFound) as refusal:
            vault.reader.renew(call, grant)
        assert refusal.value.code == "no_such_grant"
    with pytest.raises(NotFound):
        vault.reader.renew(vault.doctor(), uuid4())


def test_old_grants_are_forgotten(vault: VaultBench, person: Person, deposited: Deposited) -> None:
    grant_of(vault, vault.doctor(), person, deposited)
    vault.clock.advance(HOUR)
    vault.guard.housekeeper.expire()
    assert vault.sql("SELECT count(*) FROM grant") == [(1,)]
    vault.clock.advance(DAY)
    vault.guard.housekeeper.expire()
    assert vault.sql("SELECT count(*) FROM grant") == [(0,)]
