"""Being told: which event queues a notice, where it may go, what an address has to prove (R57)."""

from collections.abc import Callable
from uuid import UUID

import pytest

from audit.view import LogFault
from keyvault.verbs.call import Denied
from keyvault.verbs.housekeeper.delivering import Notice
from keyvault.verbs.notice_outbox import queue_notice
from keyvault.verbs.reader.holder.contacting import NotConfirmed, OwnContact, OwnContacts
from keyvault.verbs.reader.holder.notices import OwnNotices
from records.errors import CoffreError, Invalid, Refused
from records.notices import GIVEN_UP_MS, LONGEST_DELAY_MS, Delivery, NoticeKind, NoticeState
from records.people.contacts import CODE_TRIES, CODES_AN_HOUR, ContactKind
from records.vocabulary.codes import Action
from tests.integration.vault.bench import ATTENDING, DOCTOR, HOUR, STRANGER, Person, VaultBench
from tests.integration.vault.test_rotations import two_operators
from tests.integration.vault.watched_store import Killed

HERS, HIS = "jeanne.essai@example.fr", "autre@example.org"
EMAIL = ContactKind.EMAIL


@pytest.fixture
def person(vault: VaultBench) -> Person:
    return vault.person()


def put(vault: VaultBench, person: Person, address: str = HERS) -> OwnContact:
    kept = vault.reader.put_contact(vault.patient(person.ins), person.record_id, EMAIL, address)
    assert isinstance(kept, OwnContacts)
    return kept.contacts[0]


def taken(vault: VaultBench, *, code: bool) -> list[Notice]:
    found = vault.guard.housekeeper.take_notices("messenger")
    return [notice for notice in found if (notice.code is not None) == code]


def sent_code(vault: VaultBench) -> str:
    (notice,) = taken(vault, code=True)
    vault.guard.housekeeper.ack_notice(notice.notice_id, "messenger")
    assert notice.code is not None
    return notice.code


def confirm(vault: VaultBench, person: Person, code: str) -> OwnContacts | NotConfirmed | Denied:
    return vault.reader.confirm_contact(vault.patient(person.ins), person.record_id, EMAIL, code)


def proven(vault: VaultBench, person: Person, address: str = HERS) -> None:
    """An address with its code given back."""
    put(vault, person, address)
    confirmed = confirm(vault, person, sent_code(vault))
    assert isinstance(confirmed, OwnContacts) and confirmed.contacts[0].address == address


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


# which event tells


def test_every_choice_that_changes_something_tells_the_holder_and_one_that_does_not_tells_nothing(
    vault: VaultBench, person: Person
) -> None:
    changes: list[Callable[[], object]] = [
        lambda: vault.authorise(person),
        lambda: vault.change(person, Action.BLOCK, STRANGER),
        lambda: vault.change(person, Action.BLOCK, STRANGER),
        lambda: vault.change(person, Action.UNBLOCK, STRANGER),
        lambda: vault.change(person, Action.NAME_ATTENDING, ATTENDING),
        lambda: vault.allow(person, bris_de_glace=False),
        lambda: vault.allow(person, bris_de_glace=False),
        lambda: vault.change(person, Action.REVOKE, DOCTOR),
    ]
    for change in changes:
        vault.clock.advance(1)
        change()
    assert vault.told() == [
        ("authorisation_changed", "patient"),
        ("block_changed", "patient"),
        ("block_changed", "patient"),
        ("attending_changed", "patient"),
        ("emergency_changed", "patient"),
        ("authorisation_changed", "patient"),
    ]


def test_the_first_access_of_each_professional_is_told_and_no_later_one(
    vault: VaultBench, person: Person
) -> None:
    for doctor in (DOCTOR, ATTENDING):
        vault.authorise(person, doctor)
        for _ in range(2):
            vault.reader.documents(vault.doctor(doctor), person.record_id, [])
    vault.reader.documents(vault.doctor(STRANGER), person.record_id, [])  # refused
    vault.reader.documents(person.call, person.record_id, [])  # the holder herself
    vault.clock.advance(40 * 24 * HOUR)
    vault.reader.documents(vault.doctor(DOCTOR), person.record_id, [])
    assert vault.told("first_access") == [("first_access", "patient")] * 2


