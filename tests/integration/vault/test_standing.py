"""A range is asked for in one statement while nothing moved that its grant relies on, then decided again."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch
from uuid import UUID

import pytest

from keyvault.credentials.tokens import number_of
from keyvault.keys.secret_keys import Use
from keyvault.restore.frozen import freeze
from keyvault.store import VaultTransaction
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.reader.grants import kept_grants, rechecking
from keyvault.verbs.reader.grants.releasing import Released
from records.emergency import WINDOW_MS
from records.errors import CoffreError, NotFound
from records.vocabulary.codes import Action, ReasonCode
from tests.integration.hiding import hide_from_patient
from tests.integration.vault.bench import ATTENDING, DOCTOR, REASON, STRANGER, Deposited, Person, VaultBench
from tests.integration.vault.granted_scenes import ENDS, GOES_ON, GrantedScene
from tests.integration.vault.watched_store import Statement

ONE_STATEMENT = [Statement("standing", "grant")]


@dataclass
class Scene(GrantedScene):
    """The first range of the grant was read."""

    blobs: tuple[tuple[UUID, int], ...]

    @classmethod
    def of(cls, vault: VaultBench, person: Person, call: Call, *deposited: Deposited) -> "Scene":
        released, _ = vault.release(call, person, deposited)
        assert isinstance(released, Released)
        scene = cls(vault, person, deposited[0], call, UUID(released.grant["id"]), released.objects)
        assert scene.is_read() and scene.is_one_statement()
        return scene

    def is_read(self, deposited: Deposited | None = None) -> bool:
        (blob, *_) = (deposited or self.deposited).request.documents[0].blobs
        return self.vault.reader.recheck(self.grant, *blob)

    def is_one_statement(self) -> bool:
        self.vault.store.forget()
        return self.is_read() and self.vault.store.statements == ONE_STATEMENT


@pytest.fixture
def scene(vault: VaultBench, person: Person) -> Scene:
    vault.authorise(person)
    return Scene.of(vault, person, vault.doctor(), vault.deposit(person))


@pytest.mark.parametrize("kind", ENDS)
def test_the_next_range_is_refused(scene: Scene, kind: str) -> None:
    change, reason = ENDS[kind]
    change(scene)
    with scene.vault.logging() as seen:
        assert not scene.is_read()
        assert not scene.is_read(), "and stays so"
    assert [event.told for event in seen] == [("still", "deny", reason)]


def test_an_opposition_ends_an_emergency_s_branch(vault: VaultBench, person: Person) -> None:
    scene = Scene.of(vault, person, vault.emergency(), vault.deposit(person))
    vault.allow(person, bris_de_glace=False)
    assert not scene.is_read()


def test_a_branch_that_is_gone_refuses_though_the_card_allows_it(vault: VaultBench, person: Person) -> None:
    scene = Scene.of(vault, person, vault.emergency(), vault.deposit(person))
    with vault.guard.reader._vault.transaction() as transaction:
        transaction.rows.delete("record_key", record_id=person.record_id, branch=2)
    assert not scene.is_read()


def test_a_doctor_who_is_no_longer_attending_reads_no_further(vault: VaultBench, person: Person) -> None:
    vault.change(person, Action.NAME_ATTENDING, ATTENDING)
    scene = Scene.of(vault, person, vault.doctor(ATTENDING), vault.deposit(person))
    vault.change(person, Action.REMOVE_ATTENDING, ATTENDING)
    assert not scene.is_read()


def test_what_is_hidden_from_its_holder_ends_her_own_grant(vault: VaultBench, person: Person) -> None:
    scene = Scene.of(vault, person, person.call, vault.deposit(person))
    hide_from_patient(vault.guard.reader._vault, scene.deposited.document_id, int(vault.clock()) + 60)
    assert not scene.is_read()
    vault.clock.advance(60)
    assert scene.is_read(), "its date shows it"
    assert scene.is_one_statement()


@pytest.mark.parametrize("kind", GOES_ON)
def test_what_concerns_others_is_decided_again_once(scene: Scene, kind: str) -> None:
    GOES_ON[kind](scene)
    with scene.vault.logging() as seen:
        assert scene.is_read()
        assert scene.is_one_statement()
    assert seen == []


# the clock


def test_the_authorisation_s_end_is_kept_through_other_changes(vault: VaultBench, person: Person) -> None:
    vault.change(person, Action.AUTHORISE, DOCTOR, until=int(vault.clock()) + 60)
    scene = Scene.of(vault, person, vault.doctor(), vault.deposit(person))
    vault.clock.advance(30)
    vault.deposit(person, b"%PDF-1.7 another")
    assert scene.is_read() and scene.is_one_statement()
    vault.clock.advance(29.999)
    assert scene.is_read()
    vault.clock.advance(0.001)
    assert not scene.is_read()


def test_an_end_that_comes_nearer_counts(scene: Scene) -> None:
    vault = scene.vault
    vault.change(scene.person, Action.AUTHORISE, DOCTOR, until=int(vault.clock()) + 20)
    assert scene.is_read() and scene.is_one_statement()
    vault.clock.advance(20)
    assert not scene.is_read()


def test_four_hours_of_an_emergency_end_its_grants(vault: VaultBench, person: Person) -> None:
    deposited = vault.deposit(person)
    Scene.of(vault, person, vault.emergency(), deposited)
    vault.clock.advance(WINDOW_MS // 1000 - 60)
    scene = Scene.of(vault, person, vault.emergency(), deposited)
    vault.deposit(person, b"%PDF-1.7 another")
    assert scene.is_read() and scene.is_one_statement()
    vault.clock.advance(60)
    with vault.logging() as seen:
        assert not scene.is_read()
    assert [event.told for event in seen] == [("still", "deny", "emergency_expired")]


def test_a_regulation_centre_states_no_reason_that_could_end(vault: VaultBench, person: Person) -> None:
    deposited = vault.deposit(person)
    Scene.of(vault, person, vault.regulation(), deposited)
    vault.clock.advance(WINDOW_MS // 1000 - 60)
    scene = Scene.of(vault, person, vault.regulation(), deposited)
    vault.clock.advance(61)
    assert scene.is_read()


def test_a_token_s_end_ends_its_grants(vault: VaultBench, person: Person) -> None:
    vault.authorise(person)
    scene = Scene.of(vault, person, vault.doctor(lifetime=60), vault.deposit(person))
    vault.deposit(person, b"%PDF-1.7 another")
    assert scene.is_read() and scene.is_one_statement()
    vault.clock.advance(60)
    assert not scene.is_read()


def test_a_clock_that_went_back_is_decided_again(scene: Scene) -> None:
    """The authorisation had not begun then."""
    scene.vault.clock.advance(-10)
    assert not scene.is_read()
    scene.vault.clock.advance(10)
    assert scene.is_one_statement(), "what was refused took nothing away"


def test_a_clock_that_went_back_where_nothing_begins_goes_on(vault: VaultBench, person: Person) -> None:
    scene = Scene.of(vault, person, person.call, vault.deposit(person))
    vault.clock.advance(-10)
    assert scene.is_read() and scene.is_one_statement()


@pytest.mark.parametrize("back", [0, 5])
def test_a_withdrawal_counts_within_its_second_and_whatever_the_clock_says(scene: Scene, back: int) -> None:
    vault = scene.vault
    vault.clock.advance(10.5)
    vault.guard.operator.withdraw_credential(vault.operator(), jti=number_of(scene.call.token))
    vault.clock.advance(0.1 - back)
    assert not scene.is_read()
    with pytest.raises(CoffreError) as refused:
        vault.reader.resolve(scene.call, scene.person.ins)
    assert refused.value.code == "credential_withdrawn"


# several documents


@pytest.fixture
def two(vault: VaultBench, person: Person) -> tuple[Scene, Deposited]:
    vault.authorise(person)
    first, second = vault.deposit(person), vault.deposit(person, b"%PDF-1.7 second")
    return Scene.of(vault, person, vault.doctor(), first, second), second


def test_one_that_is_masked_is_refused_however_often_the_others_are_read(
    two: tuple[Scene, Deposited],
) -> None:
    scene, masked = two
    scene.vault.label(scene.person, masked.document_id, "MASQUE_PS")
    assert scene.is_read() and scene.is_one_statement()
    assert not scene.is_read(masked)
    assert scene.is_one_statement()
    assert scene.vault.reader.renew(scene.call, scene.grant) == Denied(ReasonCode.NOT_AUTHORISED)
    scene.vault.label(scene.person, masked.document_id)
    assert scene.is_read(masked)
    assert scene.is_one_statement()
    assert {*scene.vault.reader.renew(scene.call, scene.grant)} == {*scene.blobs}  # type: ignore[misc]


def test_a_masked_one_that_is_asked_for_first_leaves_the_others(two: tuple[Scene, Deposited]) -> None:
    scene, masked = two
    scene.vault.label(scene.person, masked.document_id, "MASQUE_PS")
    assert not scene.is_read(masked)
    assert scene.is_one_statement()
    assert not scene.is_read(masked)


def test_of_a_large_grant_each_range_judges_its_own_blob(
    two: tuple[Scene, Deposited], monkeypatch: pytest.MonkeyPatch
) -> None:
    scene, masked = two
    monkeypatch.setattr(rechecking, "MOST_JUDGED", 1)
    scene.vault.label(scene.person, masked.document_id, "MASQUE_PS")
    for _ in range(2):
        assert scene.is_read()
        assert not scene.is_read(masked)


# what is kept


def test_a_judgement_that_a_change_overtook_does_not_stand(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = rechecking.keep_standing
    scene.vault.deposit(scene.person, b"%PDF-1.7 another")

    def overtaken(*told: object) -> None:
        scene.vault.label(scene.person, scene.deposited.document_id, "MASQUE_PS")
        keep(*told)  # type: ignore[arg-type]

    monkeypatch.setattr(rechecking, "keep_standing", overtaken)
    assert scene.is_read(), "it began before the mask"
    assert not scene.is_read()


def test_a_judgement_kept_late_takes_nothing_from_a_newer_one(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The later one found an end that the earlier one knows nothing of."""
    vault, keep, busy = scene.vault, rechecking.keep_standing, []
    vault.deposit(scene.person, b"%PDF-1.7 another")

    def late(*told: object) -> None:
        if not busy:
            busy.append(True)
            vault.change(scene.person, Action.AUTHORISE, DOCTOR, until=int(vault.clock()) + 20)
            assert scene.is_read()
        keep(*told)  # type: ignore[arg-type]

    monkeypatch.setattr(rechecking, "keep_standing", late)
    assert scene.is_read()
    assert scene.is_one_statement()
    vault.clock.advance(20)
    assert not scene.is_read()


