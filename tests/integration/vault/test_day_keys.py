"""Reception keys: signed for intake's pin, there a day ahead, dead three days after."""

import pytest

from keyvault.keys.reception_keys import ReceptionError, verify_reception_key
from keyvault.verbs.worker.deposits.ingest_request import ForIngest
from records.errors import CoffreError
from tests.integration.vault.bench import DAY, HOUR, NOON, Person, VaultBench, day_document

MIDNIGHT = NOON + 12 * HOUR


def test_today_s_and_tomorrow_s_keys_are_there_and_stay(vault: VaultBench) -> None:
    first = vault.guard.housekeeper.day_keys()
    assert list(first) == ["2026-03-10", "2026-03-11"]
    assert vault.guard.housekeeper.day_keys() == first
    vault.clock.advance(12 * HOUR)
    second = vault.another_process().housekeeper.day_keys()
    assert list(second) == ["2026-03-11", "2026-03-12"]
    assert second["2026-03-11"] == first["2026-03-11"]


def test_intake_accepts_the_pinned_signature_alone(vault: VaultBench) -> None:
    document, now = day_document(vault, "2026-03-10"), int(vault.clock())
    pinned = vault.public_key("reception")
    key = verify_reception_key(document, pinned, now)
    assert key.day == "2026-03-10" and key.not_after == MIDNIGHT + HOUR
    for changed in ({"not_after": key.not_after + 1}, {"day": "2026-03-11"}, {"public": document["key_id"]}):
        with pytest.raises(ReceptionError) as refusal:
            verify_reception_key({**document, **changed}, pinned, now)
        assert refusal.value.code == "reception_key_invalid"
    for use in ("grant", "checkpoint", "certificate"):
        with pytest.raises(ReceptionError):
            verify_reception_key(document, vault.public_key(use), now)


def test_a_key_serves_an_hour_past_its_day(vault: VaultBench) -> None:
    document, pinned = day_document(vault, "2026-03-10"), vault.public_key("reception")
    assert verify_reception_key(document, pinned, MIDNIGHT + HOUR - 1)
    with pytest.raises(ReceptionError) as refusal:
        verify_reception_key(document, pinned, MIDNIGHT + HOUR)
    assert refusal.value.code == "reception_key_expired"


def test_an_upload_over_midnight_is_opened_with_the_key_it_was_sealed_to(
    vault: VaultBench, person: Person
) -> None:
    vault.clock.advance(12 * HOUR - 1)
    received = vault.receive(ins=person.ins)
    vault.clock.advance(2)
    vault.publish_day_keys()
    taken = vault.take(received)
    assert isinstance(taken, ForIngest)
    assert (
        taken.day_public
        == verify_reception_key(
            day_document(vault, "2026-03-10"), vault.public_key("reception"), int(vault.clock())
        ).public
    )


def test_a_key_dies_72_hours_after_its_day(vault: VaultBench) -> None:
    destroy = vault.guard.housekeeper.destroy_day_keys
    vault.clock.now = MIDNIGHT + HOUR + 72 * HOUR - 1
    assert destroy(None) == []
    vault.clock.advance(1)
    assert destroy(None) == ["2026-03-10"]
    assert destroy(None) == []
    with vault.sqlite("day_keys") as connection:
        rows = connection.execute("SELECT day, wrap, destroyed_at FROM day_key ORDER BY day").fetchall()
    assert rows[0] == ("2026-03-10", None, int(vault.clock() * 1000))
    assert rows[1][1] is not None and rows[1][2] is None


def test_a_key_lives_while_a_submission_of_its_time_is_unsettled(vault: VaultBench, person: Person) -> None:
    received = vault.receive(ins=person.ins)
    vault.clock.advance(5 * DAY)
    destroy = vault.guard.housekeeper.destroy_day_keys
    assert vault.index.oldest_unsettled() == NOON * 1000
    assert destroy(vault.index.oldest_unsettled()) == []
    assert destroy((MIDNIGHT + HOUR) * 1000 - 1) == []
    assert destroy((MIDNIGHT + HOUR) * 1000) == ["2026-03-10"]
    with pytest.raises(CoffreError) as refusal:
        vault.take(received)
    assert refusal.value.code == "day_key_gone"


def test_private_halves_lie_wrapped_in_a_database_of_their_own(vault: VaultBench) -> None:
    with vault.days.reading() as tx:
        rows = tx.find("day_key")
    privates = set(vault.guard._vault.keyring.day_keys(rows).values())
    assert len(privates) == 2
    files = b"".join(path.read_bytes() for path in vault.folder.glob("*.db*"))
    assert not any(private in files for private in privates)
    assert vault.sql("SELECT count(*) FROM sqlite_master WHERE name='day_key'") == [(0,)]


def test_a_wrap_serves_its_own_day_alone(vault: VaultBench) -> None:
    with vault.days.reading() as tx:
        row = tx.find("day_key")[0]
    with pytest.raises(CoffreError) as refusal:
        vault.guard._vault.keyring.day_keys([{**row, "day": "2026-03-12"}])
    assert refusal.value.code == "root_unwrap_failed"
