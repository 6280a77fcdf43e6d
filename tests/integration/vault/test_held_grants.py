"""The gateway holds a grant and asks, with the caller's credential, whether all of it still stands."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from keyvault.credentials.refusing import CredentialError
from keyvault.grants.grant import new_recipient
from keyvault.verbs.call import Call
from keyvault.verbs.reader.grants.releasing import Released
from records.emergency import WINDOW_MS
from records.errors import NotFound
from records.vocabulary.codes import Action, PurposeOfUse, RecordState
from tests.integration.hiding import hide_from_patient
from tests.integration.vault.bench import (
    ATTENDING,
    DOCTOR,
    HOSPITAL,
    PRACTICE,
    REASON,
    STRANGER,
    Deposited,
    Person,
    VaultBench,
    rows_of,
)
from tests.integration.vault.granted_scenes import ENDS, GOES_ON, GrantedScene
from tests.integration.vault.test_jobs import STUDY, imaged, leaving, taken
from tests.integration.vault.test_signed_requests import Holder, doctor, refused

__all__ = ["doctor"]

# verified, then what the grant rests on and the record that the request names: no lock, nothing is written
STATEMENTS = ["find withdrawn", "standing grant", "get record"]


class Scene(GrantedScene):
    """The grant is the gateway's, and its first segment was read."""

    @classmethod
    def of(cls, vault: VaultBench, person: Person, call: Call, *deposited: Deposited) -> "Scene":
        released = vault.guard.gateway.release(
            call,
            person.record_id,
            rows_of(*deposited),
            documents=[[each.document_id for each in deposited]],
            recipient=new_recipient()[1],
        )
        assert isinstance(released, Released)
        scene = cls(vault, person, deposited[0], call, UUID(released.grant["id"]))
        assert scene.is_read()
        return scene

    def is_read(self, call: Call | None = None, locator: str | None = None) -> bool:
        """Whether the next segment is read."""
        answer = self.vault.guard.gateway.recheck_held(
            call or self.call, locator or self.person.ins, self.grant
        )
        assert isinstance(answer, bool)
        return answer

    def is_refused(self, **asked: Any) -> bool:
        """Refused, or no grant of theirs."""
        try:
            return not self.is_read(**asked)
        except (CredentialError, NotFound):
            return True


@pytest.fixture
def scene(vault: VaultBench, person: Person) -> Scene:
    vault.authorise(person)
    return Scene.of(vault, person, vault.doctor(), vault.deposit(person))


def test_whoever_came_by_a_door_has_one_grant_for_all_that_they_read(
    vault: VaultBench, person: Person
) -> None:
    """Whose credential says when they last proved who they are."""
    vault.authorise(person)
    came = vault.doctor(auth_time=int(vault.clock()) - 60)
    assert Scene.of(vault, person, came, vault.deposit(person)).is_read()


# what ends it


@pytest.mark.parametrize("kind", ENDS)
def test_the_next_segment_is_refused(scene: Scene, kind: str) -> None:
    change, _ = ENDS[kind]
    change(scene)
    with scene.vault.logging() as seen:
        assert scene.is_refused()
        assert scene.is_refused(), "and stays so"
    assert len(seen) == 1, "the first refusal of the hour has a line"
    assert seen[0].entry.outcome.value == "deny"


def opposed(vault: VaultBench, person: Person) -> Scene:
    scene = Scene.of(vault, person, vault.emergency(), vault.deposit(person))
    vault.allow(person, bris_de_glace=False)
    return scene


def regulation_opposed(vault: VaultBench, person: Person) -> Scene:
    scene = Scene.of(vault, person, vault.regulation(), vault.deposit(person))
    vault.allow(person, centre_15=False)
    return scene