def test_where_nothing_can_be_kept_the_range_is_read_all_the_same(scene: Scene) -> None:
    @contextmanager
    def full() -> Iterator[VaultTransaction]:
        raise CoffreError("The disk is full.", code="store_full")
        yield

    scene.vault.deposit(scene.person, b"%PDF-1.7 another")
    with patch.object(scene.vault.store, "writing", full):
        assert scene.is_read()
    assert scene.is_read() and scene.is_one_statement()


COLUMNS = {
    "record_id": bytes(16),
    "purpose": "bris_de_glace",
    "expires": 2**40,
    "record_epoch": 2**40,
    "valid_from": 1,
    "valid_until": 2**50,
    "credential": b"c" * 32,
    "holder": b"h" * 32,
}


@pytest.mark.parametrize("column", COLUMNS)
def test_whoever_writes_the_database_without_its_keys_lengthens_no_grant(scene: Scene, column: str) -> None:
    scene.vault.sql(
        f"UPDATE grant SET {column}=? WHERE grant_id=?",  # noqa: S608
        COLUMNS[column],
        scene.grant.bytes,
    )
    with pytest.raises(CoffreError) as refused:
        scene.is_read()
    assert refused.value.code == "unseal_failed"


def test_a_standing_taken_away_does_not_open_as_an_older_row(scene: Scene) -> None:
    names = ("record_epoch", "valid_from", "valid_until", "credential", "holder")
    for name in names:
        scene.vault.sql(f"UPDATE grant SET {name}=NULL")  # noqa: S608
    with pytest.raises(CoffreError) as refused:
        scene.is_read()
    assert refused.value.code == "unseal_failed"


