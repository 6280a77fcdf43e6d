"""Ask for a job on one study after another and have each carried out, as one operator's run."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol
from uuid import UUID

from coffre.operators.calls import acting, permitted
from coffre.operators.run_job import carry_out
from coffre.wiring import System
from keyvault.verbs.call import Call, Denied
from records.errors import CoffreError
from records.vocabulary.codes import Action

_LEFT = frozenset({"job_in_hand", "job_waits", "no_such_document"})
"""Why one study has to wait for another run, and the others don't."""


class Study(Protocol):
    """A study as the index lists it."""

    @property
    def record_id(self) -> UUID: ...

    @property
    def document_id(self) -> UUID: ...


Ask = Callable[[Call, UUID, UUID], UUID | Denied]
"""The vault's verb: for a record's document it answers the job."""


def record_of(system: System, record: str | None, action: Action, operator: Path | None) -> UUID | None:
    """The id of the record that is named by INS or public id, if one is."""
    if record is None:
        return None
    call = acting(system, operator)
    return permitted(system.guard.operator.find_study(call, record, action)).record_id


def carry_out_each(
    system: System,
    studies: Sequence[Study],
    ask: Ask,
    operator: Path | None,
    progress: Callable[[int, int], None],
) -> int:
    """How many were done; the others are left for another run. `progress` is told how many of how many."""
    done = 0
    for number, study in enumerate(studies, 1):
        done += _carried_out(system, study, ask, operator)
        progress(number, len(studies))
    return done


def _carried_out(system: System, study: Study, ask: Ask, operator: Path | None) -> bool:
    try:
        # a long run outlives a token that was made at its beginning
        job = permitted(ask(acting(system, operator), study.record_id, study.document_id))
        return carry_out(system, job).state == "published"
    except CoffreError as error:
        if error.code not in _LEFT:
            raise
        return False
