"""The checker itself: it finds what is lost, forged, forgotten or orphaned."""

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest

from tests.faults.ledger import Choice, Counted, SentPart
from tests.faults.pipeline import slices
from tests.faults.stage import Stage, store


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    made = Stage(tmp_path_factory.mktemp("checker") / "data")
    person = made.people[0]
    assert store(made, person, slices(person.ins)).status_code == 200
    made.checker.check()
    yield made
    made.close()


def lose_a_file(stage: Stage) -> Callable[[], None]:
    deposit = stage.ledger.deposits[0]
    kept, deposit.parts = deposit.parts, (*deposit.parts[:1], SentPart.of(b"lost"))
    return lambda: setattr(deposit, "parts", kept)


def forget_a_label(stage: Stage) -> Callable[[], None]:
    ins = stage.people[0].ins
    key = (ins, "set_emergency")
    stage.ledger.choices[key] = Choice([{"bris_de_glace": False, "centre_15": False}])
    return stage.ledger.choices.clear


def forget_an_event(stage: Stage) -> Callable[[], None]:
    stage.ledger.counts[stage.people[0].ins, "label"] = Counted(1, 1)
    return stage.ledger.counts.clear


def forget_a_grant(stage: Stage) -> Callable[[], None]:
    stage.ledger.granted(stage.people[0].ins, bytes(32))
    return stage.ledger.grants.clear


def orphan_an_object(stage: Stage) -> Callable[[], None]:
    folder = stage.data / "objects" / "b" / "00" / str(uuid4())
    folder.mkdir()
    (folder / "1").write_bytes(b"orphan")

    def undo() -> None:
        (folder / "1").unlink()
        folder.rmdir()

    return undo


def remove_an_object(stage: Stage) -> Callable[[], None]:
    some = next(path for path in (stage.data / "objects" / "b").glob("*/*/*") if path.stat().st_size > 1000)
    moved = some.rename(stage.data / "moved")

    def undo() -> None:
        moved.rename(some)

    return undo


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (lose_a_file, "acknowledged files are lost"),
        (forget_a_label, "set_emergency of"),
        (forget_an_event, "0 events of label"),
        (forget_a_grant, "grants without their event"),
        (orphan_an_object, "object without a row of the index"),
        (remove_an_object, "a granted object can't be read"),
    ],
)
def test_harm_is_found(stage: Stage, harm: Callable[[Stage], Callable[[], None]], told: str) -> None:
    undo = harm(stage)
    try:
        with pytest.raises(AssertionError, match=told):
            stage.checker.check()
    finally:
        undo()
    stage.checker.check()