def test_a_first_access_stays_the_first_whatever_key_is_rotated(vault: VaultBench, person: Person) -> None:
    vault.authorise(person)
    vault.reader.documents(vault.doctor(), person.record_id, [])
    rotated = vault.guard.operator.rotate_record(two_operators(vault), person.ins)
    assert not isinstance(rotated, Denied)
    vault.reader.documents(vault.doctor(), person.record_id, [])
    assert vault.told("first_access") == [("first_access", "patient")]


def test_who_came_in_an_emergency_is_new_when_he_comes_as_anybody(vault: VaultBench, person: Person) -> None:
    vault.reader.documents(vault.emergency(), person.record_id, [])
    assert vault.told() == [("bris_de_glace", "patient")]
    vault.authorise(person, STRANGER)
    vault.reader.documents(vault.doctor(STRANGER), person.record_id, [])
    assert vault.told("first_access") == [("first_access", "patient")]


def test_a_deposit_is_told_once_an_hour(vault: VaultBench, person: Person) -> None:
    for content in (b"one", b"two"):
        vault.deposit(person, content)
    vault.deposit_study(person, "1.2.3")
    assert vault.told() == [("deposit", "patient")]
    vault.clock.advance(HOUR)
    vault.deposit_study(person, "1.2.3")
    assert vault.told() == [("deposit", "patient")] * 2


def test_labels_that_change_are_told_once_an_hour(vault: VaultBench, person: Person) -> None:
    documents = [vault.deposit(person, content).document_id for content in (b"one", b"two")]
    for document in documents:
        vault.label(person, document, "MASQUE_PS")
        vault.label(person, document, "MASQUE_PS")
    assert vault.told("labels_changed") == [("labels_changed", "patient")]


def test_notices_are_of_one_length_and_name_nothing_in_clear(vault: VaultBench, person: Person) -> None:
    """A kind in clear, or a length of its own, could announce a diagnosis."""
    proven(vault, person)
    vault.change(person, Action.NAME_ATTENDING, ATTENDING)
    vault.reader.documents(vault.emergency(), person.record_id, [])
    vault.deposit(person)
    announce(vault, person)
    proven(vault, person, HIS)  # with a message to the former address
    rows = vault.sql("SELECT * FROM notice")
    assert len({len(payload) for (payload,) in vault.sql("SELECT payload FROM notice")}) == 1
    kept = repr(rows)
    assert not any(kind.value in kept for kind in NoticeKind) and HERS not in kept and ATTENDING not in kept


def announce(vault: VaultBench, person: Person) -> None:
    """A notice that another part of the vault queues, by its kind."""
    context = vault.guard.reader._vault
    with context.transaction() as transaction:
        record = context.open(
            transaction.rows, transaction.rows.get("record", record_id=person.record_id), lock=True
        )
        queue_notice(transaction, record.card, kind=NoticeKind.ANNOUNCEMENT_DUE)


def test_a_notice_is_kept_with_its_cause_or_not_at_all(vault: VaultBench, person: Person) -> None:
    vault.store.fail = lambda _number, each: each.table == "notice"
    with pytest.raises(Killed):
        vault.authorise(person)
    vault.store.fail = lambda _number, _each: False
    assert vault.told() == []
    assert isinstance(vault.reader.documents(vault.doctor(), person.record_id, []), Denied)


# where it may go