def test_a_grant_of_an_earlier_version_is_decided_first(scene: Scene) -> None:
    vault = scene.vault
    inner = vault.guard.reader._vault
    with vault.store.inner.writing() as tx:
        row = tx.standing(scene.grant)
        kept = kept_grants.open_grant(inner, row, inner.now_ms())
        assert kept is not None
        aad = b"coffre-grant-row-v1\x00" + scene.grant.bytes
        sealed = inner.keyring.system_chain.seal(Use.GRANT, kept.to_json(), aad)
        names = ("record_epoch", "valid_from", "valid_until", "credential", "holder")
        tx.update("grant", dict.fromkeys(names) | {"sealed": sealed}, grant_id=scene.grant)
    vault.store.forget()
    assert scene.is_read()
    assert vault.store.statements != ONE_STATEMENT
    assert scene.is_one_statement()
    vault.change(scene.person, Action.BLOCK, DOCTOR)
    assert not scene.is_read()


def test_a_restored_vault_knows_no_grant_of_before(scene: Scene, tmp_path: Path) -> None:
    """Its records may go on to other changes with the same epochs."""
    vault = scene.vault
    restored = vault.copied(tmp_path / "restored")
    vault.label(scene.person, scene.deposited.document_id, "MASQUE_PS")
    freeze(restored.store, inner_now(vault), None)
    restored.guard.restoring.accept_gap(restored.operator(), "nothing newer is left")
    restored.deposit(scene.person, b"%PDF-1.7 another")
    (blob, *_) = scene.blobs
    assert not restored.reader.recheck(scene.grant, *blob)
    restored.close()


