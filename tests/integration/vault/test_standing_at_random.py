"""Whatever changes, in any order, and wherever the clock goes, a range is answered as if decided anew."""

import random
from collections.abc import Callable, Sequence
from uuid import UUID

import pytest

from keyvault.verbs.call import Call
from keyvault.verbs.reader.grants.judging_again import judge_again
from keyvault.verbs.reader.grants.kept_grants import open_grant
from keyvault.verbs.reader.grants.releasing import Released
from records.vocabulary.codes import Action, RecordState
from tests.faults.seeds import seeded
from tests.integration.hiding import hide_from_patient
from tests.integration.vault.bench import (
    ATTENDING,
    DOCTOR,
    HOSPITAL,
    LABORATORY,
    Deposited,
    Person,
    VaultBench,
)

STEPS = 100


class World:
    """One record, three documents of which two are copies, and a grant for each who may read."""

    def __init__(self, vault: VaultBench, person: Person, chance: random.Random) -> None:
        self.vault, self.person, self.chance = vault, person, chance
        vault.authorise(person)
        vault.change(person, Action.NAME_ATTENDING, ATTENDING)
        content = b"%PDF-1.7 the same"
        self.documents = [
            vault.deposit(person, content),
            vault.deposit(person, content, structure=HOSPITAL),
            vault.deposit(person, b"%PDF-1.7 another"),
        ]
        calls = [vault.doctor(), vault.doctor(structure=LABORATORY), vault.doctor(ATTENDING)]
        calls += [person.call, vault.emergency(), vault.regulation()]
        self.grants = [self._granted(call) for call in calls]

    def _granted(self, call: Call) -> UUID:
        released, _ = self.vault.release(call, self.person, self.documents)
        assert isinstance(released, Released)
        return UUID(released.grant["id"])

    def change(self) -> str:
        change = self.chance.choice(CHANGES)
        change(self)
        return change.__name__

    def any_document(self) -> Deposited:
        return self.chance.choice(self.documents)


def mask(at: World) -> None:
    holders = [*filter(None, [at.chance.choice(["MASQUE_PS", "", ""])])]
    try_as_holder(at, lambda: at.vault.label(at.person, at.any_document().document_id, *holders))


def hide(at: World) -> None:
    until = at.chance.choice([None, int(at.vault.clock()) + at.chance.randrange(1, 12)])
    hide_from_patient(at.vault.guard.reader._vault, at.any_document().document_id, until)


def authorise(at: World) -> None:
    until = int(at.vault.clock()) + at.chance.randrange(1, 12)
    try_as_holder(at, lambda: at.vault.change(at.person, Action.AUTHORISE, DOCTOR, until=until))


def block(at: World) -> None:
    action = at.chance.choice([Action.BLOCK, Action.UNBLOCK, Action.UNBLOCK])
    who = at.chance.choice([DOCTOR, ATTENDING])
    try_as_holder(at, lambda: at.vault.change(at.person, action, who))


def name_attending(at: World) -> None:
    action = at.chance.choice([Action.NAME_ATTENDING, Action.REMOVE_ATTENDING])
    try_as_holder(at, lambda: at.vault.change(at.person, action, ATTENDING))


def oppose(at: World) -> None:
    yes = at.chance.random() < 0.7
    try_as_holder(at, lambda: at.vault.allow(at.person, bris_de_glace=yes, centre_15=not yes))


def suspend(at: World) -> None:
    at.vault.put_in_state(at.person, at.chance.choice([RecordState.SUSPENDED, RecordState.ACTIVE]))


def deposit(at: World) -> None:
    at.vault.put_in_state(at.person, RecordState.ACTIVE)
    at.vault.deposit(at.person, at.chance.randbytes(16))


def wait(at: World) -> None:
    at.vault.clock.advance(at.chance.choice([0.001, 0.7, 5, 15, -0.3, -3, -10]))


def nothing(_: World) -> None: ...


def try_as_holder(at: World, change: Callable[[], object]) -> None:
    """Her record may be suspended, or her document hidden from her."""
    at.vault.put_in_state(at.person, RecordState.ACTIVE)
    try:
        change()
    except Exception as refused:
        if not isinstance(refused, AssertionError) and getattr(refused, "code", None) != "no_such_document":
            raise


CHANGES: Sequence[Callable[[World], None]] = (
    mask, hide, authorise, block, name_attending, oppose, suspend, deposit, wait, wait, wait, nothing,
)  # fmt: skip


def decided_anew(vault: VaultBench, grant_id: UUID, blob: tuple[UUID, int]) -> bool:
    inner = vault.guard.reader._vault
    with vault.store.inner.reading() as tx:
        grant = tx.standing(grant_id)
        kept = open_grant(inner, grant, inner.now_ms())
        assert grant is not None and kept is not None
        return not judge_again(inner, tx, grant, kept, [blob], inner.now_ms()).refused


@pytest.mark.parametrize("_", range(2))
def test_each_range_is_answered_as_if_decided_anew(vault: VaultBench, person: Person, _: int) -> None:
    chance, done = seeded(), []
    world = World(vault, person, chance)
    blobs = [each.request.documents[0].blobs[0] for each in world.documents]
    answers = {True: 0, False: 0}
    for _step in range(STEPS):
        done.append(world.change())
        for grant in chance.sample(world.grants, 3):
            for blob in chance.sample(blobs, len(blobs)):
                answer = vault.reader.recheck(grant, *blob)
                assert answer == decided_anew(vault, grant, blob), done
                answers[answer] += 1
    assert min(answers.values()) > STEPS, "both were met often"