def test_an_address_gets_its_code_and_nothing_else_before_it_is_proven(
    vault: VaultBench, person: Person
) -> None:
    vault.authorise(person)
    kept = put(vault, person)
    assert (kept.address, kept.pending) == (None, HERS)
    notices = vault.guard.housekeeper.take_notices("messenger")
    assert [(notice.recipient, notice.address) for notice in notices] == [
        ("patient", None),
        ("contact", HERS),
    ]
    assert len(notices[1].code or "") == 6 and notices[0].code is None
    assert isinstance(confirm(vault, person, notices[1].code or ""), OwnContacts)
    vault.change(person, Action.REVOKE, DOCTOR)
    (later,) = taken(vault, code=False)
    assert (later.recipient, later.address) == ("patient", HERS)


def test_a_code_serves_once_for_ten_minutes_and_five_tries(vault: VaultBench, person: Person) -> None:
    put(vault, person)
    code = sent_code(vault)
    for left in reversed(range(CODE_TRIES)):
        assert confirm(vault, person, wrong(code)) == NotConfirmed("wrong_code", left)
    assert confirm(vault, person, code) == NotConfirmed("no_code")

    put(vault, person)
    code = sent_code(vault)
    vault.clock.advance(600)
    assert confirm(vault, person, code) == NotConfirmed("no_code")

    put(vault, person)
    code = sent_code(vault)
    vault.clock.advance(599)
    assert isinstance(confirm(vault, person, code), OwnContacts)
    assert confirm(vault, person, code) == NotConfirmed("no_code")
    vault.guard.inspector.verify_log()


def test_the_ten_minutes_begin_when_the_code_leaves_and_a_second_sending_has_another(
    vault: VaultBench, person: Person
) -> None:
    put(vault, person)
    vault.clock.advance(HOUR)
    (first,) = taken(vault, code=True)
    vault.clock.advance(61)
    (second,) = taken(vault, code=True)  # the messenger was killed between sending and saying so
    assert second.notice_id == first.notice_id and second.code != first.code
    assert confirm(vault, person, first.code or "") == NotConfirmed("wrong_code", CODE_TRIES - 1)
    assert isinstance(confirm(vault, person, second.code or ""), OwnContacts)


def test_a_code_is_kept_as_a_hash_and_addresses_sealed(vault: VaultBench, person: Person) -> None:
    put(vault, person)
    code = sent_code(vault)
    kept = repr(vault.sql("SELECT * FROM contact") + vault.sql("SELECT * FROM contact_code"))
    assert HERS not in kept and code not in kept
    proven(vault, vault.person())
    assert vault.sql("SELECT count(*) FROM contact_code") == [(1,)]  # what was used is gone
    vault.clock.advance(601)
    vault.guard.housekeeper.expire()
    assert vault.sql("SELECT count(*) FROM contact_code") == [(0,)]


def test_the_former_address_is_told_when_another_is_asked_for_and_when_it_takes_its_place(
    vault: VaultBench, person: Person
) -> None:
    proven(vault, person)
    put(vault, person, HIS)
    notices = vault.guard.housekeeper.take_notices("messenger")
    assert sorted((notice.recipient, notice.address) for notice in notices) == [
        ("contact", HIS),
        ("patient", HERS),
    ]
    code = next(notice.code for notice in notices if notice.code)
    assert isinstance(confirm(vault, person, code), OwnContacts)
    (last,) = taken(vault, code=False)
    assert (last.recipient, last.address) == ("patient", HERS)
    vault.authorise(person)
    (next_one,) = taken(vault, code=False)
    assert next_one.address == HIS


def test_an_address_that_is_removed_is_told_once_more_and_then_never(
    vault: VaultBench, person: Person
) -> None:
    proven(vault, person)
    for _ in range(2):
        answer = vault.reader.delete_contact(vault.patient(person.ins), person.record_id, EMAIL)
        assert isinstance(answer, OwnContacts) and answer.contacts[0] == OwnContact(EMAIL)
    assert [notice.address for notice in taken(vault, code=False)] == [HERS]
    vault.authorise(person)
    assert [notice.address for notice in taken(vault, code=False)] == [None]


