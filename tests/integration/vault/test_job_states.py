"""A job moves as `JOB_TRANSITIONS` says, in the vault's rows too, and by one function alone."""

import ast
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from keyvault.verbs import jobs
from keyvault.verbs.job_request import JobRequest
from records.errors import Conflict
from records.vocabulary.codes import JOB_TRANSITIONS, JobKind, JobState
from tests.integration.vault.bench import VaultBench

KEYVAULT = Path(__file__).resolve().parents[3] / "keyvault"
ITS_PLACE = "verbs/jobs.py"


@pytest.mark.parametrize("old", JobState, ids=str)
@pytest.mark.parametrize("new", JobState, ids=str)
def test_a_step_is_taken_or_refused(vault: VaultBench, old: JobState, new: JobState) -> None:
    inner = vault.guard.worker._vault
    with inner.transaction() as transaction:
        job = jobs.create(inner, transaction, JobKind.COMPACT, old, uuid4(), JobRequest(document=uuid4()))
    with inner.transaction() as transaction:
        if new in JOB_TRANSITIONS[old]:
            assert jobs.move(transaction, job, new).state is new
        else:
            with pytest.raises(Conflict) as refusal:
                jobs.move(transaction, job, new)
            assert refusal.value.code == "bad_transition"
    with inner.store.reading() as tx:
        kept = jobs.present(inner, tx, job.job_id, lock=False).state
    assert kept is (new if new in JOB_TRANSITIONS[old] else old)


def test_nothing_else_writes_the_state_of_a_job() -> None:
    """What wrote it by itself would take any step."""
    found = {str(path.relative_to(KEYVAULT)) for path in KEYVAULT.rglob("*.py") if any(_writing(path))}
    assert found == {ITS_PLACE}


def _writing(path: Path) -> Iterator[bool]:
    """Whether a module updates `state` of the table `job`."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.Call(
                func=ast.Attribute(attr="update"),
                args=[ast.Constant(value="job"), ast.Dict(keys=[*keys]), *_],
            ):
                yield any(isinstance(key, ast.Constant) and key.value == "state" for key in keys)
