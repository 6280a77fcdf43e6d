"""A document in a grant that is read on, and the changes that end the reading or let it go on."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from keyvault.credentials.tokens import number_of
from keyvault.verbs.call import Call
from records.vocabulary.codes import Action, RecordState
from tests.integration.vault.bench import DOCTOR, HOSPITAL, PRACTICE, STRANGER, Deposited, Person, VaultBench
from tests.integration.vault.test_epoch import rotate


@dataclass
class GrantedScene(ABC):
    """A person's document in a grant."""

    vault: VaultBench
    person: Person
    deposited: Deposited
    call: Call
    grant: UUID

    @abstractmethod
    def is_read(self) -> bool:
        """Whether the document is read on."""


Change = Callable[[GrantedScene], object]


def mask_a_copy(scene: GrantedScene) -> None:
    copy = scene.vault.deposit(scene.person, structure=HOSPITAL)
    assert scene.is_read()
    scene.vault.label(scene.person, copy.document_id, "MASQUE_PS")


def shred(scene: GrantedScene) -> None:
    for table in ("record", "record_key", "wrapped_key", "document", "blob"):
        scene.vault.sql(f"DELETE FROM {table} WHERE record_id=?", scene.person.record_id.bytes)  # noqa: S608


def withdraw(**name: str) -> Change:
    return lambda scene: scene.vault.guard.operator.withdraw_credential(scene.vault.operator(), **name)


ENDS: dict[str, tuple[Change, str]] = {
    "mask": (lambda at: at.vault.label(at.person, at.deposited.document_id, "MASQUE_PS"), "masked"),
    "mask of a copy": (mask_a_copy, "masked"),
    "revocation": (lambda at: at.vault.change(at.person, Action.REVOKE, DOCTOR), "not_authorised"),
    "block": (lambda at: at.vault.change(at.person, Action.BLOCK, DOCTOR), "blocked"),
    "end of the record": (lambda at: at.vault.put_in_state(at.person, RecordState.CLOSED), "record_closed"),
    "suspension": (
        lambda at: at.vault.put_in_state(at.person, RecordState.SUSPENDED),
        "record_suspended",
    ),
    "shredding": (shred, "no_such_record"),
    "withdrawn credential": (
        lambda at: withdraw(jti=number_of(at.call.token))(at),
        "bad_credential",
    ),
    "all of a person withdrawn": (withdraw(subject=DOCTOR, structure=PRACTICE), "bad_credential"),
}

GOES_ON: dict[str, Change] = {
    "a deposit": lambda at: at.vault.deposit(at.person, b"%PDF-1.7 another"),
    "a block of somebody else": lambda at: at.vault.change(at.person, Action.BLOCK, STRANGER),
    "an opposition to a mode not used": lambda at: at.vault.allow(at.person, bris_de_glace=False),
    "a longer authorisation": lambda at: at.vault.authorise(at.person),
    "labels that change nothing": lambda at: at.vault.label(at.person, at.deposited.document_id),
    "a label for representatives": lambda at: at.vault.label(
        at.person, at.deposited.document_id, "INVISIBLE_REPRESENTANTS_LEGAUX"
    ),
    "another's withdrawn credential": withdraw(subject=STRANGER, structure=PRACTICE),
    "the record's new key": lambda at: rotate(at.vault, at.person, at.deposited),
    "an end and a new beginning": lambda at: [
        at.vault.put_in_state(at.person, state) for state in (RecordState.SUSPENDED, RecordState.ACTIVE)
    ],
}