def test_codes_cannot_be_asked_for_without_end(vault: VaultBench, person: Person) -> None:
    for number in range(CODES_AN_HOUR):
        put(vault, person, f"{number}@example.fr")
    with vault.logging() as seen, pytest.raises(Refused) as refused:
        put(vault, person)
    assert refused.value.code == "too_many_codes"
    assert [event.told for event in seen] == [("set_contact", "permit", "own_record")]
    vault.clock.advance(HOUR)
    put(vault, person)
    assert len(vault.sql("SELECT 1 FROM notice WHERE recipient='contact'")) == 1  # the newest alone


def test_a_telephone_number_is_kept_and_nothing_is_sent_to_it(vault: VaultBench, person: Person) -> None:
    call = vault.patient(person.ins)
    kept = vault.reader.put_contact(call, person.record_id, ContactKind.TELEPHONE, "06 12 34 56 78")
    assert isinstance(kept, OwnContacts) and kept.contacts[1].pending == "+33612345678"
    assert vault.guard.housekeeper.take_notices("messenger") == []


def test_nobody_but_the_holder_reads_or_changes_a_contact(vault: VaultBench, person: Person) -> None:
    proven(vault, person)
    vault.authorise(person)
    for call in (vault.doctor(), vault.person().call, vault.operator(), vault.emergency()):
        for verb in (
            lambda call=call: vault.reader.contacts(call, person.record_id),
            lambda call=call: vault.reader.notices(call, person.record_id),
            lambda call=call: vault.reader.put_contact(call, person.record_id, EMAIL, HIS),
            lambda call=call: vault.reader.confirm_contact(call, person.record_id, EMAIL, "000000"),
            lambda call=call: vault.reader.delete_contact(call, person.record_id, EMAIL),
        ):
            with vault.logging() as seen:
                assert isinstance(verb(), Denied)
            assert [event.told[1] for event in seen] == ["deny"]
    mine = vault.reader.contacts(vault.patient(person.ins), person.record_id)
    assert isinstance(mine, OwnContacts) and mine.contacts[0].address == HERS


@pytest.mark.parametrize("put_back", ["an older address", "another record's", "none"])
def test_a_contact_put_back_in_the_database_is_found_out(
    vault: VaultBench, person: Person, put_back: str
) -> None:
    """Else whoever writes the table has a person's notices sent to an address of before."""
    proven(vault, person, HIS)
    ((version, sealed),) = vault.sql("SELECT version, sealed FROM contact")
    proven(vault, person)
    if put_back == "none":
        vault.sql("DELETE FROM contact")
    elif put_back == "another record's":
        other = vault.person()
        proven(vault, other, HIS)
        theirs = other.record_id.bytes
        vault.sql("UPDATE contact SET sealed=(SELECT sealed FROM contact WHERE record_id=?), version="
                  "(SELECT version FROM contact WHERE record_id=?) WHERE record_id=?",
                  theirs, theirs, person.record_id.bytes)  # fmt: skip
    else:
        vault.sql("UPDATE contact SET version=?, sealed=?", version, sealed)
    with pytest.raises(LogFault) as found:
        vault.guard.inspector.verify_log()
    assert found.value.code == "contact_rolled_back"
    if put_back == "another record's":
        with pytest.raises(CoffreError, match="does not belong here"):
            vault.reader.contacts(vault.patient(person.ins), person.record_id)


# what becomes of it


def test_what_fails_is_tried_again_later_and_later_and_given_up_after_two_days(
    vault: VaultBench, person: Person
) -> None:
    proven(vault, person)
    vault.authorise(person)
    began, waits = vault.clock(), []
    while notices := taken(vault, code=False):
        (notice,) = notices
        vault.guard.housekeeper.ack_notice(notice.notice_id, "messenger", Delivery.FAILED)
        waited = 0
        while vault.sql(
            "SELECT 1 FROM notice WHERE state='queued' AND lease_until > ?", vault.clock() * 1000
        ):
            vault.clock.advance(15)
            waited += 15
        waits.append(waited)
    assert waits[0] <= 30 and waits[2] >= 60 and max(waits) <= LONGEST_DELAY_MS / 1000 + 15
    assert vault.clock() - began <= (GIVEN_UP_MS + LONGEST_DELAY_MS) / 1000 + 60
    assert vault.guard.inspector.status()["notices"] == {"sent": 1, "undelivered_given_up": 1}


