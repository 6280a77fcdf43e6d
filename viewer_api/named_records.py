"""Ask the vault about a record that a caller names, so that no answer tells whether there is one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID, uuid4

from keyvault.process.guard import RecordDoor
from keyvault.verbs.call import Call, Denied
from records.emergency import SHORTEST_REASON, long_enough
from records.errors import Invalid
from records.vocabulary.codes import Action, PurposeOfUse
from viewer_api.refusals import permitted

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Named:
    """A record on the way to the verb that answers; refused, it has an id under which nothing is kept."""

    record_id: UUID
    refused: Denied | None = None


def resolve(vault: RecordDoor, call: Call, locator: str, action: Action = Action.SEARCH) -> Named:
    """The record behind an INS or a public id, on the way to a verb that decides, logs and answers.

    A refusal is told where that verb would answer, and not before: what fails between the two fails alike
    for whoever is permitted, refused, or names no record.
    """
    check_reason(call)
    answer = vault.resolve(call, locator, action)
    return Named(uuid4(), answer) if isinstance(answer, Denied) else Named(answer.record_id)


def ask(vault: RecordDoor, record: Named, verb: Callable[[UUID], T | Denied]) -> T:
    """What the verb answers. Raises `NotAuthorised` or `QuotaExceeded`."""
    if record.refused is None:
        return permitted(verb(record.record_id))
    # a question about nobody's grant: it fails where the verb would
    vault.recheck(record.record_id, record.record_id, 0)
    return permitted(record.refused)


def check_reason(call: Call) -> None:
    """Asked for before any record is named, so that the answer says nothing about one."""
    if call.purpose is PurposeOfUse.BRIS_DE_GLACE and not long_enough(call.reason):
        raise Invalid(
            f"Breaking the glass needs a written reason of at least {SHORTEST_REASON} characters.",
            code="reason_missing",
        )