def inner_now(vault: VaultBench) -> int:
    return int(vault.clock() * 1000)


# renewing


def test_addresses_are_renewed_in_one_statement_beside_the_credential_s(scene: Scene) -> None:
    scene.vault.store.forget()
    assert scene.vault.reader.renew(scene.call, scene.grant) == scene.blobs
    assert scene.vault.store.statements == [Statement("find", "withdrawn"), *ONE_STATEMENT]


def test_renewing_another_s_or_no_grant_has_its_line(scene: Scene) -> None:
    vault, stranger = scene.vault, scene.vault.doctor(STRANGER)
    with vault.logging() as seen:
        for grant in (scene.grant, UUID(int=5)):
            with pytest.raises(NotFound) as refused:
                vault.reader.renew(stranger, grant)
            assert refused.value.code == "no_such_grant"
    assert [(event.told, event.chain) for event in seen] == [(("still", "deny", "not_authorised"), 0)] * 2
    assert all(vault.actor_of(event, stranger.token) for event in seen)


def test_an_emergency_s_unknown_grant_tells_its_reason(vault: VaultBench) -> None:
    with vault.logging() as seen, pytest.raises(NotFound):
        vault.reader.renew(vault.emergency(), UUID(int=5))
    assert [event.line["purpose"] for event in seen] == ["bris_de_glace"]
    assert REASON in str(seen[0].line)