@pytest.mark.parametrize(
    ("delivery", "counted", "state"),
    [
        (Delivery.SENT, "sent", NoticeState.SENT),
        (Delivery.PAGE, "page", NoticeState.PAGE),
        (Delivery.REFUSED, "undelivered_refused", NoticeState.UNDELIVERED),
        (Delivery.NO_CONTACT, "undelivered_no_contact", NoticeState.UNDELIVERED),
    ],
)
def test_what_became_of_a_notice_is_seen_by_operator_and_holder(
    vault: VaultBench, person: Person, delivery: Delivery, counted: str, state: NoticeState
) -> None:
    vault.authorise(person)
    (notice,) = vault.guard.housekeeper.take_notices("messenger")
    vault.guard.housekeeper.ack_notice(notice.notice_id, "messenger", delivery)
    assert vault.guard.inspector.status()["notices"] == {counted: 1}
    mine = vault.reader.notices(vault.patient(person.ins), person.record_id)
    assert isinstance(mine, OwnNotices) and [each.state for each in mine.notices] == [state]


def test_who_lost_the_lease_can_say_that_it_was_sent_and_nothing_else(
    vault: VaultBench, person: Person
) -> None:
    vault.authorise(person)
    (notice,) = vault.guard.housekeeper.take_notices("one")
    vault.clock.advance(61)
    (again,) = vault.guard.housekeeper.take_notices("two")
    assert again == notice
    ack: Callable[[UUID, str, Delivery], None] = vault.guard.housekeeper.ack_notice
    ack(notice.notice_id, "one", Delivery.REFUSED)
    assert vault.guard.inspector.status()["notices"] == {"queued": 1}
    ack(notice.notice_id, "one", Delivery.SENT)
    ack(notice.notice_id, "two", Delivery.FAILED)
    assert vault.guard.inspector.status()["notices"] == {"sent": 1}


def test_a_record_that_does_not_open_holds_up_nobody_else_s_notice(vault: VaultBench, person: Person) -> None:
    vault.authorise(person)
    other = vault.person()
    vault.authorise(other)
    vault.sql("UPDATE record SET card_digest=? WHERE record_id=?", bytes(32), person.record_id.bytes)
    assert len(vault.guard.housekeeper.take_notices("messenger")) == 1
    assert vault.guard.housekeeper.take_notices("messenger") == []


def test_a_bad_address_is_refused_without_being_repeated(vault: VaultBench, person: Person) -> None:
    for address in ("jeanne", "jeanne@exa mple.fr", "a@b.fr\r\nBcc: c@d.fr", "jeanne@localhost"):
        with pytest.raises(Invalid) as refused:
            put(vault, person, address)
        assert refused.value.code == "bad_contact" and address not in refused.value.sentence
    assert vault.sql("SELECT count(*) FROM contact") == [(0,)]


def test_notices_of_0_1_0_are_still_opened(vault: VaultBench, person: Person) -> None:
    """They were sealed under a key of the installation, with their kind."""
    from keyvault.keys.secret_keys import Use

    vault.authorise(person)
    ((notice_id,),) = vault.sql("SELECT notice_id FROM notice")
    payload = {"kind": "centre_15", "at": 1, "record": str(person.public_id), "to": "patient"}
    keys = vault.guard.reader._vault.keyring.accountability
    sealed = keys.seal(Use.NOTICE, payload, b"coffre-notice-v1\x00" + notice_id)
    vault.sql("UPDATE notice SET payload=?", sealed)
    assert vault.told() == [("centre_15", "patient")]
