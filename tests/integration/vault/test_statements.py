"""What a reader's verb costs the vault's store: its statements and its transactions, as upper bounds.

When each range decided anew and a count was two to four statements, there were 19 (first of an hour) and 12
for `resolve`, 31 for `release`, 12 for `recheck` and, of one object, 14 for `renew`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event

from keyvault.verbs.call import Call
from keyvault.verbs.reader.grants.releasing import Released
from records.vocabulary.codes import Action
from tests.integration.vault.bench import STRANGER, Deposited, Person, VaultBench


@dataclass
class Cost:
    """Statements without BEGIN and COMMIT; transactions, and those of them that wrote something."""

    statements: int = 0
    transactions: int = 0
    writing: int = 0


@contextmanager
def cost(vault: VaultBench) -> Iterator[Cost]:
    found, wrote = Cost(), []
    engine = vault._databases[0].engine

    def executed(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("BEGIN"):
            return
        found.statements += 1
        if statement.split(maxsplit=1)[0] in {"INSERT", "UPDATE", "DELETE"}:
            wrote.append(statement)

    def committed(_: Any) -> None:
        found.transactions += 1
        found.writing += bool(wrote)
        wrote.clear()

    event.listen(engine, "before_cursor_execute", executed)
    event.listen(engine, "commit", committed)
    yield found
    event.remove(engine, "before_cursor_execute", executed)
    event.remove(engine, "commit", committed)


@dataclass
class Scene:
    vault: VaultBench
    person: Person
    deposited: Deposited
    call: Call
    released: Released

    def recheck(self) -> None:
        assert self.vault.reader.recheck(UUID(self.released.grant["id"]), *self.released.objects[0])


@pytest.fixture
def scene(vault: VaultBench, person: Person) -> Scene:
    vault.authorise(person)
    deposited, call = vault.deposit(person), vault.doctor()
    released, _ = vault.release(call, person, [deposited])
    assert isinstance(released, Released)
    return Scene(vault, person, deposited, call, released)


def moved(scene: Scene) -> None:
    scene.vault.change(scene.person, Action.BLOCK, STRANGER)


VERBS: dict[str, tuple[Callable[[Scene], object], Callable[[Scene], object], Cost]] = {
    "resolve, first": (
        lambda at: at.vault.clock.advance(3600),
        lambda at: at.vault.reader.resolve(at.call, at.person.ins),
        Cost(12, 2, 1),  # one of them is for the issuer, once a second
    ),
    "resolve": (
        lambda at: at.vault.reader.resolve(at.call, at.person.ins),
        lambda at: at.vault.reader.resolve(at.call, at.person.ins),
        Cost(10, 2, 1),
    ),
    "release": (
        lambda _: None,
        lambda at: at.vault.release(at.call, at.person, [at.deposited]),
        Cost(30, 3, 1),
    ),
    "recheck": (lambda _: None, Scene.recheck, Cost(1, 1, 0)),
    "recheck, once the record has changed": (moved, Scene.recheck, Cost(14, 2, 1)),
    "renew": (
        lambda _: None,
        lambda at: at.vault.reader.renew(at.call, UUID(at.released.grant["id"])),
        Cost(2, 2, 0),
    ),
}


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_costs_the_store_no_more(scene: Scene, verb: str) -> None:
    before, ask, most = VERBS[verb]
    before(scene)
    with cost(scene.vault) as found:
        ask(scene)
    assert found.statements <= most.statements
    assert found.transactions <= most.transactions
    assert found.writing <= most.writing