def emergency_over(vault: VaultBench, person: Person) -> Scene:
    deposited = vault.deposit(person)
    Scene.of(vault, person, vault.emergency(), deposited)
    vault.clock.advance(WINDOW_MS // 1000 - 60)
    scene = Scene.of(vault, person, vault.emergency(), deposited)
    vault.clock.advance(60)
    return scene


def authorisation_over(vault: VaultBench, person: Person) -> Scene:
    vault.change(person, Action.AUTHORISE, DOCTOR, until=int(vault.clock()) + 60)
    scene = Scene.of(vault, person, vault.doctor(), vault.deposit(person))
    vault.clock.advance(60)
    return scene


def token_over(vault: VaultBench, person: Person) -> Scene:
    vault.authorise(person)
    scene = Scene.of(vault, person, vault.doctor(lifetime=60), vault.deposit(person))
    vault.clock.advance(60)
    return scene


def grant_over(vault: VaultBench, person: Person) -> Scene:
    vault.authorise(person)
    scene = Scene.of(vault, person, vault.doctor(), vault.deposit(person))
    vault.clock.advance(900)
    return scene


def hidden_again(vault: VaultBench, person: Person) -> Scene:
    scene = Scene.of(vault, person, person.call, vault.deposit(person))
    hide_from_patient(vault.guard.reader._vault, scene.deposited.document_id, int(vault.clock()) + 60)
    return scene


def no_longer_attending(vault: VaultBench, person: Person) -> Scene:
    vault.change(person, Action.NAME_ATTENDING, ATTENDING)
    scene = Scene.of(vault, person, vault.doctor(ATTENDING), vault.deposit(person))
    vault.change(person, Action.REMOVE_ATTENDING, ATTENDING)
    return scene


def clock_back(vault: VaultBench, person: Person) -> Scene:
    vault.authorise(person)
    scene = Scene.of(vault, person, vault.doctor(), vault.deposit(person))
    vault.clock.advance(-10)
    return scene


def another_masked(vault: VaultBench, person: Person) -> Scene:
    """All that the grant gives stands, or none of it: what remains is granted anew, with its own line."""
    vault.authorise(person)
    scene = Scene.of(
        vault, person, vault.doctor(), vault.deposit(person), masked := vault.deposit(person, b"2")
    )
    vault.label(person, masked.document_id, "MASQUE_PS")
    return scene


def image_withdrawn(vault: VaultBench, person: Person) -> Scene:
    """One of two images of a study, by its author."""
    vault.authorise(person)
    parts = [imaged(vault, person, sop) for sop in ("1.1", "1.2")]
    scene = Scene.of(vault, person, vault.doctor(), *parts)
    gone = vault.guard.operator.withdraw(
        vault.operator(), person.record_id, parts[0].document_id, rows_of(*parts), ["1.2"], "113037"
    )
    ((job, _),) = vault.guard.housekeeper.waiting_jobs()
    opened = taken(vault, job, rows_of(*parts))
    one, _ = (row.series[0].instances[0] for row in opened.details)
    vault.worker.adopt_job(leaving(job, opened, one))
    vault.worker.settle(job)
    assert gone is not None
    return scene


def restored(vault: VaultBench, person: Person) -> Scene:
    vault.authorise(person)
    scene = Scene.of(vault, person, vault.doctor(), vault.deposit(person))
    vault.sql("DELETE FROM grant")
    return scene


@pytest.mark.parametrize(
    "ended",
    [
        opposed,
        regulation_opposed,
        emergency_over,
        authorisation_over,
        token_over,
        grant_over,
        hidden_again,
        no_longer_attending,
        clock_back,
        another_masked,
        image_withdrawn,
        restored,
    ],
)
def test_nor_is_it_read_after(
    vault: VaultBench, person: Person, ended: Callable[[VaultBench, Person], Scene]
) -> None:
    assert ended(vault, person).is_refused()


# what does not


@pytest.mark.parametrize("kind", GOES_ON)
def test_what_concerns_others_is_decided_again_and_has_no_line(scene: Scene, kind: str) -> None:
    GOES_ON[kind](scene)
    with scene.vault.logging() as seen:
        assert scene.is_read() and scene.is_read()
    assert seen == []


def test_it_costs_three_small_statements_while_nothing_moves(scene: Scene) -> None:
    scene.vault.store.forget()
    assert scene.is_read()
    assert [f"{each.verb} {each.table}" for each in scene.vault.store.statements] == STATEMENTS


def test_the_record_is_named_by_ins_or_public_id(scene: Scene) -> None:
    assert scene.is_read(locator=str(scene.person.public_id))


# whose it is


def theirs(vault: VaultBench, person: Person) -> dict[str, Call]:
    """Callers who are entitled to the same document, and hold another grant or none."""
    vault.authorise(person, STRANGER)
    return {
        "another doctor": vault.doctor(STRANGER),
        "another credential of the same doctor": vault.doctor(),
        "the same doctor elsewhere": vault.doctor(structure=HOSPITAL),
        "the holder": person.call,
    }


@pytest.mark.parametrize("who", ["another doctor", "another credential of the same doctor", "the holder"])
def test_a_grant_is_of_one_credential_alone(scene: Scene, who: str) -> None:
    call = theirs(scene.vault, scene.person)[who]
    with scene.vault.logging() as seen, pytest.raises(NotFound) as absent:
        scene.is_read(call)
    assert absent.value.code == "no_such_grant"
    assert [event.told for event in seen] == [("still", "deny", "not_authorised")]
    assert scene.vault.actor_of(seen[0], call.token)


@pytest.mark.parametrize(
    "asked",
    [
        {"purpose": PurposeOfUse.BRIS_DE_GLACE, "reason": REASON},
        {"purpose": PurposeOfUse.CENTRE_15},
        {"reason": "une autre raison"},
    ],
    ids=["broken glass", "regulation", "another reason"],
)
def test_nor_is_it_for_another_purpose_or_reason(scene: Scene, asked: dict[str, Any]) -> None:
    call = Call(**{"token": scene.call.token, **asked})
    with pytest.raises(NotFound):
        scene.is_read(call)


def test_nor_for_another_reason_of_the_same_emergency(vault: VaultBench, person: Person) -> None:
    call = vault.emergency()
    scene = Scene.of(vault, person, call, vault.deposit(person))
    other = Call(token=call.token, purpose=call.purpose, reason="Une autre raison, assez longue")
    with pytest.raises(NotFound):
        scene.is_read(other)
    assert scene.is_read()


def test_nor_in_another_record(scene: Scene) -> None:
    other = scene.vault.person()
    scene.vault.authorise(other)
    for locator in (other.ins, str(other.public_id), str(uuid4())):
        with pytest.raises(NotFound):
            scene.is_read(locator=locator)
    assert scene.is_read()


def test_each_door_knows_its_own_grants_alone(scene: Scene) -> None:
    """They judge what was withdrawn differently: neither keeps its judgement with the other's grant."""
    doors = scene.vault.guard
    released, _ = scene.vault.release(scene.call, scene.person, [scene.deposited])
    assert isinstance(released, Released)
    ((blob, version),) = released.objects
    taken = UUID(released.grant["id"])
    with pytest.raises(NotFound) as held:
        doors.gateway.recheck_held(scene.call, scene.person.ins, taken)
    with pytest.raises(NotFound) as renewed:
        doors.reader.renew(scene.call, scene.grant)
    assert held.value.code == renewed.value.code == "no_such_grant"
    assert doors.reader.recheck(taken, blob, version) and doors.gateway.recheck(scene.grant, blob, version)
    assert not doors.gateway.recheck(taken, blob, version)
    assert not doors.reader.recheck(scene.grant, blob, version)


def test_what_was_withdrawn_is_refused_however_it_is_asked_about(vault: VaultBench, person: Person) -> None:
    """An answer under way asks about its blob alone: what it learns is not kept for the whole."""
    scene = image_withdrawn(vault, person)
    grants = vault.guard.gateway
    blobs = [blob for blob, _ in scene.deposited.request.documents[0].blobs]
    for _ in range(2):
        assert not all(grants.recheck(scene.grant, blob, 1) for blob in blobs)
        assert scene.is_refused()


# what its line says


def test_its_line_says_that_the_gateway_opened_it_and_the_reader_s_does_not(
    vault: VaultBench, person: Person
) -> None:
    vault.authorise(person)
    deposited = vault.deposit(person)
    with vault.logging() as seen:
        Scene.of(vault, person, vault.doctor(), deposited)
        vault.release(vault.doctor(), person, [deposited])
    opened, taken_away = seen
    assert opened.line["opened_by"] == "gateway"
    assert "opened_by" not in taken_away.line


def test_each_object_is_told_with_its_document(vault: VaultBench, person: Person) -> None:
    vault.authorise(person)
    study, report = vault.deposit_study(person, STUDY), vault.deposit(person)
    released = vault.guard.gateway.release(
        vault.doctor(),
        person.record_id,
        rows_of(study, report),
        documents=None,
        recipient=new_recipient()[1],
    )
    assert isinstance(released, Released)
    holders = {blob: holder for (blob, _), holder in zip(released.objects, released.documents, strict=True)}
    expected = {
        blob: each.document_id for each in (study, report) for blob, _ in each.request.documents[0].blobs
    }
    assert holders == expected


# with a key


class TestASignedRequest:
    """A GET of content that a viewer signed (RFC 9449); the gateway hands it on."""

    PATH = "/records/{}/dicomweb/studies/" + STUDY

    @pytest.fixture
    def study(self, vault: VaultBench, person: Person) -> Deposited:
        vault.authorise(person)
        return vault.deposit_study(person, STUDY)

    def held(self, vault: VaultBench, person: Person, call: Call, study: Deposited) -> UUID:
        released = vault.guard.gateway.release(
            call,
            person.record_id,
            rows_of(study),
            documents=[[study.document_id]],
            recipient=new_recipient()[1],
        )
        assert isinstance(released, Released)
        return UUID(released.grant["id"])

    @pytest.mark.parametrize("below", ["", "/metadata", "/series/1.2.3.4/instances/1.1/frames/1"])
    def test_takes_a_grant_then_each_one_asks_again(
        self, vault: VaultBench, person: Person, doctor: Holder, study: Deposited, below: str
    ) -> None:
        path = self.PATH.format(person.ins) + below
        grant = self.held(vault, person, doctor.call("GET", path), study)
        for _ in range(2):
            call = doctor.call("GET", path)
            assert vault.guard.gateway.recheck_held(call, person.ins, grant) is True

    def test_is_used_once(self, vault: VaultBench, person: Person, doctor: Holder, study: Deposited) -> None:
        call = doctor.call("GET", self.PATH.format(person.ins))
        grant = self.held(vault, person, call, study)
        ask = lambda: vault.guard.gateway.recheck_held(call, person.ins, grant)  # noqa: E731
        assert ask() is True
        assert refused(vault, ask) == "proof_replayed"

    def test_is_of_its_record_and_its_study(
        self, vault: VaultBench, person: Person, doctor: Holder, study: Deposited
    ) -> None:
        other, report = vault.person(), vault.deposit(person)
        vault.authorise(other)
        call = doctor.call("GET", self.PATH.format(person.ins))
        gateway, recipient = vault.guard.gateway, new_recipient()[1]

        def released(record: UUID, documents: list[list[UUID]] | None) -> object:
            return gateway.release(
                call, record, rows_of(study, report), documents=documents, recipient=recipient
            )

        for verb in (
            lambda: gateway.recheck_held(call, other.ins, uuid4()),
            lambda: released(other.record_id, [[study.document_id]]),
            lambda: released(person.record_id, None),
            lambda: released(person.record_id, [[report.document_id]]),
            lambda: released(person.record_id, [[study.document_id], [report.document_id]]),
            lambda: gateway.documents(call, person.record_id, rows_of(study)),
            lambda: gateway.events(call, person.record_id),
        ):
            assert refused(vault, verb) == "proof_mismatch"

    def test_a_stolen_token_asks_nothing(
        self, vault: VaultBench, person: Person, doctor: Holder, study: Deposited
    ) -> None:
        grant = self.held(vault, person, doctor.call("GET", self.PATH.format(person.ins)), study)
        stolen = Call(token=doctor.token)
        ask = lambda: vault.guard.gateway.recheck_held(stolen, person.ins, grant)  # noqa: E731
        assert refused(vault, ask) == "possession_required"


def test_a_record_that_is_closed_and_opened_again_goes_on(scene: Scene) -> None:
    vault = scene.vault
    vault.put_in_state(scene.person, RecordState.SUSPENDED)
    assert scene.is_refused()
    vault.put_in_state(scene.person, RecordState.ACTIVE)
    assert scene.is_read()


def test_all_of_a_person_s_credentials_withdrawn_end_every_grant_of_theirs(scene: Scene) -> None:
    vault = scene.vault
    second = Scene.of(vault, scene.person, vault.doctor(), scene.deposited)
    vault.guard.operator.withdraw_credential(vault.operator(), subject=DOCTOR, structure=PRACTICE)
    assert scene.is_refused() and second.is_refused()
