"""What one of eight small deposits costs the stores when they share their steps, as upper bounds.

Alone and before it was 117 statements and 11 writing transactions for a deposit.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, event

from tests.faults.pipeline import Pipeline, slices
from tests.faults.test_shared_steps import SHARED

MOST_STATEMENTS, MOST_TRANSACTIONS = 40, 5


@dataclass
class Cost:
    """Of all stores together: statements without BEGIN and COMMIT, and transactions that wrote something. The
    issuers do not count: they are read once a second, whatever comes.
    """

    statements: int = 0
    writing: int = 0


@contextmanager
def cost() -> Iterator[Cost]:
    found, wrote = Cost(), set[int]()

    def executed(connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        verb = statement.split(maxsplit=1)[0]
        found.statements += verb not in {"BEGIN", "PRAGMA"} and "FROM issuer" not in statement
        if verb in {"INSERT", "UPDATE", "DELETE"}:
            wrote.add(id(connection))

    def committed(connection: Any) -> None:
        found.writing += id(connection) in wrote
        wrote.discard(id(connection))

    event.listen(Engine, "before_cursor_execute", executed)
    event.listen(Engine, "commit", committed)
    yield found
    event.remove(Engine, "before_cursor_execute", executed)
    event.remove(Engine, "commit", committed)


def test_eight_images_sent_one_by_one_cost_each_a_few_transactions_from_the_first_byte_to_the_end(
    pipeline: Pipeline,
) -> None:
    ins = pipeline.open_record()
    images = slices(ins, count=8)
    worker = pipeline.worker("first", **SHARED)
    with cost() as found:
        submissions = [pipeline.deposit(ins, [image]) for image in images]
        worker.ingest_next()
        worker.settle_ended(all_of_them=True)
    assert [pipeline.outcomes(each) for each in submissions] == [["published"]] * len(images)
    assert found.statements <= MOST_STATEMENTS * len(images), found
    assert found.writing <= MOST_TRANSACTIONS * len(images), found
